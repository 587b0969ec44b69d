// A service inside a libuv loop of the caller's: nothing else runs, and the loop ends by itself.
#include <uv.h>

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "tests/integration/five_redis.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

class CallerLoopTest : public FiveRedis {
  protected:
    void SetUp() override {
        FiveRedis::SetUp();
        ASSERT_EQ(uv_loop_init(&loop_), 0);
    }
    void TearDown() override {
        if (service_) {
            bool closed = false;
            service_->close().then([&](Result<void> result) { closed = result.has_value(); });
            service_.reset();
            run();
            EXPECT_TRUE(closed);
        }
        EXPECT_EQ(uv_loop_close(&loop_), 0) << "handles of ours are left in the caller's loop";
    }
    void open(ServiceOptions options = patient()) {
        options.loop = &loop_;
        service_.emplace(open_service(uris(), std::move(options)));
    }
    /// Until the loop has nothing to do any more; a loop that never ends fails at the test's own
    /// time limit.
    void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

    uv_loop_t loop_{};
    std::optional<LockService> service_;
};

/// Keeps a loop alive until told otherwise, from any thread.
class Anchor {
  public:
    explicit Anchor(uv_loop_t* loop) {
        uv_async_init(loop, &async_, [](uv_async_t* handle) {
            uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
        });
    }
    void weigh() { uv_async_send(&async_); }

  private:
    uv_async_t async_{};
};

}  // namespace

TEST_F(CallerLoopTest, a_cycle_by_callbacks_and_the_loop_ends_when_idle) {
    open();
    const auto here = std::this_thread::get_id();
    bool released = false;
    std::optional<Lock> kept;
    service_->acquire("r", {.ttl = kLongTtl}).then([&](Result<Lock> lock) {
        ASSERT_TRUE(is_ok(lock));
        EXPECT_EQ(std::this_thread::get_id(), here) << "callbacks run in the caller's loop";
        kept.emplace(std::move(lock).value());
        EXPECT_TRUE(kept->held());
        kept->release().then([&](Result<void> result) {
            EXPECT_TRUE(is_ok(result));
            released = true;
        });
    });
    EXPECT_FALSE(released) << "nothing happens before the caller runs his loop";
    run();
    EXPECT_TRUE(released);
    EXPECT_TRUE(clean("r"));
}

TEST_F(CallerLoopTest, the_loop_ends_although_a_lock_is_held) {
    open();
    std::optional<Lock> kept;
    service_->acquire("r", {.ttl = kLongTtl}).then([&](Result<Lock> lock) {
        ASSERT_TRUE(is_ok(lock));
        kept.emplace(std::move(lock).value());
    });
    run();
    ASSERT_TRUE(kept.has_value());
    EXPECT_TRUE(kept->held());
    EXPECT_GE(holding("r"), 3);
}

TEST_F(CallerLoopTest, a_service_that_was_never_used_leaves_the_loop_at_once) {
    open();
    run();
}

TEST_F(CallerLoopTest, waiting_and_contention_work_in_the_loop) {
    open();
    std::optional<Lock> first, second;
    service_->acquire("r", {.ttl = 200ms}).then([&](Result<Lock> lock) {
        ASSERT_TRUE(is_ok(lock));
        first.emplace(std::move(lock).value());
        service_->acquire("r", {.ttl = kLongTtl, .wait = 60s}).then([&](Result<Lock> other) {
            ASSERT_TRUE(is_ok(other));
            second.emplace(std::move(other).value());
            EXPECT_FALSE(first->held());
        });
    });
    run();
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(second->held());
}

TEST_F(CallerLoopTest, get_inside_the_loop_answers_would_deadlock) {
    open();
    std::optional<Result<Inspection>> got;
    service_->inspect("r").then(
        [&](Result<Inspection>) { got.emplace(service_->inspect("r").get()); });
    run();
    ASSERT_TRUE(got.has_value());
    EXPECT_TRUE(fails_with(Errc::would_deadlock, *got));
}

