// Many runs: each seed's violation as it comes, and what they were in sum.
#pragma once

#include <cstdint>

#include "tests/sim/simulation.h"

namespace quorumlock::sim {

class Runs {
  public:
    /// `twice`: each seed has to give the same trace a second time.
    explicit Runs(bool twice) : twice_(twice) {}

    void run(std::uint64_t seed);
    /// Prints the sums; the program's exit code.
    int sum_up() const;

  private:
    bool twice_;
    std::uint64_t seeds_ = 0, violations_ = 0, grants_ = 0, operations_ = 0, faults_ = 0;
    std::uint64_t hits_ = 0, steps_ = 0, hash_ = 0;
    std::uint64_t strict_ = 0;   ///< Seeds without a fault that could excuse two holders.
    std::uint64_t excused_ = 0;  ///< Seeds with an instant at which exclusion was not demanded.
    Time lasted_ = 0;
};

/// Prints what every node and client did in this seed; the program's exit code.
int replay(std::uint64_t seed);

}  // namespace quorumlock::sim
