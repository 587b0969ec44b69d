// The contract of locks by name: the same program over every kind of node. Coroutines get their f
// as a std::function: of a lambda's type gcc warns in a header that is no system header.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/named_locks.h>
#include <quorumlock/task.h>
#include <quorumlock/testing/conformance/provider.h>

namespace quorumlock::testing {

namespace conformance {

/// Written once, run over all of them.
inline std::vector<std::string> program(NamedLocksInterface& locks) {
    std::vector<std::string> said;
    const auto say = [&said](const char* what, const Result<bool>& answer) {
        said.push_back(std::string(what) +
                       (answer ? (*answer ? " true" : " false") : " " + text_of(answer)));
    };
    say("acquire", locks.try_acquire("r").get());
    say("again", locks.try_acquire("r", 30s).get());
    say("extend", locks.extend("r", 40s).get());
    say("release", locks.release("r").get());
    say("release", locks.release("r").get());
    auto length = locks.execute("r", [] { return std::string("abc").size(); });
    said.push_back("execute " + (length ? std::to_string(length->value()) : text_of(length)));
    return said;
}

/// Whether "r" is extended as it should be; by nodes that cannot, the plain refusal.
inline ::testing::AssertionResult extends_or_refuses(const Provider& provider, NamedLocks& locks,
                                                     bool held) {
    const auto extended = locks.extend("r", 30s).get();
    if (provider.cannot.extend) return fails_with(Errc::unsupported, extended);
    if (!extended) return ::testing::AssertionFailure() << text_of(extended);
    return *extended == held ? ::testing::AssertionSuccess()
                             : ::testing::AssertionFailure() << "extended: " << *extended;
}

}  // namespace conformance

TEST_P(ProviderTest, the_same_program_by_name_gives_the_same_answers) {
    auto locks = NamedLocks::open(world().uris(), on_nodes(patient()));
    ASSERT_TRUE(is_ok(locks));
    EXPECT_EQ(
        conformance::program(*locks),
        (std::vector<std::string>{"acquire true", "again false",
                                  cannot().extend ? "extend unsupported: a " + provider().kind +
                                                        " node cannot extend a lease"
                                                  : "extend true",
                                  "release true", "release false", "execute 3"}));
}

TEST_P(ProviderTest, names_of_another_object_are_contended_and_not_ours_to_release) {
    NamedLocks ours = NamedLocks::over(service());
    NamedLocks theirs = NamedLocks::over(rival());
    ASSERT_TRUE(ours.try_acquire("r", kLongTtl).get().value());
    EXPECT_FALSE(theirs.try_acquire("r", kLongTtl).get().value());
    EXPECT_FALSE(theirs.release("r").get().value());
    EXPECT_TRUE(conformance::extends_or_refuses(provider(), theirs, false));
    const auto execution = theirs.execute("r", [] { FAIL() << "it must not run"; });
    ASSERT_TRUE(is_ok(execution));
    EXPECT_FALSE(execution->ran());
    EXPECT_TRUE(ours.release("r").get().value());
    EXPECT_TRUE(theirs.try_acquire("r", kLongTtl).get().value());
}

TEST_P(ProviderTest, execute_runs_in_this_thread_while_holding) {
    NamedLocks locks = NamedLocks::over(service());
    const auto execution = locks.execute("r", [&] {
        EXPECT_TRUE(fails_with(Errc::contended, rival().try_acquire("r").get()));
        EXPECT_FALSE(locks.try_acquire("r").get().value()) << "not re-entrant";
        EXPECT_TRUE(conformance::extends_or_refuses(provider(), locks, true));
        return std::this_thread::get_id();
    });
    ASSERT_TRUE(is_ok(execution));
    EXPECT_EQ(**execution, std::this_thread::get_id());
    EXPECT_TRUE(execution->held());
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, execute_tells_f_and_the_caller_of_an_expiry) {
    NamedLocks locks = NamedLocks::over(service());
    const auto execution = locks.execute(
        "r", [](std::stop_token lost) { return eventually([&] { return lost.stop_requested(); }); },
        200ms);
    ASSERT_TRUE(is_ok(execution));
    EXPECT_TRUE(**execution);
    EXPECT_FALSE(execution->held());
}

TEST_P(ProviderTest, execute_releases_before_it_passes_an_exception_on) {
    NamedLocks locks = NamedLocks::over(service());
    const std::function<int()> fails = []() -> int { throw std::runtime_error("f's own"); };
    EXPECT_THROW((void)locks.execute("r", fails), std::runtime_error);
    EXPECT_FALSE(locks.release("r").get().value());
    EXPECT_TRUE(nothing_left(service(), "r"));
    EXPECT_THROW((void)locks.execute_async("r", fails).get(), std::runtime_error);
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, execute_waits_for_a_coroutine) {
    NamedLocks locks = NamedLocks::over(service());
    const std::function<Task<std::string>()> f = [&]() -> Task<std::string> {
        auto extended = co_await locks.extend("r", kLongTtl);
        auto foreign = co_await rival().try_acquire("r");
        co_return std::string(extended ? "extended" : errc_name(extended.error().code())) + ", " +
            (foreign ? "not exclusive" : errc_name(foreign.error().code()));
    };
    const auto execution = locks.execute("r", f);
    ASSERT_TRUE(is_ok(execution));
    EXPECT_EQ(**execution, cannot().extend ? "unsupported, contended" : "extended, contended");
    EXPECT_TRUE(execution->held());
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, execute_in_a_callback_answers_would_deadlock_and_runs_nothing) {
    NamedLocks locks = NamedLocks::over(service());
    std::promise<Result<Execution<>>> told;
    auto answer = told.get_future();
    service().inspect("x").then([&](Result<Inspection>) {
        told.set_value(locks.execute("r", [] { FAIL() << "it must not run"; }));
    });
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_TRUE(fails_with(Errc::would_deadlock, answer.get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, execute_of_a_coroutine_in_a_callback_runs_nothing_either) {
    NamedLocks locks = NamedLocks::over(service());
    std::promise<Result<Execution<int>>> told;
    auto answer = told.get_future();
    std::atomic<bool> ran{false};
    service().inspect("x").then([&](Result<Inspection>) {
        const std::function<Task<int>()> f = [&ran]() -> Task<int> {
            ran = true;
            co_return 7;
        };
        told.set_value(locks.execute("r", f));
    });
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_TRUE(fails_with(Errc::would_deadlock, answer.get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
    EXPECT_FALSE(ran);
}

TEST_P(ProviderTest, execute_async_calls_f_on_the_service_s_thread_and_then_tells) {
    NamedLocks locks = NamedLocks::over(service());
    std::promise<Result<Execution<std::thread::id>>> told;
    auto answer = told.get_future();
    const std::function<std::thread::id()> f = [] { return std::this_thread::get_id(); };
    locks.execute_async("r", f).then(
        [&](Result<Execution<std::thread::id>> e) { told.set_value(std::move(e)); });
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    const auto execution = answer.get();
    ASSERT_TRUE(is_ok(execution));
    EXPECT_NE(**execution, std::this_thread::get_id());
    EXPECT_TRUE(execution->held());
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, the_end_of_named_locks_releases_what_they_hold) {
    {
        NamedLocks locks = NamedLocks::over(service());
        ASSERT_TRUE(locks.try_acquire("r", kLongTtl).get().value());
        // The last answers of the round may still be under way.
        ASSERT_GE(nodes_holding(service(), "r"), provider().quorum());
    }
    EXPECT_TRUE(nothing_left(service(), "r"));
}

TEST_P(ProviderTest, named_locks_may_outlive_their_service) {
    std::optional<LockService> own(open());
    NamedLocks locks = NamedLocks::over(*own);
    ASSERT_TRUE(locks.try_acquire("r", kLongTtl).get().value());
    own.reset();
    EXPECT_FALSE(locks.release("r").get().value());
    EXPECT_TRUE(fails_with(Errc::closed, locks.try_acquire("r", kLongTtl).get()));
    EXPECT_TRUE(fails_with(Errc::closed, locks.execute("r", [] {})));
}

TEST_P(ProviderTest, of_many_threads_releasing_one_name_one_has_released_it) {
    NamedLocks locks = NamedLocks::over(service());
    for (int round = 0; round < 20; ++round) {
        ASSERT_TRUE(locks.try_acquire("r", kLongTtl).get().value());
        std::atomic<int> released{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] { released += locks.release("r").get().value() ? 1 : 0; });
        }
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(released, 1);
        ASSERT_TRUE(nothing_left(service(), "r"));
    }
}

}  // namespace quorumlock::testing
