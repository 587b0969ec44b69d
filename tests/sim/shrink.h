// Makes a failing run smaller: leaves out faults, clients, operations and oddities of its world as
// long as it still fails.
#pragma once

#include <functional>

#include "tests/sim/plan.h"

namespace quorumlock::sim {

struct Shrunk {
    Plan plan;
    int runs = 0;  ///< Plans tried on the way.
};

/// `fails`: whether a run of this plan still does what the first one did; asked at most `most_runs`
/// times.
Shrunk shrink(const Plan& plan, const std::function<bool(const Plan&)>& fails, int most_runs = 300);

}  // namespace quorumlock::sim
