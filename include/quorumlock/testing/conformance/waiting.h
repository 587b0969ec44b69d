// The contract: waiting for a lock, and giving up waiting.
#pragma once

#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include <quorumlock/testing/conformance/provider.h>

namespace quorumlock::testing {

// Hazard 29.
TEST_P(ProviderTest, try_acquire_does_not_wait) {
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    const Stopwatch watch;
    auto second = service().try_acquire("r", {.ttl = kLongTtl, .wait = kLongWait}).get();
    EXPECT_TRUE(fails_with(Errc::contended, second));
    EXPECT_LT(watch.elapsed(), 10s);
}

TEST_P(ProviderTest, a_waiter_gets_the_lock_after_its_release) {
    std::optional<Lock> held(must_acquire("r", {.ttl = kLongTtl}));
    auto waiting = rival().acquire("r", {.ttl = kLongTtl, .wait = kLongWait});
    EXPECT_FALSE(waiting.done());
    ASSERT_TRUE(is_ok(held->release().get()));
    const Stopwatch watch;
    auto lock = waiting.get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_TRUE(lock->held());
    EXPECT_LT(watch.elapsed(), 15s) << "it must not wait for the old lease of 30 s to end";
}

TEST_P(ProviderTest, a_waiter_gets_the_lock_after_the_holders_ttl_and_not_before) {
    Lock held = must_acquire("r", {.ttl = 150ms});
    auto lock = rival().acquire("r", {.ttl = kLongTtl, .wait = kLongWait}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_FALSE(held.held());
    EXPECT_TRUE(lock->held());
}

TEST_P(ProviderTest, a_wait_that_runs_out_says_who_refused) {
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    const Stopwatch watch;
    auto second = rival().acquire("r", {.ttl = kLongTtl, .wait = 400ms}).get();
    EXPECT_LT(watch.elapsed(), 10s);
    ASSERT_TRUE(fails_with(Errc::contended, second));
    if (!cannot().tell_remaining) {
        EXPECT_GT(second.error().holder_remaining(), 0s);
    }
    EXPECT_LE(second.error().holder_remaining(), kLongTtl);
    EXPECT_EQ(static_cast<int>(second.error().nodes().size()), provider().nodes);
    EXPECT_TRUE(held.held());
}

// Hazard 18: a retry delay of 0 is allowed.
TEST_P(ProviderTest, a_waiter_may_retry_without_a_pause) {
    ServiceOptions options = patient();
    options.retry_delay = 0ms;
    options.retry_delay_max = 0ms;
    reopen(options);
    Lock held = must_acquire("r", {.ttl = 100ms});
    auto lock = service().acquire("r", {.ttl = kLongTtl, .wait = kLongWait}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_FALSE(held.held());
}

// Hazard 19.
TEST_P(ProviderTest, a_dropped_acquire_leaves_nothing) {
    ASSERT_TRUE(is_ok(service().nodes().get())) << "connected: else nothing is asked at all";
    for (int i = 0; i < 20; ++i) {
        (void)service().acquire("r", {.ttl = kLongTtl, .wait = kLongWait});
    }
    EXPECT_TRUE(nothing_left(service(), "r"));
    EXPECT_TRUE(is_ok(service().try_acquire("r").get()));
}

TEST_P(ProviderTest, a_dropped_waiter_does_not_take_the_lock_later) {
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    { auto waiting = service().acquire("r", {.ttl = kLongTtl, .wait = kLongWait}); }
    ASSERT_TRUE(is_ok(held.release().get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
    EXPECT_TRUE(is_ok(service().try_acquire("r").get()));
}

TEST_P(ProviderTest, a_stop_token_cancels_a_waiter) {
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    std::stop_source source;
    auto waiting =
        service().acquire("r", {.ttl = kLongTtl, .wait = kLongWait, .stop = source.get_token()});
    EXPECT_FALSE(waiting.done());
    source.request_stop();
    EXPECT_TRUE(fails_with(Errc::cancelled, waiting.get()));
    EXPECT_TRUE(held.held());
    ASSERT_TRUE(is_ok(held.release().get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, a_stop_token_stopped_before_sends_nothing) {
    std::stop_source source;
    source.request_stop();
    auto lock = service().acquire("r", {.ttl = kLongTtl, .stop = source.get_token()}).get();
    EXPECT_TRUE(fails_with(Errc::cancelled, lock));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

// Cancelling at every moment of an acquire, also while its answers are on their way: either it was
// got, or it is `cancelled` and nothing of it remains.
TEST_P(ProviderTest, an_acquire_cancelled_in_mid_flight_leaves_nothing) {
    for (int i = 0; i < 40; ++i) {
        std::stop_source source;
        auto asked = service().acquire("r", {.ttl = kLongTtl, .stop = source.get_token()});
        std::thread stopper([&source, i] {
            std::this_thread::sleep_for(std::chrono::microseconds(i * 20));
            source.request_stop();
        });
        auto lock = asked.get();
        stopper.join();
        if (lock) {
            EXPECT_TRUE(lock->held());
            ASSERT_TRUE(is_ok(lock->release().get()));
        } else {
            ASSERT_TRUE(fails_with(Errc::cancelled, lock));
        }
    }
    EXPECT_TRUE(nothing_left(service(), "r"));
}

// A stop after the acquire has nothing to cancel.
TEST_P(ProviderTest, a_stop_token_does_not_touch_a_held_lock) {
    std::stop_source source;
    Lock lock = must_acquire("r", {.ttl = kLongTtl, .stop = source.get_token()});
    source.request_stop();
    EXPECT_TRUE(lock.held());
    EXPECT_GE(nodes_holding(service(), "r"), provider().quorum());
}

}  // namespace quorumlock::testing
