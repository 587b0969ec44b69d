#include "lib/protocol/renewal.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

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

/// Rule E7: the last instant of the grid of 2^bits ns.
Instant down(Instant at, int bits) {
    return at - Nanos(at.time_since_epoch().count() % (std::int64_t{1} << bits));
}

/// The random number that takes off as much as the jitter may.
std::uint64_t earliest(Nanos pause) { return static_cast<std::uint64_t>(pause.count() / 10); }

TEST(RenewalPlan, renews_after_a_third_of_the_validity_or_up_to_a_tenth_earlier) {
    EXPECT_EQ(begun().after_success(kStart, kStart + 30s, 0), down(kStart + 10s, 23));
    EXPECT_EQ(begun().after_success(kStart, kStart + 30s, earliest(10s)), down(kStart + 9s, 23));
    EXPECT_EQ(begun().after_success(kStart, kStart + 30s, earliest(10s) + 1),
              down(kStart + 10s, 23));
    EXPECT_EQ(begun().after_success(kStart + 5s, kStart + 35s, 0), down(kStart + 15s, 23));
    const auto any = begun().after_success(kStart, kStart + 30s, kMost);
    EXPECT_GE(any, down(kStart + 9s, 23));
    EXPECT_LE(any, kStart + 10s);
}

TEST(RenewalPlan, renews_as_often_as_it_is_told) {
    EXPECT_EQ(begun(2s).after_success(kStart, kStart + 30s, 0), down(kStart + 2s, 20));
    EXPECT_EQ(begun(2s).after_success(kStart, kStart + 30s, earliest(2s)),
              down(kStart + 1800ms, 20));
    EXPECT_EQ(begun(20s).after_success(kStart, kStart + 30s, 0), down(kStart + 20s, 23));
}

TEST(RenewalPlan, an_interval_that_does_not_fit_into_the_validity_gives_way_to_a_third) {
    EXPECT_EQ(begun(30s).after_success(kStart, kStart + 30s, 0), down(kStart + 10s, 23));
    EXPECT_EQ(begun(1h).after_success(kStart, kStart + 30s, 0), down(kStart + 10s, 23));
    EXPECT_EQ(begun(30s - 1ns).after_success(kStart, kStart + 30s, 0),
              down(kStart + 30s - 1ns, 23));
}

TEST(RenewalPlan, never_renews_more_often_than_every_millisecond) {
    EXPECT_EQ(begun(1ns).after_success(kStart, kStart + 30s, kMost), kStart + 1ms);
    EXPECT_EQ(begun().after_success(kStart, kStart + 2ms, 0), kStart + 1ms);
    EXPECT_EQ(begun(1ns).after_failure(kStart, kStart + 30s, kMost), kStart + 1ms);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 4ms, earliest(1ms)), kStart + 1ms);
}

TEST(RenewalPlan, there_is_nothing_to_renew_once_the_validity_is_over) {
    for (Nanos late : {Nanos(0), Nanos(1ns), Nanos(1h)}) {
        EXPECT_EQ(begun().after_success(kStart + late, kStart, 0), RenewalPlan::kNever);
        EXPECT_EQ(begun().after_failure(kStart + late, kStart, 0), RenewalPlan::kNever);
    }
    EXPECT_EQ(begun().after_success(kStart, kStart + 1ms, 0), RenewalPlan::kNever);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 1ms, 0), RenewalPlan::kNever);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 1ms + 1ns, 0), kStart + 1ms);
}

TEST(RenewalPlan, a_failed_renewal_is_tried_again_after_a_quarter_of_what_is_left) {
    EXPECT_EQ(begun().after_failure(kStart, kStart + 20s, 0), down(kStart + 5s, 22));
    EXPECT_EQ(begun().after_failure(kStart, kStart + 20s, earliest(5s)), down(kStart + 4500ms, 22));
    EXPECT_EQ(begun(10s).after_failure(kStart, kStart + 20s, 0), down(kStart + 5s, 22));
}

TEST(RenewalPlan, a_failure_is_never_followed_by_a_longer_pause_than_a_success) {
    EXPECT_EQ(begun(1s).after_failure(kStart, kStart + 20s, 0), down(kStart + 1s, 19));
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
    for (Instant at; (at = plan.after_failure(now, end, 0)) != RenewalPlan::kNever; now = at) {
        ASSERT_GT(at, now);
        ASSERT_LT(at, end);
        ASSERT_LT(++tries, 100);
    }
    EXPECT_LE(end - now, 1ms);
    EXPECT_GT(tries, 10);
}