TEST_F(CallerLoopTest, other_threads_may_block_while_the_caller_runs_his_loop) {
    open();
    Anchor anchor(&loop_);
    std::atomic<int> cycles{0};
    std::vector<std::thread> threads;
    std::atomic<int> running{4};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20; ++i) {
                auto lock = service_->acquire("r" + std::to_string(t), {.ttl = kLongTtl}).get();
                EXPECT_TRUE(is_ok(lock));
                if (!lock) break;
                EXPECT_TRUE(is_ok(lock->release().get()));
                ++cycles;
            }
            if (--running == 0) anchor.weigh();
        });
    }
    run();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(cycles, 80);
}

TEST_F(CallerLoopTest, close_does_not_block_and_completes_in_the_loop) {
    open();
    std::optional<Lock> kept;
    service_->acquire("r", {.ttl = kLongTtl}).then([&](Result<Lock> lock) {
        ASSERT_TRUE(is_ok(lock));
        kept.emplace(std::move(lock).value());
    });
    run();
    ASSERT_TRUE(kept.has_value());
    bool waiter_closed = false, closed = false;
    service_->acquire("r", {.ttl = kLongTtl, .wait = 60s}).then([&](Result<Lock> lock) {
        waiter_closed = bool(fails_with(Errc::closed, lock));
    });
    service_->close().then([&](Result<void> result) { closed = result.has_value(); });
    EXPECT_FALSE(closed);
    run();
    EXPECT_TRUE(closed);
    EXPECT_TRUE(waiter_closed);
    EXPECT_FALSE(kept->held());
    EXPECT_TRUE(clean("r"));
    kept.reset();
    service_.reset();
    run();
}

TEST_F(CallerLoopTest, after_close_every_call_answers_closed_without_the_loop) {
    open();
    std::optional<Lock> kept;
    service_->acquire("r", {.ttl = kLongTtl}).then([&](Result<Lock> lock) {
        ASSERT_TRUE(is_ok(lock));
        kept.emplace(std::move(lock).value());
    });
    run();
    ASSERT_TRUE(kept.has_value());
    service_->close().then([](Result<void> result) { EXPECT_TRUE(is_ok(result)); });
    run();
    EXPECT_TRUE(fails_with(Errc::closed, service_->acquire("x").get()));
    EXPECT_TRUE(is_ok(service_->close().get()));
    bool told = false;
    service_->inspect("r").then(
        [&](Result<Inspection> seen) { told = bool(fails_with(Errc::closed, seen)); });
    EXPECT_TRUE(told);
    // The last reference to the service goes in a callback of its own lock.
    service_.reset();
    told = false;
    kept->release().then([&](Result<void> released) {
        EXPECT_FALSE(released.has_value());
        kept.reset();
        told = true;
    });
    EXPECT_TRUE(told);
}

// Hazard 27.
TEST_F(CallerLoopTest, a_service_destroyed_without_close_still_gives_the_loop_back) {
    open();
    std::optional<Lock> kept;
    service_->acquire("r", {.ttl = kLongTtl}).then([&](Result<Lock> lock) {
        ASSERT_TRUE(is_ok(lock));
        kept.emplace(std::move(lock).value());
    });
    run();
    for (int i = 0; i < kNodes; ++i) server(i).freeze();
    const Stopwatch watch;
    service_.reset();
    EXPECT_LT(watch.elapsed(), 900ms) << "drain_timeout is 1 s, and nobody may wait for it here";
    for (int i = 0; i < kNodes; ++i) server(i).resume();
    run();
    EXPECT_FALSE(kept->held());
    kept.reset();
    run();
    EXPECT_TRUE(clean("r"));
}

TEST_F(CallerLoopTest, renewal_and_loss_run_in_the_loop) {
    open();
    Anchor anchor(&loop_);
    std::optional<Lock> kept;
    std::optional<std::stop_callback<std::function<void()>>> on_loss;
    service_->acquire("r", {.ttl = 300ms, .renew = Renewal(50ms, 600ms)})
        .then([&](Result<Lock> lock) {
            ASSERT_TRUE(is_ok(lock));
            kept.emplace(std::move(lock).value());
            on_loss.emplace(kept->lost(), [&] {
                EXPECT_FALSE(kept->held());
                anchor.weigh();
            });
        });
    run();
    ASSERT_TRUE(kept.has_value());
    EXPECT_TRUE(kept->lost().stop_requested());
    on_loss.reset();
}

}  // namespace quorumlock::testing
