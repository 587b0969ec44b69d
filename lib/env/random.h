// Random numbers that need no secrecy: xoshiro256** (Blackman, Vigna 2018).
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace quorumlock::env {

class FastRandom {
  public:
    /// An all-zero seed, which would give zeros for ever, is replaced.
    explicit FastRandom(const std::array<std::uint64_t, 4>& seed) noexcept : state_(seed) {
        if ((state_[0] | state_[1] | state_[2] | state_[3]) == 0) state_[0] = 1;
    }

    std::uint64_t next() noexcept {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

  private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace quorumlock::env
