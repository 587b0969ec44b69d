#include "lib/env/uv_lookup.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/unit/env/uv_fixture.h"

namespace quorumlock::env {
namespace {

using UvLookupTest = UvEnvTest;

TEST_F(UvLookupTest, localhost_is_a_loopback_address) {
    Answered answered;
    answered.lookup = env->look_up("localhost", answered);
    EXPECT_EQ(answered.answers, 0);
    ASSERT_TRUE(run_until([&] { return answered.answers == 1; }));
    EXPECT_EQ(answered.why, "");
    ASSERT_FALSE(answered.addresses.empty());
    for (const std::string& address : answered.addresses) {
        EXPECT_TRUE(address == "::1" || address.rfind("127.", 0) == 0) << address;
        EXPECT_EQ(std::count(answered.addresses.begin(), answered.addresses.end(), address), 1);
    }
}

TEST_F(UvLookupTest, what_is_an_address_already_is_its_own_answer) {
    for (const char* address : {"127.0.0.1", "::1", "fe80::1%lo"}) {
        Answered answered;
        answered.lookup = env->look_up(address, answered);
        EXPECT_EQ(answered.answers, 0);
        env->turn(false);  // The pool is not asked: the next turn has the answer.
        EXPECT_EQ(answered.answers, 1);
        EXPECT_EQ(answered.addresses, std::vector<std::string>{address});
        EXPECT_EQ(answered.why, "");
    }
}

TEST_F(UvLookupTest, a_name_that_does_not_exist_has_no_addresses_and_says_why) {
    Answered answered;
    answered.lookup = env->look_up("no-such-host.invalid", answered);
    ASSERT_TRUE(run_until([&] { return answered.answers == 1; }));
    EXPECT_TRUE(answered.addresses.empty());
    // Without a name server in reach the resolver cannot know that it does not exist.
    EXPECT_TRUE(answered.why == "name not found" ||
                answered.why == "the name look-up failed for now")
        << answered.why;
}

TEST_F(UvLookupTest, what_cannot_be_a_name_is_answered_later_too) {
    Answered answered;
    answered.lookup = env->look_up(std::string(5000, 'x'), answered);
    EXPECT_EQ(answered.answers, 0);
    ASSERT_TRUE(run_until([&] { return answered.answers == 1; }));
    EXPECT_TRUE(answered.addresses.empty());
    EXPECT_EQ(answered.why.rfind("the name look-up failed: ", 0), 0U) << answered.why;
}

TEST_F(UvLookupTest, a_destroyed_look_up_is_silent) {
    Answered named, numeric, another;
    named.lookup = env->look_up("localhost", named);
    numeric.lookup = env->look_up("127.0.0.1", numeric);
    named.lookup.reset();
    numeric.lookup.reset();
    another.lookup = env->look_up("localhost", another);
    ASSERT_TRUE(run_until([&] { return another.answers == 1; }));
    for (int i = 0; i < 10; ++i) env->turn(false);
    EXPECT_EQ(named.answers + numeric.answers, 0);
}

TEST_F(UvLookupTest, a_look_up_may_be_destroyed_in_its_answer) {
    Answered named, numeric;
    for (Answered* one : {&named, &numeric}) {
        one->then = [one] { one->lookup.reset(); };
    }
    named.lookup = env->look_up("localhost", named);
    numeric.lookup = env->look_up("127.0.0.1", numeric);
    ASSERT_TRUE(run_until([&] { return named.answers + numeric.answers == 2; }));
    EXPECT_FALSE(named.addresses.empty());
    EXPECT_FALSE(numeric.addresses.empty());
}

/// The signals blocked in each thread of this process, by thread.
std::map<std::string, unsigned long long> blocked_signals() {
    std::map<std::string, unsigned long long> blocked;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream status(entry.path() / "status");
        for (std::string line; std::getline(status, line);) {
            if (line.rfind("SigBlk:", 0) != 0) continue;
            blocked[entry.path().filename()] = std::stoull(line.substr(7), nullptr, 16);
        }
    }
    return blocked;
}

TEST_F(UvLookupTest, the_pools_threads_take_no_signals_of_the_host) {
    const auto before = blocked_signals();
    Answered answered;
    answered.lookup = env->look_up("localhost", answered);
    ASSERT_TRUE(run_until([&] { return answered.answers == 1; }));
    int made = 0;
    for (const auto& [thread, blocked] : blocked_signals()) {
        if (before.count(thread) != 0) continue;
        ++made;
        for (int signal : {SIGTERM, SIGINT, SIGUSR1, SIGCHLD}) {
            EXPECT_NE(blocked & (1ULL << (signal - 1)), 0U) << signal;
        }
    }
    sigset_t ours;
    ASSERT_EQ(pthread_sigmask(SIG_SETMASK, nullptr, &ours), 0);
    EXPECT_EQ(sigismember(&ours, SIGTERM), 0);
    if (made == 0) GTEST_SKIP() << "an earlier test of this process has made the pool";
}

}  // namespace
}  // namespace quorumlock::env
