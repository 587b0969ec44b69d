// Rule (j): a lock is extended by who asked for it, as long as that makes sense.
//
//  - Without renewal no EXTEND is sent but those that the holder asks for (rule E5).
//  - Renewal stops at max_hold: no EXTEND is handed in later than that after the holder was told of
//    the grant, by his own clock (rule E5). Time for which the process could not run is added.
//  - A renewal that failed is tried again until the validity ends (rule E6): a lock is not left to
//    expire while a quorum of nodes has been in order for so long that a round which was open
//    when they came back has ended (rule T5) and the quarter of the rest after it too, unless one
//    more EXTEND was handed in since.
//
// A lock that its holder has extended himself is not judged any more.
#pragma once

#include <quorumlock/options.h>

#include "tests/sim/checkers/ways.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

class Renewals {
  public:
    Renewals(Ledger& ledger, Ways& ways, Verdict& verdict)
        : ledger_(ledger), ways_(ways), verdict_(verdict) {}

    /// Its holder has been told, and this is what he had asked for.
    void granted(const SimProcess& process, Attempt& attempt, const Renewal& asked);
    /// A server has read an EXTEND that was handed in at this instant of the process's clock.
    void on_extend(const SimProcess& process, Attempt& attempt, std::int64_t written);
    /// Its validity has ended at `at`; its holder, told at `begin`, had not let go of it.
    void expired(SimProcess& process, const Attempt& attempt, Time begin, Time at);

  private:
    void check(const SimProcess& process, const Attempt& attempt);

    Ledger& ledger_;
    Ways& ways_;
    Verdict& verdict_;
};

}  // namespace quorumlock::sim
