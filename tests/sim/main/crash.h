// A check of the code under test has failed, or worse: the seed is told before the program dies.
#pragma once

#include <cstdint>

namespace quorumlock::sim {

/// Once, before the first run.
void tell_seed_on_crash();
/// The seed that runs from now on.
void note_seed(std::uint64_t seed) noexcept;

}  // namespace quorumlock::sim
