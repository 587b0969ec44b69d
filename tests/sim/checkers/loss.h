// Rule (h): who asked for lost() is told by the end of the validity by his own clock (rule L1),
// at once when a quorum says that the lock is gone (rule L2), and not at all while he holds it or
// when he has let go in time. A callback may lag as much as its runner says; time for which the
// process could not run is added.
#pragma once

#include <deque>

#include "tests/sim/checkers/exclusion.h"

namespace quorumlock::sim {

class Loss;

/// One holder who wants to be told.
struct LossWatch final : public Event {
    explicit LossWatch(Loss& o) : owner(o) {}
    void fire() override;

    Loss& owner;
    Belief* belief = nullptr;
    Time lag = 0;
    Time asked = 0;
    bool told = false;
    bool closed = false;  ///< He has let go, or the service was closed.
};

class Loss {
  public:
    Loss(World& world, Verdict& verdict) : world_(world), verdict_(verdict) {}

    LossWatch* watch(Belief& belief, Time lag);
    /// Something has run in this process: a belief may have ended before its time.
    void poll(SimProcess& process);
    /// His callback runs.
    void told(LossWatch& watch);
    /// Nothing is expected any more.
    void forget(LossWatch& watch);

  private:
    friend struct LossWatch;
    void look(LossWatch& watch);
    Time due(const LossWatch& watch) const noexcept;

    World& world_;
    Verdict& verdict_;
    std::deque<LossWatch> watches_;
    std::vector<LossWatch*> open_;
};

}  // namespace quorumlock::sim
