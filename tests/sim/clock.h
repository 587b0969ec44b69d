// Clocks that run at their own speed beside the world's virtual time. Integers only.
#pragma once

#include <cstdint>

namespace quorumlock::sim {

/// Nanoseconds of the world's own virtual time; a run begins at 0 and lasts less than an hour.
using Time = std::int64_t;

constexpr Time kMicro = 1'000;
constexpr Time kMilli = 1'000'000;
constexpr Time kSecond = 1'000'000'000;
constexpr Time kMinute = 60 * kSecond;
constexpr Time kNever = INT64_MAX;

/// A clock that is `ppm` millionths too fast (or too slow, below zero).
class LocalClock {
  public:
    explicit LocalClock(std::int64_t reading, std::int64_t ppm = 0) noexcept
        : base_reading_(reading), ppm_(ppm) {}

    std::int64_t at(Time now) const noexcept {
        const Time passed = now - base_;
        return base_reading_ + passed + scaled(passed, ppm_);
    }
    /// The first instant of the world at which this clock shows at least `reading`.
    Time when(std::int64_t reading) const noexcept {
        const std::int64_t wanted = reading - base_reading_;
        if (wanted >= kFar) return kNever;
        if (ppm_ == 0) return base_ + wanted;
        // Off by a nanosecond or two; the loops find the first.
        const std::int64_t speed = kMillion + ppm_;
        Time passed = wanted / speed * kMillion + wanted % speed * kMillion / speed;
        while (passed + scaled(passed, ppm_) < wanted) ++passed;
        while (passed - 1 + scaled(passed - 1, ppm_) >= wanted) --passed;
        return base_ + passed;
    }
    void set_rate(Time now, std::int64_t ppm) noexcept {
        base_reading_ = at(now);
        base_ = now;
        ppm_ = ppm;
    }
    void jump(Time now, std::int64_t by) noexcept {
        base_reading_ = at(now) + by;
        base_ = now;
    }
    std::int64_t ppm() const noexcept { return ppm_; }

  private:
    static constexpr std::int64_t kMillion = 1'000'000;
    static constexpr std::int64_t kFar = 3'600 * kSecond;

    /// Rounded towards the past, also for negative numbers.
    static std::int64_t scaled(std::int64_t time, std::int64_t ppm) noexcept {
        const std::int64_t whole = time / kMillion * ppm;
        const std::int64_t rest = time % kMillion * ppm;
        return whole + (rest >= 0 ? rest / kMillion : -((-rest + kMillion - 1) / kMillion));
    }
    Time base_ = 0;
    std::int64_t base_reading_;
    std::int64_t ppm_;
};

}  // namespace quorumlock::sim
