// Rule (j): a lock is extended only by who asked for it.
//
//  - Without renewal no EXTEND is sent but those that the holder asks for (rule E5).
//  - Renewal stops at max_hold: no EXTEND is handed in later than that after the holder was told of
//    the grant, by his own clock (rule E5). Time for which the process could not run is added.
//
// A lock that its holder has extended himself is not judged any more.
#pragma once

#include <quorumlock/options.h>

#include "tests/sim/checkers/ledger.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

class Renewals {
  public:
    explicit Renewals(Verdict& verdict) : verdict_(verdict) {}

    /// Its holder has been told, and this is what he had asked for.
    void granted(const SimProcess& process, Attempt& attempt, const Renewal& asked);
    /// A server has read an EXTEND that was handed in at this instant of the process's clock.
    void on_extend(const SimProcess& process, Attempt& attempt, std::int64_t written);

  private:
    void check(const SimProcess& process, const Attempt& attempt);

    Verdict& verdict_;
};

}  // namespace quorumlock::sim
