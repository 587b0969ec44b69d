// The double that users test with: their code sees what a test says, without any lock.
#include <quorumlock/testing/mock_named_locks.h>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <quorumlock/task.h>

#include "tests/support/detached.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::_;
using ::testing::InSequence;
using ::testing::NiceMock;
using ::testing::StrictMock;

TEST(MockNamedLocks, grants_where_a_test_says_nothing) {
    NiceMock<MockNamedLocks> locks;
    EXPECT_TRUE(locks.try_acquire("r", 1s, {}).get().value());
    EXPECT_TRUE(locks.extend("r", 1s).get().value());
    EXPECT_TRUE(locks.release("r").get().value());
}

TEST(MockNamedLocks, answers_as_told) {
    StrictMock<MockNamedLocks> locks;
    EXPECT_CALL(locks, try_acquire(std::string_view("r"), Nanos(5s), _))
        .WillOnce(Contended())
        .WillOnce(Outage(Errc::no_quorum, "three of five are down"))
        .WillOnce(Granted());
    EXPECT_FALSE(locks.try_acquire("r", 5s, {}).get().value());
    const auto outage = locks.try_acquire("r", 5s, {}).get();
    EXPECT_TRUE(fails_with(Errc::no_quorum, outage));
    EXPECT_EQ(outage.error().message(), "three of five are down");
    EXPECT_TRUE(locks.try_acquire("r", 5s, {}).get().value());
}

TEST(MockNamedLocks, execute_acquires_runs_and_releases) {
    StrictMock<MockNamedLocks> locks;
    NamedLocksInterface& used = locks;
    const InSequence in_order;
    EXPECT_CALL(locks, try_acquire(std::string_view("r"), NamedLocksInterface::kDefaultExpiry, _));
    EXPECT_CALL(locks, extend(std::string_view("r"), Nanos(2min)));
    EXPECT_CALL(locks, release(std::string_view("r"))).WillOnce(Contended());  // it had expired
    const auto execution =
        used.execute("r", [&] { return used.extend("r", 2min).get().value() ? 42 : 0; });
    ASSERT_TRUE(is_ok(execution));
    EXPECT_EQ(**execution, 42);
    EXPECT_FALSE(execution->held());
}

TEST(MockNamedLocks, execute_does_not_run_what_is_not_acquired) {
    StrictMock<MockNamedLocks> locks;
    EXPECT_CALL(locks, try_acquire).WillOnce(Contended()).WillOnce(Outage());
    bool ran = false;
    const auto contended = locks.execute("r", [&] { ran = true; });
    ASSERT_TRUE(is_ok(contended));
    EXPECT_FALSE(contended->ran());
    EXPECT_TRUE(fails_with(Errc::no_quorum, locks.execute("r", [&] { ran = true; })));
    EXPECT_FALSE(ran);
}

TEST(MockNamedLocks, execute_releases_behind_an_exception) {
    StrictMock<MockNamedLocks> locks;
    EXPECT_CALL(locks, try_acquire).Times(2);
    EXPECT_CALL(locks, release).Times(2);
    const auto fails = []() -> int { throw std::runtime_error("f's own"); };
    EXPECT_THROW((void)locks.execute("r", fails), std::runtime_error);
    EXPECT_THROW((void)locks.execute_async("r", fails).get(), std::runtime_error);
}

TEST(MockNamedLocks, coroutine_runs_to_its_end_at_once) {
    NiceMock<MockNamedLocks> locks;
    std::optional<int> told;
    auto use = [&]() -> Detached {
        auto execution = co_await locks.execute_async("r", [&]() -> Task<int> {
            auto extended = co_await locks.extend("r", 1s);
            co_return extended.value() ? 7 : 0;
        });
        told = **execution;
    };
    use();
    EXPECT_EQ(told, 7);
}

TEST(MockNamedLocks, then_calls_back_in_the_calling_thread) {
    NiceMock<MockNamedLocks> locks;
    std::thread::id told;
    locks.try_acquire("r", 1s, {}).then([&](Result<bool> acquired) {
        EXPECT_TRUE(acquired.value());
        told = std::this_thread::get_id();
    });
    EXPECT_EQ(told, std::this_thread::get_id());
}

/// Suspends until a thread of the test resumes it.
struct Parked {
    std::coroutine_handle<>& handle;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { handle = waiting; }
    void await_resume() const noexcept {}
};

TEST(MockNamedLocks, blocking_on_a_coroutine_that_another_thread_ends_works) {
    NiceMock<MockNamedLocks> locks;
    std::coroutine_handle<> parked;
    auto running = locks.execute_async("r", [&]() -> Task<int> {
        co_await Parked{parked};
        co_return 7;
    });
    EXPECT_FALSE(running.done());
    std::thread other([&] { parked.resume(); });
    EXPECT_EQ(**running.get(), 7);
    other.join();
}

TEST(MockNamedLocks, callback_on_a_coroutine_that_another_thread_ends_works) {
    NiceMock<MockNamedLocks> locks;
    std::coroutine_handle<> parked;
    std::optional<int> told;
    locks
        .execute_async("r",
                       [&]() -> Task<int> {
                           co_await Parked{parked};
                           co_return 7;
                       })
        .then([&](Result<Execution<int>> execution) { told = **execution; });
    EXPECT_FALSE(told.has_value());
    parked.resume();
    EXPECT_EQ(told, 7);
}

}  // namespace
}  // namespace quorumlock::testing
