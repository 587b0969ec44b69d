#include "tests/sim/checkers/deadlines.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

/// Instants are rounded to nanoseconds on their way between clocks, and steps of one instant have
/// an order.
constexpr Time kRounding = 10 * kMicro;

}  // namespace

Watch* Deadlines::begin(SimProcess& process, const char* what, Nanos bound) {
    ++operations_;
    watches_.push_back(
        {&process, what, process.reading() + bound.count() + kRounding, process.stolen(), true});
    return &watches_.back();
}

void Deadlines::cut(Watch& watch, Nanos bound) {
    if (!watch.open) return;
    const std::int64_t due = watch.process->reading() + bound.count() + kRounding;
    if (due >= watch.due) return;
    watch.due = due;
    watch.stolen = watch.process->stolen();
}

void Deadlines::cut_all(SimProcess& process, Nanos bound) {
    for (Watch& watch : watches_) {
        if (watch.process == &process) cut(watch, bound);
    }
}

void Deadlines::end(Watch& watch) {
    if (!watch.open) return;
    watch.open = false;
    // The own clock may be the faster one, by less than a quarter: see most_ppm().
    const Time stolen = watch.process->stolen() - watch.stolen;
    const std::int64_t allowed = stolen + stolen / 4;
    const std::int64_t late = watch.process->reading() - watch.due - allowed;
    if (late > 0) verdict_.report("deadlines", late_by(watch, late));
}

std::string Deadlines::late_by(const Watch& watch, std::int64_t late) const {
    return std::string(watch.what) + " in " + watch.process->name() + " ended " + text_of(late) +
           " after its bound";
}

void Deadlines::forget(SimProcess& process) {
    for (Watch& watch : watches_) {
        if (watch.process == &process) watch.open = false;
    }
}

void Deadlines::finish() {
    for (const Watch& watch : watches_) {
        if (!watch.open) continue;
        return verdict_.report(
            "deadlines", std::string(watch.what) + " in " + watch.process->name() + " never ended");
    }
}

}  // namespace quorumlock::sim
