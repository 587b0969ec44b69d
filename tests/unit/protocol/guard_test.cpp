// Rule G1.
#include "lib/protocol/guard.h"

#include <gtest/gtest.h>

namespace quorumlock::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow = Instant(1000s);
constexpr Nanos kSpan = 60s;

ServerPast up_for(Nanos uptime, Instant now = kNow) {
    ServerPast past;
    past.started = now - uptime;
    return past;
}

TEST(Guard, lasts_until_the_longest_lock_has_ended_by_any_clock) {
    EXPECT_EQ(guard_span(60s, 10'000), 60s + 600ms + 2ms + 1s);
    EXPECT_EQ(guard_span(10ms, 0), 10ms + 2ms + 1s);
}

TEST(Guard, a_young_server_has_no_vote_for_its_first_minute) {
    Guard guard(RestartGuard::automatic, kSpan, 3);
    EXPECT_EQ(guard.on_greeting(0, up_for(17s), kNow), kNow + 43s);
    EXPECT_LE(guard.on_greeting(1, up_for(60s), kNow), kNow);
    EXPECT_LE(guard.on_greeting(2, up_for(24h), kNow), kNow);
    EXPECT_TRUE(guard.on_opened(kNow).empty()) << "one of three is no cold start";
    EXPECT_EQ(guard.on_greeting(0, up_for(18s, kNow + 1s), kNow + 1s), kNow + 43s)
        << "after a reconnect to the same process its guard ends when it ended";
}

TEST(Guard, a_quorum_of_young_servers_is_a_first_start_of_them_all) {
    Guard guard(RestartGuard::automatic, kSpan, 3);
    guard.on_greeting(0, up_for(5s), kNow);
    EXPECT_TRUE(guard.cold().empty());
    guard.on_greeting(2, up_for(6s), kNow);
    EXPECT_EQ(guard.cold(), NodeSet::only(0) | NodeSet::only(2)) << "before the open too";
    EXPECT_EQ(guard.on_opened(kNow + 1s), NodeSet::only(0) | NodeSet::only(2));
    EXPECT_LE(guard.on_greeting(0, up_for(6s, kNow + 1s), kNow + 1s), kNow + 1s);
    EXPECT_LE(guard.on_greeting(1, up_for(7s, kNow + 2s), kNow + 2s), kNow + 2s)
        << "one met later that started before is of the same start";
    ServerPast again = up_for(0s, kNow + 10s);
    again.restarted = true;
    EXPECT_EQ(guard.on_greeting(0, again, kNow + 10s), kNow + 70s) << "once";
}

TEST(Guard, one_that_starts_behind_a_cold_start_is_guarded) {
    Guard guard(RestartGuard::automatic, kSpan, 3);
    guard.on_greeting(0, up_for(5s), kNow);
    guard.on_greeting(1, up_for(5s), kNow);
    (void)guard.on_opened(kNow);
    EXPECT_EQ(guard.on_greeting(2, up_for(1s, kNow + 20s), kNow + 20s), kNow + 79s);
}

TEST(Guard, strict_knows_no_first_start) {
    Guard guard(RestartGuard::strict, kSpan, 3);
    for (int node = 0; node < 3; ++node) {
        EXPECT_EQ(guard.on_greeting(node, up_for(5s), kNow), kNow + 55s);
    }
    EXPECT_TRUE(guard.on_opened(kNow).empty());
}

TEST(Guard, off_guards_nobody) {
    Guard guard(RestartGuard::off, kSpan, 1);
    ServerPast past = up_for(1s);
    past.restarted = true;
    EXPECT_LE(guard.on_greeting(0, past, kNow), kNow);
}

TEST(Guard, a_promoted_replica_is_guarded_from_when_it_is_met) {
    Guard guard(RestartGuard::automatic, kSpan, 3);
    guard.on_greeting(0, up_for(24h), kNow);
    ServerPast promoted = up_for(25h, kNow + 1h);
    promoted.promoted = true;
    EXPECT_EQ(guard.on_greeting(0, promoted, kNow + 1h), kNow + 1h + kSpan);
}

TEST(Guard, an_address_that_has_moved_to_an_old_server_is_guarded_from_when_it_is_met) {
    Guard guard(RestartGuard::automatic, kSpan, 3);
    guard.on_greeting(0, up_for(24h), kNow);
    ServerPast other = up_for(25h, kNow + 1h);
    other.restarted = true;
    EXPECT_EQ(guard.on_greeting(0, other, kNow + 1h), kNow + 1h + kSpan);
}

// A replica that was upgraded an hour ago, and gets its primary's place now.
TEST(Guard,
     an_address_that_has_moved_to_one_that_started_meanwhile_is_guarded_from_when_it_is_met) {
    Guard guard(RestartGuard::automatic, kSpan, 3);
    guard.on_greeting(0, up_for(24h), kNow);
    ServerPast other = up_for(1h, kNow + 2h);
    other.restarted = true;
    EXPECT_EQ(guard.on_greeting(0, other, kNow + 2h), kNow + 2h + kSpan);
    other = up_for(1h + 1s, kNow + 2h + 1s);
    EXPECT_EQ(guard.on_greeting(0, other, kNow + 2h + 1s), kNow + 2h + kSpan)
        << "after a reconnect to the same process its guard ends when it ended";
}

TEST(Guard, what_does_not_tell_its_age_is_guarded_only_when_it_is_seen_to_restart) {
    Guard guard(RestartGuard::strict, kSpan, 1);
    ServerPast mute;
    EXPECT_LE(guard.on_greeting(0, mute, kNow), kNow);
    mute.restarted = true;
    EXPECT_EQ(guard.on_greeting(0, mute, kNow + 1s), kNow + 1s + kSpan);
}

}  // namespace
}  // namespace quorumlock::protocol
