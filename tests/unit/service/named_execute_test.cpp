// execute_async in virtual time: what runs when, and what is told of it.
#include <quorumlock/named_locks.h>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <quorumlock/task.h>

#include "tests/support/detached.h"
#include "tests/support/service_fixture.h"
#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

class ExecuteInTime : public ::testing::Test {
  protected:
    ExecuteInTime() {
        world_.open();
        locks_.emplace(NamedLocks::over(*world_.locks));
    }
    bool acquires(const std::string& name) {
        return world_.after(Nanos{0}, locks_->try_acquire(name, 10s)).value();
    }

    ServiceWorld world_{3};
    std::optional<NamedLocks> locks_;
};

TEST_F(ExecuteInTime, runs_while_holding_and_gives_the_value) {
    int holding = 0;
    auto execution = world_.after(Nanos{0}, locks_->execute_async("r", [&] {
        holding = world_.holding("r");
        return std::string("done");
    }));
    ASSERT_TRUE(is_ok(execution));
    EXPECT_TRUE(execution->ran());
    EXPECT_TRUE(execution->held());
    EXPECT_EQ(**execution, "done");
    EXPECT_EQ(holding, 3);
    EXPECT_EQ(world_.holding("r"), 0);
}

TEST_F(ExecuteInTime, not_acquired_nothing_returned_and_outage_are_three_things) {
    ASSERT_TRUE(acquires("taken"));
    bool ran = false;
    auto contended = world_.after(Nanos{0}, locks_->execute_async("taken", [&] { ran = true; }));
    ASSERT_TRUE(is_ok(contended));
    EXPECT_FALSE(contended->ran());
    EXPECT_FALSE(contended->held());
    EXPECT_FALSE(ran);

    auto nothing = world_.after(Nanos{0}, locks_->execute_async("r", [&]() -> std::optional<int> {
        ran = true;
        return std::nullopt;
    }));
    ASSERT_TRUE(is_ok(nothing));
    EXPECT_TRUE(nothing->ran());
    EXPECT_EQ(**nothing, std::nullopt);
    EXPECT_TRUE(ran);

    ran = false;
    world_.set_all(Mode::fail);
    auto outage = world_.after(Nanos{0}, locks_->execute_async("r", [&] { ran = true; }));
    EXPECT_TRUE(fails_with(Errc::no_quorum, outage));
    EXPECT_FALSE(ran);
}

TEST_F(ExecuteInTime, coroutine_is_awaited_while_holding) {
    const auto extend_twice = [&]() -> Task<int> {
        auto first = co_await locks_->extend("r", 20s);
        auto second = co_await locks_->extend("r", 30s);
        co_return first.value() + second.value() + world_.holding("r");
    };
    auto execution = world_.after(Nanos{0}, locks_->execute_async("r", extend_twice, 10s));
    ASSERT_TRUE(is_ok(execution));
    EXPECT_EQ(**execution, 2 + 3);
    EXPECT_TRUE(execution->held());
    EXPECT_EQ(world_.holding("r"), 0);
}

TEST_F(ExecuteInTime, coroutine_without_a_result_runs_too) {
    int steps = 0;
    auto execution = world_.after(Nanos{0}, locks_->execute_async("r", [&]() -> Task<> {
        ++steps;
        (void)co_await locks_->extend("r", 20s);
        ++steps;
    }));
    ASSERT_TRUE(is_ok(execution));
    EXPECT_TRUE(execution->ran());
    EXPECT_EQ(steps, 2);
}

TEST_F(ExecuteInTime, any_awaitable_will_do) {
    auto execution = world_.after(
        Nanos{0}, locks_->execute_async("r", [&] { return locks_->try_acquire("other", 10s); }));
    ASSERT_TRUE(is_ok(execution));
    EXPECT_TRUE((*execution)->value());
    EXPECT_EQ(world_.holding("other"), 3);
}

TEST_F(ExecuteInTime, expiry_under_a_slow_coroutine_is_told_to_it_and_to_the_caller) {
    bool lost_seen = false;
    auto slow = [&](std::stop_token lost) -> Task<> {
        world_.set_all(Mode::hang);
        (void)co_await world_.locks->inspect("x");  // answered at its time limit, after the expiry
        lost_seen = lost.stop_requested();
    };
    auto running = locks_->execute_async("r", slow, 100ms);
    world_.env.run();
    world_.env.advance(10s);
    ASSERT_TRUE(running.done());
    auto execution = running.get();
    ASSERT_TRUE(is_ok(execution));
    EXPECT_TRUE(execution->ran());
    EXPECT_FALSE(execution->held());
    EXPECT_TRUE(lost_seen);
}

TEST_F(ExecuteInTime, released_by_its_name_meanwhile_is_told) {
    auto execution = world_.after(Nanos{0}, locks_->execute_async("r", [&]() -> Task<bool> {
        auto released = co_await locks_->release("r");
        co_return released.value();
    }));
    ASSERT_TRUE(is_ok(execution));
    EXPECT_TRUE(**execution);
    EXPECT_FALSE(execution->held());
}

