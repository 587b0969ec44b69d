// The first rule that a run has broken.
#pragma once

#include <string>

#include "tests/sim/sim_world.h"

namespace quorumlock::sim {

struct Violation {
    Time at = 0;
    std::string rule;  ///< Which checker, in a few words.
    std::string what;  ///< What happened, in a sentence.
};

class Verdict {
  public:
    explicit Verdict(World& world) : world_(world) {}

    bool broken() const noexcept { return broken_; }
    const Violation& violation() const noexcept { return violation_; }
    /// Only the first counts: what follows may be its consequence.
    void report(const char* rule, std::string what) {
        if (broken_) return;
        broken_ = true;
        violation_ = {world_.now(), rule, std::move(what)};
    }

  private:
    World& world_;
    bool broken_ = false;
    Violation violation_;
};

}  // namespace quorumlock::sim
