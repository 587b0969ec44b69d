// Bounds of what a server tells: it may say any number, and none may overflow what is made of it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <quorumlock/time.h>

namespace quorumlock {

/// The largest fencing number. Rule F1.
inline constexpr std::int64_t kMaxFence = (std::int64_t{1} << 53) - 1;

/// It and a date may be added to each other, and what comes of that taken from another.
inline constexpr std::chrono::hours kMostTold{24 * 365 * 100};

/// A time in whole Units (milliseconds, say) as a server tells it, within -kMostTold .. kMostTold.
template <class Unit>
constexpr Nanos told(std::int64_t count) noexcept {
    constexpr std::int64_t kMost = std::chrono::duration_cast<Unit>(kMostTold).count();
    return Unit(std::clamp(count, -kMost, kMost));
}

}  // namespace quorumlock
