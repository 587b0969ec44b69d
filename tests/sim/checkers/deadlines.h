// Rule (c): every operation ends by its deadline plus a bound that its kind states, counted by the
// process's own clock; the time for which the process could not run is added, no more.
#pragma once

#include <deque>
#include <string>

#include "tests/sim/checkers/verdict.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

/// One operation that has begun.
struct Watch {
    SimProcess* process = nullptr;
    const char* what = "";
    std::int64_t due = 0;  ///< By the process's clock,
    Time stolen = 0;       ///< when so much was stolen from it.
    bool open = false;
};

class Deadlines {
  public:
    explicit Deadlines(Verdict& verdict) : verdict_(verdict) {}

    Watch* begin(SimProcess& process, const char* what, Nanos bound);
    /// From here on it has only `bound` left: it was cancelled, or its service is closing.
    void cut(Watch& watch, Nanos bound);
    void end(Watch& watch);
    /// It need not be looked at any more.
    void forget(Watch& watch) noexcept { watch.open = false; }
    /// Its process has died: it need not end any more.
    void forget(SimProcess& process);
    void cut_all(SimProcess& process, Nanos bound);
    /// The run is over.
    void finish();

    int operations() const noexcept { return operations_; }

  private:
    std::string late_by(const Watch& watch, std::int64_t late) const;

    Verdict& verdict_;
    std::deque<Watch> watches_;
    int operations_ = 0;
};

}  // namespace quorumlock::sim
