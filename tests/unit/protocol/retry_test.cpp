#include "lib/protocol/retry.h"

#include <gtest/gtest.h>

#include <limits>

namespace quorumlock::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kForever = 24h * 365;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

Retry begun(Nanos first, Nanos most) {
    Retry retry;
    retry.begin(first, most);
    return retry;
}

/// The random number that makes the jitter as long as it can be: `pause` modulo (pause + 1).
std::uint64_t longest(Nanos pause) { return static_cast<std::uint64_t>(pause.count()); }

TEST(Retry, pauses_between_half_and_one_and_a_half) {
    EXPECT_EQ(begun(10ms, 200ms).next(0, std::nullopt, kForever), 5ms);
    EXPECT_EQ(begun(10ms, 200ms).next(longest(10ms), std::nullopt, kForever), 15ms);
    EXPECT_EQ(begun(10ms, 200ms).next(longest(10ms) + 1, std::nullopt, kForever), 5ms);
    for (std::uint64_t random : {std::uint64_t{1}, kMost / 3, kMost - 1, kMost}) {
        const auto wait = begun(10ms, 200ms).next(random, std::nullopt, kForever);
        ASSERT_TRUE(wait.has_value());
        EXPECT_GE(*wait, 5ms);
        EXPECT_LE(*wait, 15ms);
    }
}

TEST(Retry, doubles_up_to_the_longest_pause) {
    Retry retry = begun(10ms, 35ms);
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 5ms);
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 10ms);
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 17'500us);
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 17'500us);
    EXPECT_EQ(retry.next(longest(35ms), std::nullopt, kForever), 52'500us);
}

TEST(Retry, waits_for_ever_without_overflow) {
    Retry retry = begun(60s, 60s);
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(retry.next(longest(60s), std::nullopt, kForever), 90s);
    }
    Retry widest = begun(1ns, Nanos::max() / 3 * 2);
    for (int i = 0; i < 200; ++i) ASSERT_GE(*widest.next(kMost, std::nullopt, kForever), 0ns);
}

TEST(Retry, a_zero_pause_asks_again_at_once) {
    for (Nanos most : {Nanos(0), Nanos(200ms)}) {
        Retry retry = begun(0ns, most);
        for (std::uint64_t random : {std::uint64_t{0}, std::uint64_t{7}, kMost}) {
            EXPECT_EQ(retry.next(random, std::nullopt, 1s), 0ns);
            EXPECT_EQ(retry.next(random, 500ms, 1s), 0ns);
        }
    }
}

TEST(Retry, without_a_quorum_it_never_asks_again_at_once) {
    Retry retry = begun(0ns, 3ms);
    EXPECT_EQ(retry.next(longest(0ns), std::nullopt, kForever), 0ns);
    retry.no_quorum();
    EXPECT_EQ(retry.next(longest(1ms), std::nullopt, kForever), 1'500us);
    retry.no_quorum();
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 1ms);
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 1'500us);
    Retry never_longer = begun(0ns, 0ns);
    for (int i = 0; i < 3; ++i) {
        never_longer.no_quorum();
        EXPECT_EQ(never_longer.next(0, std::nullopt, kForever), 500us);
    }
}

TEST(Retry, without_a_quorum_a_longer_pause_stays_as_it_is) {
    Retry retry = begun(10ms, 200ms);
    retry.no_quorum();
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 5ms);
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 10ms);
}

TEST(Retry, a_first_pause_beyond_the_longest_is_cut) {
    EXPECT_EQ(begun(1s, 200ms).next(0, std::nullopt, kForever), 100ms);
    EXPECT_EQ(begun(1s, 0ns).next(kMost, std::nullopt, kForever), 0ns);
}

TEST(Retry, an_odd_pause_stays_within_its_bounds) {
    EXPECT_EQ(begun(3ns, 3ns).next(0, std::nullopt, kForever), 1ns);
    EXPECT_EQ(begun(3ns, 3ns).next(3, std::nullopt, kForever), 4ns);
    EXPECT_EQ(begun(1ns, 1ns).next(1, std::nullopt, kForever), 1ns);
}

TEST(Retry, the_end_of_the_holders_lease_comes_before_a_longer_back_off) {
    EXPECT_EQ(begun(100ms, 1s).next(0, 20ms, kForever), 21ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, 0ms, kForever), 1ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, 49ms, kForever), 50ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, 49ms + 1ns, kForever), 50ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, 1h, kForever), 50ms);
}

TEST(Retry, a_holders_lease_without_an_end_or_beyond_all_bounds_is_no_reason_to_hurry) {
    EXPECT_EQ(begun(100ms, 1s).next(0, -1ms, kForever), 50ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, Nanos::max(), kForever), 50ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, Nanos::min(), kForever), 50ms);
}

TEST(Retry, backs_off_further_also_when_the_holders_lease_set_the_pause) {
    Retry retry = begun(100ms, 1s);
    EXPECT_EQ(retry.next(0, 1ms, kForever), 2ms);
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 100ms);
}

TEST(Retry, never_waits_beyond_the_deadline) {
    EXPECT_EQ(begun(100ms, 1s).next(0, std::nullopt, 50ms), 50ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, std::nullopt, 30ms), 30ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, 20ms, 10ms), 10ms);
    EXPECT_EQ(begun(100ms, 1s).next(0, std::nullopt, 1ns), 1ns);
}

TEST(Retry, with_nothing_left_there_is_no_next_attempt) {
    EXPECT_EQ(begun(100ms, 1s).next(0, std::nullopt, 0ns), std::nullopt);
    EXPECT_EQ(begun(100ms, 1s).next(0, 5ms, -1ns), std::nullopt);
    EXPECT_EQ(begun(0ns, 0ns).next(0, std::nullopt, 0ns), std::nullopt) << "try-acquire ends here";
}

TEST(Retry, begins_anew_with_the_first_pause) {
    Retry retry = begun(10ms, 200ms);
    retry.next(0, std::nullopt, kForever);
    retry.next(0, std::nullopt, kForever);
    retry.begin(10ms, 200ms);
    EXPECT_EQ(retry.next(0, std::nullopt, kForever), 5ms);
}

}  // namespace
}  // namespace quorumlock::protocol
