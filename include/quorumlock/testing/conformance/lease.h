// The contract: how long a lock may be relied upon, and what ends it.
#pragma once

#include <atomic>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <quorumlock/testing/conformance/provider.h>

namespace quorumlock::testing {

// Hazards 1, 2, 3 and 21: rule T3, seen from outside.
TEST_P(ProviderTest, validity_is_the_ttl_less_the_drift_pad) {
    Lock lock = must_acquire("r", {.ttl = 30s});
    const Nanos left = lock.remaining();
    EXPECT_LE(left, 30s - 300ms - 2ms);
    EXPECT_GT(left, 10s);
    EXPECT_TRUE(lock.held());
    EXPECT_LE(lock.remaining(), left);
}

TEST_P(ProviderTest, nobody_else_gets_a_lock_before_its_validity_ends) {
    Lock held = must_acquire("r", {.ttl = 1s});
    ASSERT_TRUE(fails_with(Errc::contended, rival().try_acquire("r", {.ttl = kLongTtl}).get()));
    for (bool again = true; again;) {
        const auto second = rival().try_acquire("r", {.ttl = kLongTtl}).get();
        again = held.held();  // then it was held all the time that the other tried
        // A node that lags behind the one that decides may have too much to do: no_quorum.
        if (again) {
            ASSERT_FALSE(second);
        }
    }
}

TEST_P(ProviderTest, a_wider_drift_factor_shortens_the_validity) {
    ServiceOptions options = patient();
    options.drift_factor = 0.5;
    reopen(options);
    Lock lock = must_acquire("r", {.ttl = 60s});
    EXPECT_LE(lock.remaining(), 30s - 2ms);
    EXPECT_GT(lock.remaining(), 10s);
}

// Hazard 1: won, but too late to be of use.
TEST_P(ProviderTest, too_little_validity_is_expired_and_leaves_nothing) {
    ServiceOptions options = patient();
    options.min_validity = 60s;
    reopen(options);
    auto lock = service().try_acquire("r", {.ttl = 60s}).get();
    EXPECT_TRUE(fails_with(Errc::expired, lock));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, extend_lengthens) {
    if (!can_extend()) return;
    Lock lock = must_acquire("r", {.ttl = 10s});
    const Instant before = lock.validity_end();
    ASSERT_TRUE(is_ok(lock.extend(50s).get()));
    EXPECT_GE(lock.validity_end(), before + 30s);
    EXPECT_LE(lock.remaining(), 50s - 500ms - 2ms);
    if (cannot().inspect) return;
    auto seen = service().inspect("r").get();
    ASSERT_TRUE(is_ok(seen));
    ASSERT_TRUE(seen->remaining.has_value());
    EXPECT_GT(*seen->remaining, 15s);
    EXPECT_EQ(seen->holder, lock.token());
}

TEST_P(ProviderTest, extend_never_shortens) {
    if (!can_extend()) return;
    Lock lock = must_acquire("r", {.ttl = 60s});
    const Instant before = lock.validity_end();
    ASSERT_TRUE(is_ok(lock.extend(1s).get()));
    EXPECT_GE(lock.validity_end(), before);
    if (cannot().inspect) return;
    auto seen = service().inspect("r").get();
    ASSERT_TRUE(is_ok(seen));
    ASSERT_TRUE(seen->remaining.has_value());
    EXPECT_GT(*seen->remaining, 20s);
}

// Hazards 14 and 15: rules E4 and L2.
TEST_P(ProviderTest, extending_a_lock_that_was_taken_away_is_lost_for_ever) {
    if (!can_extend()) return;
    Lock lock = must_acquire("r", {.ttl = kLongTtl});
    std::atomic<bool> told{false};
    std::stop_callback on_loss(lock.lost(), [&] { told = true; });
    take_away(lock);
    EXPECT_TRUE(fails_with(Errc::lost, lock.extend(kLongTtl).get()));
    EXPECT_FALSE(lock.held());
    EXPECT_EQ(lock.remaining(), 0s);
    EXPECT_TRUE(eventually([&] { return told.load(); }));
    EXPECT_TRUE(lock.lost().stop_requested());
    EXPECT_TRUE(fails_with(Errc::lost, lock.extend(kLongTtl).get()));
    EXPECT_EQ(nodes_holding(service(), "r"), 0);
}

// Hazard 15.
TEST_P(ProviderTest, extending_an_expired_lock_does_not_revive_it) {
    if (!can_extend()) return;
    Lock lock = must_acquire("r", {.ttl = 60ms});
    wait_until_not_held(lock);
    EXPECT_TRUE(fails_with(Errc::lost, lock.extend(kLongTtl).get()));
    EXPECT_FALSE(lock.held());
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, a_second_release_is_quietly_not_held) {
    Lock lock = must_acquire("r", {.ttl = kLongTtl});
    EXPECT_TRUE(is_ok(lock.release().get()));
    EXPECT_FALSE(lock.held());
    EXPECT_TRUE(fails_with(Errc::not_held, lock.release().get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

// Rule R4.
TEST_P(ProviderTest, a_lock_is_not_held_from_the_call_of_release_on) {
    Lock lock = must_acquire("r", {.ttl = kLongTtl});
    auto releasing = lock.release();
    EXPECT_FALSE(lock.held());
    EXPECT_EQ(lock.remaining(), 0s);
    EXPECT_TRUE(is_ok(releasing.get()));
}

// Hazard 26: the validity is over, the key still lives. Its end is then not left to the ttl.
TEST_P(ProviderTest, releasing_an_expired_lock_is_quiet_and_cleans_up) {
    ServiceOptions options = patient();
    options.drift_factor = 0.5;
    options.max_ttl = 120s;
    reopen(options);
    Lock lock = must_acquire("r", {.ttl = 300ms});
    wait_until_not_held(lock);
    const auto released = lock.release().get();
    EXPECT_TRUE(released ? is_ok(released) : fails_with(Errc::not_held, released));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, the_destructor_releases) {
    { Lock lock = must_acquire("r", {.ttl = kLongTtl}); }
    EXPECT_TRUE(nothing_left(service(), "r"));
    EXPECT_TRUE(is_ok(rival().try_acquire("r").get()));
}

TEST_P(ProviderTest, a_moved_lock_is_released_once_by_its_new_owner) {
    Lock first = must_acquire("r", {.ttl = kLongTtl});
    Lock other = must_acquire("other", {.ttl = kLongTtl});
    {
        Lock second(std::move(first));
        EXPECT_TRUE(second.held());
        other = std::move(second);
        EXPECT_TRUE(other.held());
        EXPECT_EQ(other.resource(), "r");
        EXPECT_TRUE(nothing_left(service(), "other"));
    }
    EXPECT_TRUE(other.held());
    EXPECT_TRUE(fails_with(Errc::contended, rival().try_acquire("r").get()));
}

TEST_P(ProviderTest, a_detached_lock_keeps_its_key) {
    std::string token;
    {
        Lock lock = must_acquire("r", {.ttl = kLongTtl});
        token = lock.token();
        lock.detach();
        EXPECT_FALSE(lock.held());
    }
    EXPECT_TRUE(fails_with(Errc::contended, rival().try_acquire("r").get()));
    if (!cannot().extend) {
        EXPECT_TRUE(is_ok(service().extend("r", token, kLongTtl).get()));
    }
    EXPECT_TRUE(is_ok(service().release("r", token).get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

// Hazard 17: rule L1.
TEST_P(ProviderTest, loss_is_told_when_the_validity_ends) {
    Lock lock = must_acquire("r", {.ttl = 60ms});
    std::atomic<bool> told{false}, held_then{true};
    std::stop_callback on_loss(lock.lost(), [&] {
        held_then = lock.held();
        told = true;
    });
    ASSERT_TRUE(eventually([&] { return told.load(); }));
    EXPECT_FALSE(held_then);
    EXPECT_TRUE(lock.lost().stop_requested());
}

TEST_P(ProviderTest, a_release_in_time_is_no_loss) {
    Lock lock = must_acquire("r", {.ttl = 500ms});
    const std::stop_token lost = lock.lost();
    ASSERT_TRUE(is_ok(lock.release().get()));
    // Another lock's later end is the mark on the same clock.
    Lock mark = must_acquire("mark", {.ttl = 700ms});
    const std::stop_token mark_lost = mark.lost();
    ASSERT_TRUE(eventually([&] { return mark_lost.stop_requested(); }));
    EXPECT_FALSE(lost.stop_requested());
}

// Hazard 16's good case: a renewed lock outlives its ttl.
TEST_P(ProviderTest, renewal_keeps_a_lock_beyond_its_ttl) {
    if (!can_extend()) return;
    Lock lock = must_acquire("r", {.ttl = 1s, .renew = true});
    const Instant first_end = lock.validity_end();
    ASSERT_TRUE(eventually([&] { return lock.validity_end() > first_end + 1s; }));
    EXPECT_TRUE(lock.held());
    EXPECT_FALSE(lock.lost().stop_requested());
    EXPECT_TRUE(fails_with(Errc::contended, rival().try_acquire("r").get()));
    EXPECT_TRUE(is_ok(lock.release().get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

// Hazard 28: bounded. That it can be off is loss_is_told_when_the_validity_ends.
TEST_P(ProviderTest, renewal_ends_with_max_hold) {
    if (!can_extend()) return;
    Lock lock = must_acquire("r", {.ttl = 300ms, .renew = Renewal(20ms, 200ms)});
    const Instant first_end = lock.validity_end();
    const std::stop_token lost = lock.lost();
    ASSERT_TRUE(eventually([&] { return lost.stop_requested(); }));
    EXPECT_FALSE(lock.held());
    EXPECT_GE(lock.validity_end(), first_end);
    EXPECT_LE(lock.validity_end(), first_end + 200ms + 300ms);
}

// Hazard 25, with the thread sanitizer as the judge.
TEST_P(ProviderTest, a_handle_may_be_used_by_many_threads_at_once) {
    if (!can_extend()) return;
    Lock lock = must_acquire("r", {.ttl = kLongTtl, .renew = Renewal(5ms)});
    std::atomic<int> released{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            for (int n = 0; n < 20; ++n) {
                (void)lock.held();
                (void)lock.remaining();
                (void)lock.nodes();
                (void)lock.votes();
                (void)lock.lost();
                const auto extended = lock.extend(kLongTtl).get();
                EXPECT_TRUE(extended ? is_ok(extended) : fails_with(Errc::not_held, extended));
            }
            if (i % 4 == 0 && lock.release().get()) ++released;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(released, 1);
    EXPECT_FALSE(lock.held());
    EXPECT_TRUE(nothing_left(service(), "r"));
}

}  // namespace quorumlock::testing
