// Rule (i): what a caller is told is true, as far as it can be judged from outside.
//
//  - A failed acquire names its cause (rule A8): contended only where refusals decided it, that is
//    where somebody refused and the nodes that failed would have left a quorum; no_quorum only
//    where too many failed or are unknown; and neither while granted nodes are a quorum.
//  - Who waits is not sent away before 10 ms are left of his time (rule A9).
//  - A grant had more than min_validity left when the last node that it needed applied it: the
//    decision came later still (rule A7).
//  - A lock of which extend() says that it is lost is not held (rule L2).
#pragma once

#include <quorumlock/lock.h>

#include "tests/sim/checkers/ledger.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

class Answers {
  public:
    Answers(Ledger& ledger, Verdict& verdict) : ledger_(ledger), verdict_(verdict) {}

    /// `deadline`: of a waiter, by the process's own clock; 0 for who does not wait.
    void acquire_failed(const SimProcess& process, const Error& error, std::int64_t deadline);
    void granted(SimProcess& process, const Lock& lock, Nanos min_validity);
    void extended(const SimProcess& process, const Lock& lock, const Result<void>& result);

  private:
    void check_cause(const SimProcess& process, const Error& error);

    Ledger& ledger_;
    Verdict& verdict_;
};

}  // namespace quorumlock::sim