TEST(RenewalPlan, stops_at_max_hold) {
    EXPECT_EQ(begun(0ns, 10s + 1ns).after_success(kStart, kStart + 30s, 0), down(kStart + 10s, 23));
    EXPECT_EQ(begun(0ns, 10s - 9ms).after_success(kStart, kStart + 30s, 0), RenewalPlan::kNever);
    EXPECT_EQ(begun(0ns, 5s + 1ns).after_failure(kStart, kStart + 20s, 0), down(kStart + 5s, 22));
    EXPECT_EQ(begun(0ns, 5s - 5ms).after_failure(kStart, kStart + 20s, 0), RenewalPlan::kNever);
}

TEST(RenewalPlan, max_hold_counts_from_the_acquire) {
    RenewalPlan plan = begun(0ns, 15s);
    EXPECT_EQ(plan.after_success(kStart, kStart + 30s, 0), down(kStart + 10s, 23));
    EXPECT_EQ(plan.after_success(kStart + 10s, kStart + 40s, 0), RenewalPlan::kNever);
    plan.begin(0ns, 15s, down(kStart + 10s, 23));
    EXPECT_EQ(plan.after_success(kStart + 10s, kStart + 40s, 0), down(kStart + 20s, 23));
}

TEST(RenewalPlan, the_longest_max_hold_is_no_bound_and_does_not_overflow) {
    EXPECT_EQ(begun(0ns, Nanos::max()).after_success(kStart, kStart + 30s, 0),
              down(kStart + 10s, 23));
    EXPECT_EQ(begun(0ns, Nanos::max() - 1h).after_success(kStart, kStart + 3s, 0),
              down(kStart + 1s, 19));
}

TEST(RenewalPlan, a_crowded_renewal_comes_a_little_later_and_never_behind_the_end) {
    RenewalPlan plan = begun();
    const Nanos pause = Nanos(25'600ms) / 256;
    EXPECT_EQ(plan.when_crowded(kStart, kStart + 25'600ms, 0), down(kStart + pause, 16));
    for (std::uint64_t random = 0; random < 1000; ++random) {
        const auto at = plan.when_crowded(kStart, kStart + 25'600ms, random * 0x9e3779b97f4a7c15U);
        EXPECT_GE(at, down(kStart + pause * 9 / 10, 16));
        EXPECT_LE(at, kStart + pause);
    }
    EXPECT_EQ(plan.when_crowded(kStart, kStart + 2ms, 0), kStart + 1ms);
    EXPECT_EQ(plan.when_crowded(kStart, kStart + 1ms, 0), RenewalPlan::kNever);
}

TEST(RenewalPlan, renewals_that_are_due_together_share_an_instant) {
    std::set<Instant> instants;
    for (int i = 0; i < 1000; ++i) {
        const auto random = static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15U;
        const Instant now = kStart + i * 10us;
        const Instant at = begun().after_success(now, now + 30s, random);
        EXPECT_LE(at, now + 10s);
        EXPECT_GE(at, now + 9s - 9ms);
        instants.insert(at);
    }
    // A second is 120 of 8.4 ms each.
    EXPECT_LE(instants.size(), 122U);
    EXPECT_GE(instants.size(), 60U);
}

TEST(RenewalPlan, what_is_due_soon_is_not_held_up_for_others) {
    EXPECT_EQ(begun().after_success(kStart, kStart + 200ms + 3ns, 0),
              kStart + Nanos(200ms) / 3 + 1ns);
}

TEST(RenewalPlan, a_plan_that_was_not_begun_is_off) {
    EXPECT_FALSE(RenewalPlan().on());
    EXPECT_TRUE(begun().on());
}

TEST(RenewalPlan, holds_at_both_ends_of_the_ttl) {
    EXPECT_EQ(begun().after_success(kStart, kStart + 7'900us, 0), kStart + Nanos(7'900us) / 3);
    EXPECT_EQ(begun().after_failure(kStart, kStart + 7'900us, 0), kStart + 1'975us);
    EXPECT_EQ(begun().after_success(kStart, kStart + 24h, 0), down(kStart + 8h, 23));
    EXPECT_EQ(begun().after_failure(kStart, kStart + 24h, 0), down(kStart + 6h, 23));
}

}  // namespace
}  // namespace quorumlock::protocol
