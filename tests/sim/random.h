// Chance for a simulated world: everything follows from one 64-bit seed, in integers, alike on
// every compiler. Each purpose draws from a stream of its own, so that leaving one thing out of a
// run (shrinking) leaves the luck of all others as it was.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "lib/env/random.h"

namespace quorumlock::sim {

constexpr std::uint64_t mix(std::uint64_t x) noexcept {
    // splitmix64
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// What a stream of chance is for.
enum class Luck : std::uint64_t {
    plan,
    faults,
    network,
    server,
    process,
    entropy,
    jitter,
    workload,
    vendor,
    dapr,
    waiting,
};

class Random {
  public:
    explicit Random(std::uint64_t seed) noexcept
        : source_({mix(seed), mix(seed ^ 1), mix(seed ^ 2), mix(seed ^ 3)}) {}
    Random(std::uint64_t seed, Luck purpose, std::uint64_t index = 0) noexcept
        : Random(mix(mix(seed) ^ (static_cast<std::uint64_t>(purpose) << 32) ^ index)) {}

    std::uint64_t next() noexcept { return source_.next(); }
    /// 0 .. bound-1.
    std::uint64_t below(std::uint64_t bound) noexcept {
        if (bound <= 1) return 0;
        const std::uint64_t drawn = next();
        return bound <= 0xffffffffU ? ((drawn >> 32) * bound) >> 32 : drawn % bound;
    }
    /// Both ends included.
    std::int64_t between(std::int64_t least, std::int64_t most) noexcept {
        return least +
               static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
    }
    int number(int least, int most) noexcept { return static_cast<int>(between(least, most)); }
    bool chance(std::uint64_t some, std::uint64_t of) noexcept { return below(of) < some; }
    /// Both ends included, every doubling alike likely. 0 < least <= most.
    std::int64_t scaled(std::int64_t least, std::int64_t most) noexcept {
        const auto ratio = static_cast<std::uint64_t>(most / least);
        const int doublings = std::bit_width(ratio);
        const std::int64_t base = least << below(static_cast<std::uint64_t>(doublings));
        const std::int64_t drawn = between(base, 2 * base);
        return drawn < most ? drawn : most;
    }
    template <class T, std::size_t N>
    const T& pick(const std::array<T, N>& from) noexcept {
        return from[below(N)];
    }

  private:
    env::FastRandom source_;
};

}  // namespace quorumlock::sim
