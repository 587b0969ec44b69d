// What happened in one run, told to a person.
#pragma once

#include <cstdint>

#include "tests/sim/simulation.h"

namespace quorumlock::sim {

/// One line: "seed 7: [validity] process 1 ... at 2.5 s".
void print_violation(const Outcome& outcome);
/// Prints what every node and client does in the run of a plan, in the order of time.
Outcome tell(const Plan& plan);
/// A seed that breaks a rule: its world made as small as that rule allows, and told.
void tell_smallest(std::uint64_t seed);

}  // namespace quorumlock::sim
