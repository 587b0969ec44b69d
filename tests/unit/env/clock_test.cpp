// Hazards 3 and 4, rule T1: time is CLOCK_BOOTTIME, for instants and for timers. A suspend is
// BOOTTIME running ahead of MONOTONIC; a time namespace can do that without one.
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "lib/env/uv_env.h"
#include "tests/support/time_namespace.h"
#include "tests/unit/env/uv_fixture.h"

namespace quorumlock::env {
namespace {

using namespace std::chrono_literals;
using testing::ClockShift;
using testing::run_with_shifted_clocks;

Instant reading(clockid_t clock) {
    timespec now{};
    EXPECT_EQ(clock_gettime(clock, &now), 0);
    return Instant(std::chrono::seconds(now.tv_sec) + Nanos(now.tv_nsec));
}

using ClockTest = UvEnvTest;

TEST_F(ClockTest, now_lies_between_two_readings_of_boottime) {
    for (int i = 0; i < 100; ++i) {
        const Instant before = reading(CLOCK_BOOTTIME);
        const Instant now = env->now();
        EXPECT_LE(before, now);
        EXPECT_LE(now, reading(CLOCK_BOOTTIME));
    }
}

TEST_F(ClockTest, now_and_timers_follow_boottime_where_it_runs_ahead_of_monotonic) {
    const Instant boot = reading(CLOCK_BOOTTIME);
    const Instant monotonic = reading(CLOCK_MONOTONIC);
    const ClockShift shift{.monotonic = 1h, .boottime = 24h};
    const auto run = run_with_shifted_clocks(shift, [&] {
        Turns others;
        auto made = UvEnv::create(nullptr, others);
        ASSERT_TRUE(made);
        env = std::move(*made);
        // What has passed beyond the shift is what this test takes.
        const Nanos clocks_apart = reading(CLOCK_MONOTONIC) - monotonic;
        ASSERT_TRUE(clocks_apart >= 1h && clocks_apart < 2h) << "the clocks were not shifted";
        EXPECT_GE(env->now() - boot, 24h);
        EXPECT_LT(env->now() - boot, 25h);

        const Instant when = env->now() + 5ms;
        Instant fired{};
        Call timer([&] { fired = env->now(); });
        env->arm(timer, when);
        EXPECT_TRUE(run_until([&] { return !timer.armed(); }));
        EXPECT_GE(fired, when);
        EXPECT_LT(fired, when + 1h);
    });
    if (!run.possible) GTEST_SKIP() << run.why_not;
    EXPECT_TRUE(run.passed);
}

// Only so is a deadline that passed in suspend seen at once: the kernel fires a timer on BOOTTIME
// when it resumes, and one on MONOTONIC after the rest of its time.
TEST_F(ClockTest, what_wakes_the_loop_counts_on_boottime) {
    int timers = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream info(entry.path());
        for (std::string line; std::getline(info, line);) {
            if (line.rfind("clockid:", 0) != 0) continue;
            EXPECT_EQ(std::stoi(line.substr(8)), CLOCK_BOOTTIME);
            ++timers;
        }
    }
    EXPECT_EQ(timers, 1);
}

}  // namespace
}  // namespace quorumlock::env