TEST_F(ExecuteInTime, end_of_a_run_leaves_a_later_acquisition_of_the_name_alone) {
    auto outlived = [&]() -> Task<bool> {
        (void)co_await locks_->release("r");
        auto again = co_await locks_->try_acquire("r", 10s);
        co_return again.value();
    };
    auto execution = world_.after(Nanos{0}, locks_->execute_async("r", outlived));
    ASSERT_TRUE(is_ok(execution));
    EXPECT_TRUE(**execution);
    EXPECT_FALSE(execution->held());
    EXPECT_EQ(world_.holding("r"), 3);
}

TEST_F(ExecuteInTime, lost_on_the_nodes_is_seen_at_the_end) {
    auto execution = world_.after(Nanos{0}, locks_->execute_async("r", [&] {
        for (auto* node : world_.nodes) node->keys.clear();
    }));
    ASSERT_TRUE(is_ok(execution));
    EXPECT_FALSE(execution->held());
}

TEST_F(ExecuteInTime, what_f_captured_is_gone_when_the_end_is_told) {
    auto captured = std::make_shared<int>(7);
    auto execution =
        world_.after(Nanos{0}, locks_->execute_async("r", [captured] { return *captured; }));
    EXPECT_EQ(**execution, 7);
    EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(ExecuteInTime, f_never_runs_inside_the_call_that_asks) {
    bool ran = false;
    auto running = locks_->execute_async("r", [&] { ran = true; });
    EXPECT_FALSE(ran);
    EXPECT_TRUE(is_ok(world_.after(Nanos{0}, std::move(running))));
    EXPECT_TRUE(ran);
}

TEST_F(ExecuteInTime, stop_token_cancels_before_f_and_f_does_not_run) {
    bool ran = false;
    std::stop_source stop;
    world_.set_all(Mode::apply_and_hang);
    auto running = locks_->execute_async(
        "r", [&] { ran = true; }, 10s, stop.get_token());
    world_.env.run();
    stop.request_stop();
    EXPECT_TRUE(fails_with(Errc::cancelled, world_.after(Nanos{0}, std::move(running))));
    EXPECT_FALSE(ran);
    EXPECT_EQ(world_.holding("r"), 0);
}

TEST_F(ExecuteInTime, dropped_operation_lets_f_run_on) {
    bool ran = false;
    {
        auto dropped = locks_->execute_async("r", [&] { ran = true; });
    }
    world_.env.run();
    EXPECT_TRUE(ran);
    EXPECT_EQ(world_.holding("r"), 0);
    EXPECT_EQ(world_.locks->stats().operations, 0U);
}

TEST_F(ExecuteInTime, run_keeps_its_lock_when_the_object_ends) {
    auto f = [&]() -> Task<int> {
        locks_.reset();
        (void)co_await world_.locks->inspect("x");
        co_return world_.holding("r");
    };
    auto execution = world_.after(Nanos{0}, locks_->execute_async("r", f));
    ASSERT_TRUE(is_ok(execution));
    EXPECT_EQ(**execution, 3);
    EXPECT_TRUE(execution->held());
    EXPECT_EQ(world_.holding("r"), 0);
}

// ---- exceptions of f ----

int fails() { throw std::runtime_error("f's own"); }

TEST_F(ExecuteInTime, exception_comes_out_of_get_and_the_lock_is_released) {
    auto running = locks_->execute_async("r", fails);
    world_.env.run();
    EXPECT_THROW((void)running.get(), std::runtime_error);
    EXPECT_EQ(world_.holding("r"), 0);
    EXPECT_EQ(world_.locks->stats().operations, 0U);
}

TEST_F(ExecuteInTime, exception_of_a_coroutine_comes_out_of_co_await) {
    auto f = [&]() -> Task<> {
        (void)co_await locks_->extend("r", 20s);
        throw std::runtime_error("f's own");
    };
    std::string told;
    auto await = [&]() -> Detached {
        try {
            (void)co_await locks_->execute_async("r", f, 10s);
            told = "nothing";
        } catch (const std::runtime_error& error) {
            told = error.what();
        }
    };
    await();
    world_.env.run();
    EXPECT_EQ(told, "f's own");
    EXPECT_EQ(world_.holding("r"), 0);
}

TEST_F(ExecuteInTime, exception_is_in_the_execution_for_then) {
    std::exception_ptr told;
    locks_->execute_async("r", fails).then([&](Result<Execution<int>> execution) {
        EXPECT_TRUE(execution->ran());
        EXPECT_TRUE(execution->held());
        EXPECT_THROW((void)execution->value(), std::runtime_error);
        told = execution->exception();
    });
    world_.env.run();
    EXPECT_THROW(std::rethrow_exception(told), std::runtime_error);
    EXPECT_EQ(world_.holding("r"), 0);
}

TEST_F(ExecuteInTime, exception_comes_out_of_the_future) {
    auto future = locks_->execute_async("r", fails).as_future();
    world_.env.run();
    EXPECT_THROW((void)future.get(), std::runtime_error);
}

}  // namespace
}  // namespace quorumlock::testing
