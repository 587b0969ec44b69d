// What one fault has come to.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/faults/fault_case.h"
#include "tests/integration/faults/workload.h"

namespace quorumlock::testing::faults {

struct Row {
    std::string name, what;
    std::string skipped;  ///< Why, where it was not run.

    long before = 0, during = 0, after = 0;  ///< Grants.
    Nanos lasted{0};                         ///< The fault.
    Nanos longest_pause{0};                  ///< Between two grants, in all that time.
    Nanos on_after_begin{0};                 ///< From the fault's beginning to the next grant that
    Nanos on_after_end{0};                   ///< was asked for after it; from its end.
    std::vector<Took> took;
    Nanos machine_late{0};  ///< See Workload.
    /// Double holders, fences that were given twice or do not grow, and what processes found wrong.
    long violations = 0;
    long left_at_once = 0;   ///< Keys, when the processes had ended, on all servers.
    long left = 0;           ///< Of these, after kUndoTime.
    long memory_growth = 0;  ///< KiB, of the process that has grown most.

    std::vector<std::string> broken;  ///< One line for each bound that does not hold.

    bool ok() const { return broken.empty(); }
    /// The one that came nearest to its limit, or went beyond.
    const Took& worst() const;
};

/// What is allowed; each is said in docs/testing.md.
namespace bounds {
inline constexpr std::chrono::seconds kBeyondLimit{2};  ///< A call, on a machine that is busy.
/// Far less than the long leases (long_leases.h).
inline constexpr std::chrono::seconds kUndoTime{2};
inline constexpr long kMemoryGrowth = 4096;  ///< KiB a process.
}  // namespace bounds

/// Adds to row.broken what is out of bounds.
void judge(Row& row, Reach reach, const Verdict& verdict);

}  // namespace quorumlock::testing::faults
