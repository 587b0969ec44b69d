#include "lib/protocol/renewal.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/protocol/sequences.h"

namespace quorumlock::protocol {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

RenewalPlan begun(Nanos every = 0ns, Nanos max_hold = 0ns) {
    RenewalPlan plan;
    plan.begin(every, max_hold, kStart);
    return plan;
}

/// The random number that takes off as much as the jitter may.
std::uint64_t earliest(Nanos pause) { return static_cast<std::uint64_t>(pause.count() / 10); }

TEST(RenewalPlan, renews_after_a_third_of_the_validity_or_up_to_a_tenth_earlier) {
    EXPECT_EQ(begun().after_success(kStart, kStart + 30s, 0), kStart + 10s);
    EXPECT_EQ(begun().after_success(kStart, kStart + 30s, earliest(10s)), kStart + 9s);
    EXPECT_EQ(begun().after_success(kStart, kStart + 30s, earliest(10s) + 1), kStart + 10s);
    EXPECT_EQ(begun().after_success(kStart + 5s, kStart + 35s, 0), kStart + 15s);
    const auto any = begun().after_success(kStart, kStart + 30s, kMost);
    ASSERT_TRUE(any.has_value());
    EXPECT_GE(*any, kStart + 9s);
    EXPECT_LE(*any, kStart + 10s);
}

TEST(RenewalPlan, renews_as_often_as_it_is_told) {
    EXPECT_EQ(begun(2s).after_success(kStart, kStart + 30s, 0), kStart + 2s);
    EXPECT_EQ(begun(2s).after_success(kStart, kStart + 30s, earliest(2s)), kStart + 1800ms);
    EXPECT_EQ(begun(20s).after_success(kStart, kStart + 30s, 0), kStart + 20s);
}

TEST(RenewalPlan, an_interval_that_does_not_fit_into_the_validity_gives_way_to_a_third) {
    EXPECT_EQ(begun(30s).after_success(kStart, kStart + 30s, 0), kStart + 10s);
    EXPECT_EQ(begun(1h).after_success(kStart, kStart + 30s, 0), kStart + 10s);
    EXPECT_EQ(begun(30s - 1ns).after_success(kStart, kStart + 30s, 0), kStart + 30s - 1ns);
}

TEST(RenewalPlan, never_renews_more_often_than_every_millisecond) {
    EXPECT_EQ(begun(1ns).after_success(kStart, kStart + 30s, kMost), kStart + 1ms);
    EXPECT_EQ(begun().after_success(kStart, kStart + 2ms, 0), kStart + 1ms);
    EXPECT_EQ(begun(1ns).after_failure(kStart, kStart + 30s, kMost), kStart + 1ms);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 4ms, earliest(1ms)), kStart + 1ms);
}

TEST(RenewalPlan, there_is_nothing_to_renew_once_the_validity_is_over) {
    for (Nanos late : {Nanos(0), Nanos(1ns), Nanos(1h)}) {
        EXPECT_EQ(begun().after_success(kStart + late, kStart, 0), std::nullopt);
        EXPECT_EQ(begun().after_failure(kStart + late, kStart, 0), std::nullopt);
    }
    EXPECT_EQ(begun().after_success(kStart, kStart + 1ms, 0), std::nullopt);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 1ms, 0), std::nullopt);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 1ms + 1ns, 0), kStart + 1ms);
}

TEST(RenewalPlan, a_failed_renewal_is_tried_again_after_a_quarter_of_what_is_left) {
    EXPECT_EQ(begun().after_failure(kStart, kStart + 20s, 0), kStart + 5s);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 20s, earliest(5s)), kStart + 4500ms);
    EXPECT_EQ(begun(10s).after_failure(kStart, kStart + 20s, 0), kStart + 5s);
}

TEST(RenewalPlan, a_failure_is_never_followed_by_a_longer_pause_than_a_success) {
    EXPECT_EQ(begun(1s).after_failure(kStart, kStart + 20s, 0), kStart + 1s);
    for (Nanos left : {Nanos(5ms), Nanos(1s), Nanos(24h)}) {
        EXPECT_LE(begun().after_failure(kStart, kStart + left, 0),
                  begun().after_success(kStart, kStart + left, 0));
    }
}

TEST(RenewalPlan, failures_are_tried_again_until_the_expiry_and_never_beyond) {
    RenewalPlan plan = begun();
    const Instant end = kStart + 1s;
    Instant now = kStart;
    int tries = 0;
    while (const auto at = plan.after_failure(now, end, 0)) {
        ASSERT_GT(*at, now);
        ASSERT_LT(*at, end);
        now = *at;
        ASSERT_LT(++tries, 100);
    }
    EXPECT_LE(end - now, 1ms);
    EXPECT_GT(tries, 10);
}

TEST(RenewalPlan, stops_at_max_hold) {
    EXPECT_EQ(begun(0ns, 10s + 1ns).after_success(kStart, kStart + 30s, 0), kStart + 10s);
    EXPECT_EQ(begun(0ns, 10s).after_success(kStart, kStart + 30s, 0), std::nullopt);
    EXPECT_EQ(begun(0ns, 5s + 1ns).after_failure(kStart, kStart + 20s, 0), kStart + 5s);
    EXPECT_EQ(begun(0ns, 5s).after_failure(kStart, kStart + 20s, 0), std::nullopt);
}

TEST(RenewalPlan, max_hold_counts_from_the_acquire) {
    RenewalPlan plan = begun(0ns, 15s);
    EXPECT_EQ(plan.after_success(kStart, kStart + 30s, 0), kStart + 10s);
    EXPECT_EQ(plan.after_success(kStart + 10s, kStart + 40s, 0), std::nullopt);
    plan.begin(0ns, 15s, kStart + 10s);
    EXPECT_EQ(plan.after_success(kStart + 10s, kStart + 40s, 0), kStart + 20s);
}

TEST(RenewalPlan, the_longest_max_hold_is_no_bound_and_does_not_overflow) {
    EXPECT_EQ(begun(0ns, Nanos::max()).after_success(kStart, kStart + 30s, 0), kStart + 10s);
    EXPECT_EQ(begun(0ns, Nanos::max() - 1h).after_success(kStart, kStart + 3s, 0), kStart + 1s);
}

TEST(RenewalPlan, a_crowded_renewal_comes_a_little_later_and_never_behind_the_end) {
    RenewalPlan plan = begun();
    const Nanos pause = Nanos(25'600ms) / 256;
    EXPECT_EQ(plan.when_crowded(kStart, kStart + 25'600ms, 0), kStart + pause);
    for (std::uint64_t random = 0; random < 1000; ++random) {
        const auto at = plan.when_crowded(kStart, kStart + 25'600ms, random * 0x9e3779b97f4a7c15U);
        ASSERT_TRUE(at);
        EXPECT_GE(*at, kStart + pause * 9 / 10);
        EXPECT_LE(*at, kStart + pause);
    }
    EXPECT_EQ(plan.when_crowded(kStart, kStart + 2ms, 0), kStart + 1ms);
    EXPECT_EQ(plan.when_crowded(kStart, kStart + 1ms, 0), std::nullopt);
}

TEST(RenewalPlan, holds_at_both_ends_of_the_ttl) {
    EXPECT_EQ(begun().after_success(kStart, kStart + 7'900us, 0), kStart + Nanos(7'900us) / 3);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 7'900us, 0), kStart + 1'975us);
    EXPECT_EQ(begun().after_success(kStart, kStart + 24h, 0), kStart + 8h);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 24h, 0), kStart + 6h);
}

}  // namespace
}  // namespace quorumlock::protocol
