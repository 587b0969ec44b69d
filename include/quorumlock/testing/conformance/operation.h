// The contract: the four ways to take a result, with_lock, and the end of a service.
#pragma once

#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <quorumlock/testing/conformance/detached.h>
#include <quorumlock/testing/conformance/provider.h>

namespace quorumlock::testing {

namespace conformance {

inline Detached cycle(LockService& service, std::promise<std::string>& told) {
    auto lock = co_await service.acquire("r", {.ttl = 30s});
    if (!lock) {
        told.set_value(text_of(lock));
        co_return;
    }
    const bool held = lock->held();
    auto extended = co_await lock->extend(40s);
    auto released = co_await lock->release();
    told.set_value((held ? "held " : "not held ") + text_of(extended) + " " + text_of(released));
}

}  // namespace conformance

TEST_P(ProviderTest, a_coroutine_awaits_acquire_extend_and_release) {
    if (!can_extend()) return;
    std::promise<std::string> told;
    auto answer = told.get_future();
    conformance::cycle(service(), told);
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_EQ(answer.get(), "held ok ok");
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, then_calls_back_on_another_thread) {
    std::promise<std::thread::id> told;
    auto answer = told.get_future();
    std::optional<Lock> kept;
    service().acquire("r", {.ttl = kLongTtl}).then([&](Result<Lock> lock) {
        if (lock) kept.emplace(std::move(lock).value());
        told.set_value(std::this_thread::get_id());
    });
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_NE(answer.get(), std::this_thread::get_id());
    ASSERT_TRUE(kept.has_value());
    EXPECT_TRUE(kept->held());
}

TEST_P(ProviderTest, then_on_a_finished_operation_still_calls_back) {
    auto asked = service().acquire("r", {.ttl = kLongTtl});
    // Another operation of this service, waited for, drives the first one too.
    ASSERT_TRUE(eventually([&] { return is_ok(service().nodes().get()) && asked.done(); }));
    std::promise<bool> told;
    auto answer = told.get_future();
    asked.then([&](Result<Lock> lock) { told.set_value(lock.has_value()); });
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_TRUE(answer.get());
}

TEST_P(ProviderTest, as_future_carries_value_and_error) {
    auto first = service().acquire("r", {.ttl = kLongTtl}).as_future();
    ASSERT_EQ(first.wait_for(kLimit), std::future_status::ready);
    auto lock = first.get();
    ASSERT_TRUE(is_ok(lock));
    auto second = service().try_acquire("r").as_future();
    ASSERT_EQ(second.wait_for(kLimit), std::future_status::ready);
    EXPECT_TRUE(fails_with(Errc::contended, second.get()));
}

TEST_P(ProviderTest, done_tells_that_get_will_not_block) {
    auto asked = service().acquire("r", {.ttl = kLongTtl});
    // Nobody blocks on it: the service's own thread has to bring it home.
    ASSERT_TRUE(eventually([&] { return asked.done(); }));
    EXPECT_TRUE(is_ok(asked.get()));
}

TEST_P(ProviderTest, get_inside_a_callback_answers_would_deadlock) {
    std::promise<Result<Lock>> told;
    auto answer = told.get_future();
    service().nodes().then([&](Result<std::vector<NodeInfo>>) {
        told.set_value(service().acquire("r", {.ttl = kLongTtl}).get());
    });
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_TRUE(fails_with(Errc::would_deadlock, answer.get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, a_loss_callback_may_call_the_service) {
    std::promise<std::string> told;
    auto answer = told.get_future();
    Lock lock = must_acquire("r", {.ttl = 60ms});
    std::stop_callback on_loss(lock.lost(), [&] {
        lock.release().then([&](Result<void> released) {
            told.set_value(released ? "ok" : errc_name(released.error().code()));
        });
    });
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    const std::string said = answer.get();
    EXPECT_TRUE(said == "ok" || said == "not_held") << said;
}

TEST_P(ProviderTest, with_lock_runs_only_while_holding) {
    auto value = service().with_lock("r", {.ttl = kLongTtl}, [&](Lock& lock) {
        EXPECT_TRUE(lock.held());
        EXPECT_TRUE(fails_with(Errc::contended, rival().try_acquire("r").get()));
        return 42;
    });
    ASSERT_TRUE(is_ok(value));
    EXPECT_EQ(*value, 42);
    EXPECT_TRUE(nothing_left(service(), "r"));

    bool ran = false;
    EXPECT_TRUE(is_ok(service().with_lock("r", {.ttl = kLongTtl}, [&](Lock&) { ran = true; })));
    EXPECT_TRUE(ran);
    EXPECT_TRUE(nothing_left(service(), "r"));

    Lock held = must_acquire("r", {.ttl = kLongTtl});
    ran = false;
    auto refused = service().with_lock("r", {.ttl = kLongTtl}, [&](Lock&) { ran = true; });
    EXPECT_TRUE(fails_with(Errc::contended, refused));
    EXPECT_FALSE(ran);
}

TEST_P(ProviderTest, with_lock_releases_and_passes_an_exception_on) {
    EXPECT_THROW((void)service().with_lock(
                     "r", {.ttl = kLongTtl},
                     [](Lock&) -> int { throw std::runtime_error("the caller's own"); }),
                 std::runtime_error);
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, close_completes_what_is_open_with_closed) {
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    std::vector<Operation<Lock>> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.push_back(service().acquire("r", {.ttl = kLongTtl, .wait = kLongWait}));
    }
    std::promise<Result<Lock>> told;
    auto answer = told.get_future();
    service().acquire("r", {.ttl = kLongTtl, .wait = kLongWait}).then([&](Result<Lock> lock) {
        told.set_value(std::move(lock));
    });
    EXPECT_TRUE(is_ok(service().close().get()));
    for (auto& operation : waiting) EXPECT_TRUE(fails_with(Errc::closed, operation.get()));
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_TRUE(fails_with(Errc::closed, answer.get()));
    EXPECT_FALSE(held.held());
}

TEST_P(ProviderTest, after_close_every_call_answers_closed) {
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    const std::string token(held.token());
    EXPECT_TRUE(is_ok(service().close().get()));
    EXPECT_TRUE(fails_with(Errc::closed, service().acquire("x").get()));
    EXPECT_TRUE(fails_with(Errc::closed, service().try_acquire("x").get()));
    EXPECT_TRUE(fails_with(cannot().extend ? Errc::unsupported : Errc::closed,
                           service().extend("r", token, 10s).get()));
    EXPECT_TRUE(fails_with(Errc::closed, service().release("r", token).get()));
    EXPECT_TRUE(fails_with(cannot().inspect ? Errc::unsupported : Errc::closed,
                           service().inspect("r").get()));
    EXPECT_TRUE(fails_with(Errc::closed, service().nodes().get()));
    EXPECT_FALSE(held.extend(10s).get().has_value());
    EXPECT_FALSE(held.release().get().has_value());
    EXPECT_TRUE(is_ok(service().close().get())) << "closing again is allowed";
}

TEST_P(ProviderTest, close_releases_what_is_held) {
    if (!provider().shared) GTEST_SKIP() << "the nodes end with their service";
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    EXPECT_TRUE(is_ok(service().close().get()));
    EXPECT_EQ(nodes_holding(rival(), "r"), 0);
}

// Hazard 27: destructors in any order, on any thread, are quiet.
TEST_P(ProviderTest, a_lock_may_outlive_its_service) {
    std::optional<Lock> held;
    std::stop_token lost;
    {
        LockService own = open();
        auto lock = own.acquire("r", {.ttl = kLongTtl}).get();
        ASSERT_TRUE(is_ok(lock));
        held.emplace(std::move(lock).value());
        lost = held->lost();
    }
    EXPECT_FALSE(held->held());
    EXPECT_EQ(held->remaining(), 0s);
    EXPECT_EQ(held->resource(), "r");
    EXPECT_FALSE(held->release().get().has_value());
    std::thread([&] { held.reset(); }).join();
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, an_operation_may_outlive_its_service) {
    std::optional<Operation<Lock>> waiting;
    {
        LockService own = open();
        auto held = own.acquire("r", {.ttl = kLongTtl}).get();
        ASSERT_TRUE(is_ok(held));
        waiting.emplace(own.acquire("r", {.ttl = kLongTtl, .wait = kLongWait}));
    }
    EXPECT_TRUE(fails_with(Errc::closed, waiting->get()));
}

// Nobody is left then who could call back but the thread that asks.
TEST_P(ProviderTest, what_outlives_its_service_still_calls_back) {
    std::optional<Lock> held;
    std::optional<Operation<Lock>> waiting;
    {
        LockService own = open();
        auto lock = own.acquire("r", {.ttl = kLongTtl}).get();
        ASSERT_TRUE(is_ok(lock));
        held.emplace(std::move(lock).value());
        waiting.emplace(own.acquire("r", {.ttl = kLongTtl, .wait = kLongWait}));
    }
    std::vector<std::string> told;
    waiting->then([&](Result<Lock> lock) { told.push_back(errc_name(lock.error().code())); });
    held->extend(kLongTtl).then([&](Result<void> extended) {
        told.push_back(errc_name(extended.error().code()));
        const auto nested = held->release().get();
        told.push_back(errc_name(nested.error().code()));
        held.reset();  // the last reference to the service
    });
    const std::string refusal = cannot().extend ? "unsupported" : "closed";
    EXPECT_EQ(told, (std::vector<std::string>{"closed", refusal, "would_deadlock"}));
}

// Pools and leases go back to where they were.
TEST_P(ProviderTest, work_leaves_no_leases_and_no_operations_behind) {
    for (int i = 0; i < 100; ++i) {
        Lock lock = must_acquire("r" + std::to_string(i), {.ttl = kLongTtl});
        EXPECT_TRUE(is_ok(lock.release().get()));
    }
    EXPECT_TRUE(eventually([&] {
        const ServiceStats stats = service().stats();
        return stats.leases == 0 && stats.operations == 0;
    }));
}

}  // namespace quorumlock::testing
