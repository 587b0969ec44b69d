// The seconds over which the contended benchmark counts: the same ones in every process.
#pragma once

#include <atomic>
#include <cstdint>

namespace quorumlock::cli {

/// Lies in memory that the forked processes share, so everything in it is atomic. Any thread.
class BenchWindow {
  public:
    /// In such memory; aborts when there is none. `processes` are to arrive before it opens, to be
    /// over after `cycles` in all, or, where these are 0, after `seconds`.
    static BenchWindow& make_shared(int processes, double seconds, std::uint64_t cycles);

    /// One process has warmed up, or will never. The last one opens the window.
    void arrive(std::int64_t now) noexcept;
    bool is_open(std::int64_t now) const noexcept { return from() <= now && now < until(); }
    /// Nobody begins anything any more.
    bool is_over(std::int64_t now) const noexcept { return now >= until(); }
    /// One cycle more was counted.
    void count(std::int64_t now) noexcept;
    /// Somebody is missing, who would be waited for in vain.
    void end(std::int64_t now) noexcept;

    /// On bench_now()'s clock; the largest number: not known yet.
    std::int64_t from() const noexcept { return from_.load(std::memory_order_acquire); }
    std::int64_t until() const noexcept { return until_.load(std::memory_order_acquire); }
    /// 0: it was ended before it was open.
    double seconds() const noexcept;
    /// Sleeps until then.
    void wait_for_start() const;
    void wait_for_end() const;

    std::atomic<int> inside{0};  ///< Holders of the contended resource right now.

  private:
    BenchWindow(int processes, double seconds, std::uint64_t cycles);

    const std::int64_t length_;  ///< 0: until `cycles_` are counted.
    const std::uint64_t cycles_;
    std::atomic<int> missing_;
    std::atomic<std::uint64_t> counted_{0};
    std::atomic<std::int64_t> from_, until_;
};

}  // namespace quorumlock::cli
