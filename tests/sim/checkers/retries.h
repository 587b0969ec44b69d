// Rule (k): those who wait ask again at random instants (rule A9), so that two who have met once do
// not meet for ever.
//
// A pause lies between half and one and a half of what it is on average. Judged are pauses of 40 ms
// and more of a client who is the only one in his process to ask for the resource, with all nodes
// in order, no key of it changed meanwhile (that would wake him), and no lease about to end (he
// would ask at its end). A pause without chance in it comes out at its average and what a round
// takes, a few per cent more; by chance an eighth of all pauses do. When kMany in a row did, and no
// other, there was none: less than once in 10^7 processes.
#pragma once

#include <map>
#include <utility>

#include "tests/sim/checkers/ways.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

class Retries {
  public:
    Retries(World& world, Ledger& ledger, Ways& ways, Verdict& verdict)
        : world_(world), ledger_(ledger), ways_(ways), verdict_(verdict) {}

    /// A client of this process begins to ask for this resource (+1), or has ended (-1).
    void asks(int process, int resource, int by);
    /// A server has read the first SET of a new attempt, handed in at `written`.
    void on_attempt(const SimProcess& process, const Attempt& attempt, std::int64_t written);

  private:
    struct Wait {
        int clients = 0;
        bool alone = false;  ///< One client has been asking since `begun`, and nobody else.
        Time begun = 0;
        int tries = 0;
        std::int64_t last = 0;  ///< When the last try was handed in, by the own clock,
        Time read = 0;          ///< and when a server had read it.
    };
    Nanos average_pause(const ServiceOptions& options, int tries) const noexcept;
    bool judged(const SimProcess& process, const Attempt& attempt, const Wait& wait, Nanos pause);
    bool ends_soon(int resource, Time from, Time until);
    bool changed_since(int resource, Time from);

    World& world_;
    Ledger& ledger_;
    Ways& ways_;
    Verdict& verdict_;
    std::map<std::pair<int, int>, Wait> waits_;
    /// For each process, the pauses that were what they are on average; -1: one was not.
    std::map<int, int> average_;
};

}  // namespace quorumlock::sim
