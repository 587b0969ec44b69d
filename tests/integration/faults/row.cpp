#include "tests/integration/faults/row.h"

#include <algorithm>
#include <stdexcept>

#include "tests/support/own_memory.h"

namespace quorumlock::testing::faults {

const Took& Row::worst() const {
    if (took.empty()) throw std::logic_error("nobody has told how long calls took");
    return *std::max_element(took.begin(), took.end(),
                             [](const Took& a, const Took& b) { return a.beyond() < b.beyond(); });
}

void judge(Row& row, Reach reach, const Verdict& verdict) {
    const auto expect = [&row](bool holds, const std::string& otherwise) {
        if (!holds) row.broken.push_back(otherwise);
    };
    const auto none = [&](long count, const std::string& what) {
        row.violations += count;
        expect(count == 0, std::to_string(count) + " " + what);
    };
    none(verdict.violations, "found wrong: " + verdict.first_violation);
    none(verdict.overlapping, "held beside another");
    none(verdict.unordered, "got a fence smaller than one that was complete before");
    none(verdict.disordered, "got a fence smaller than that of a former holder");
    expect(verdict.held > 0, "nobody held a lock to the end");
    expect(row.before > 0, "no grants before the fault");
    expect(row.during > 0 || reach == Reach::all, "no grants while a minority was struck");
    expect(row.after > 0, "no grants after the fault");
    for (const Took& each : row.took) {
        expect(each.beyond() <= bounds::kBeyondLimit + row.machine_late,
               each.verb + " took " + std::to_string(each.longest.count() / 1'000'000) + " ms");
    }
    expect(row.left == 0, std::to_string(row.left) + " keys are left behind");
    expect(!kMemoryIsOurs || row.memory_growth <= bounds::kMemoryGrowth,
           "a process has grown by " + std::to_string(row.memory_growth) + " KiB");
}

}  // namespace quorumlock::testing::faults
