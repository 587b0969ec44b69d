#include "tests/sim/checkers/retries.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

constexpr Nanos kLong(40 * kMilli);
constexpr int kMany = 8;

}  // namespace

void Retries::asks(int process, int resource, int by) {
    Wait& wait = waits_[{process, resource}];
    wait.clients += by;
    if (by > 0) {
        wait.alone = wait.clients == 1;
        wait.begun = world_.now();
        wait.tries = 0;
    } else {
        wait.alone = false;
    }
}

Nanos Retries::average_pause(const ServiceOptions& options, int tries) const noexcept {
    Nanos pause = std::min(options.retry_delay, options.retry_delay_max);
    for (int i = 1; i < tries && pause < options.retry_delay_max; ++i) pause *= 2;
    return std::min(pause, options.retry_delay_max);
}

/// A lease of this resource ends then, so that a waiter may have known when to come back.
bool Retries::ends_soon(int resource, Time from, Time until) {
    for (const Attempt& attempt : ledger_.attempts()) {
        if (attempt.resource != resource) continue;
        for (const Vote& vote : attempt.votes) {
            if (vote.state == Vote::State::none) continue;
            if (vote.honest_end >= from && vote.honest_end <= until) return true;
        }
    }
    return false;
}

/// A key of this resource was set or extended since then: a push may have come of it, and a holder
/// who renews pushes at even pace (rule W1).
bool Retries::changed_since(int resource, Time from) {
    for (const Attempt& attempt : ledger_.attempts()) {
        if (attempt.resource != resource) continue;
        for (const Vote& vote : attempt.votes) {
            if (vote.state != Vote::State::none && vote.applied >= from) return true;
        }
    }
    return false;
}

bool Retries::judged(const SimProcess& process, const Attempt& attempt, const Wait& wait,
                     Nanos pause) {
    if (pause < kLong) return false;
    const Time in_order =
        ways_.in_order_since(process, attempt.service, ledger_.nodes(), ledger_.nodes());
    if (in_order > wait.begun) return false;
    if (changed_since(attempt.resource, wait.read)) return false;
    return !ends_soon(attempt.resource, wait.read - pause.count(), wait.read + 4 * pause.count());
}

void Retries::on_attempt(const SimProcess& process, const Attempt& attempt, std::int64_t written) {
    const ProcessPlan& plan = ledger_.plan().processes[static_cast<std::size_t>(process.index())];
    // Where the process itself comes late now and then, its pauses are longer.
    if (plan.traits.longest_theft > 0 || plan.longest_lag > 0) return;
    Wait& wait = waits_[{process.index(), attempt.resource}];
    if (!wait.alone) return;
    const Nanos pause = average_pause(plan.options, wait.tries);
    int& average = average_[process.index()];
    if (wait.tries > 0 && average >= 0 && judged(process, attempt, wait, pause)) {
        const std::int64_t more = written - wait.last - pause.count();
        average = more >= 0 && more <= pause.count() / 8 ? average + 1 : -1;
    }
    ++wait.tries;
    wait.last = written;
    wait.read = world_.now();
    if (average < kMany) return;
    verdict_.report("retries", process.name() + " has made " + std::to_string(average) +
                                   " pauses between its tries, and all of them were as long as "
                                   "they are on average");
}

}  // namespace quorumlock::sim
