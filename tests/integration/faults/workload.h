// Eight processes that contend for three locks (tests/contender), and the ledger that judges them.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/grant_ledger.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace quorumlock::testing::faults {

/// BOOTTIME, as the ledger has it.
Instant now();

/// The longest time one verb took, and its limit.
struct Took {
    std::string verb;
    Nanos longest{0}, limit{0};

    Nanos beyond() const { return longest - limit; }
};

class Workload {
  public:
    static constexpr int kProcesses = 8;

    /// Returns when they have been granted something.
    Workload(const std::vector<std::string>& uris, std::chrono::milliseconds max_ttl, int votes);

    GrantLedger& ledger() { return ledger_; }
    std::vector<pid_t> pids() const;
    /// For `span`, and until there are so many grants more; `beside` is called all the while.
    /// Throws std::runtime_error where they do not come, or a process has ended.
    void go_on(std::chrono::milliseconds span, long grants,
               const std::function<void()>& beside = nullptr);
    /// By how much this machine was late at most, in waking who slept for a moment: what operations
    /// took beyond their limits may be its doing.
    Nanos machine_late() const { return late_; }
    /// KiB of memory of their own, process by process.
    std::vector<long> memory() const;
    /// All end; of all processes together, of each verb the longest.
    std::vector<Took> end();

  private:
    std::string what_ended();

    const TempDir dir_;
    GrantLedger ledger_{dir_.file("ledger")};
    std::vector<std::unique_ptr<Process>> running_;
    Nanos late_{0};
};

}  // namespace quorumlock::testing::faults
