// What quorumlock::testing promises to users' tests.
#include <quorumlock/testing.h>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include <quorumlock/named_locks.h>

#include "tests/support/service_fixture.h"

namespace quorumlock::testing {
namespace {

using namespace std::chrono_literals;
using Mode = ScriptedNode::Mode;

class VirtualTimeTest : public ::testing::Test {
  protected:
    LockService open(ServiceOptions options = {}) {
        options.nodes = nodes.factories();
        return time.open(std::move(options)).value();
    }

    VirtualTime time;
    ScriptedNodes nodes{3};
};

TEST_F(VirtualTimeTest, a_lock_expires_when_the_test_says_so) {
    LockService locks = open();
    auto lock = locks.acquire("r", {.ttl = 10s}).get();
    ASSERT_TRUE(is_ok(lock));
    const Nanos valid = 10s - 100ms - 2ms;
    EXPECT_EQ(lock->remaining(), valid);
    time.advance(valid - 1ns);
    EXPECT_TRUE(lock->held());
    EXPECT_FALSE(lock->lost().stop_requested());
    time.advance(1ns);
    EXPECT_FALSE(lock->held());
    EXPECT_TRUE(lock->lost().stop_requested());
    EXPECT_EQ(nodes.holding("r"), 3);
    time.advance(10s - valid);
    EXPECT_EQ(nodes.holding("r"), 0);
}

TEST_F(VirtualTimeTest, a_blocking_call_lets_its_own_time_pass) {
    LockService locks = open();
    auto held = locks.acquire("r", {.ttl = 60s}).get();
    const Instant before = time.now();
    const auto second = locks.acquire("r", {.ttl = 60s, .wait = 5s}).get();
    EXPECT_TRUE(fails_with(Errc::contended, second));
    EXPECT_GE(time.now() - before, 4900ms);
    EXPECT_LE(time.now() - before, 5s);
}

TEST_F(VirtualTimeTest, a_silent_node_costs_its_time_limit) {
    nodes[1].mode = nodes[2].mode = Mode::hang;
    LockService locks = open({.node_timeout = 200ms});
    const Instant before = time.now();
    EXPECT_TRUE(fails_with(Errc::no_quorum, locks.try_acquire("r").get()));
    EXPECT_EQ(time.now() - before, 200ms);
    EXPECT_EQ(nodes[1].given_up_silent, 1U);
}

TEST_F(VirtualTimeTest, a_renewal_fails_and_is_tried_again) {
    LockService locks = open();
    auto lock = locks.acquire("r", {.ttl = 9s, .renew = true}).get();
    ASSERT_TRUE(is_ok(lock));
    time.advance(60s);
    EXPECT_TRUE(lock->held());
    nodes.set_all(Mode::fail);
    time.advance(4s);
    EXPECT_TRUE(lock->held());
    nodes.set_all(Mode::normal);
    time.advance(30s);
    EXPECT_TRUE(lock->held());
    nodes.set_all(Mode::fail);
    time.advance(9s);
    EXPECT_FALSE(lock->held());
}

TEST_F(VirtualTimeTest, each_call_has_its_own_script) {
    LockService locks = open();
    for (int i = 0; i < 2; ++i) nodes[i].next = {Mode::refuse, Mode::fail, Mode::unknown};
    EXPECT_TRUE(fails_with(Errc::contended, locks.try_acquire("r").get()));
    EXPECT_TRUE(fails_with(Errc::no_quorum, locks.try_acquire("r").get()));
    EXPECT_TRUE(fails_with(Errc::no_quorum, locks.try_acquire("r").get()));
    auto lock = locks.try_acquire("r").get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_EQ(nodes[0].log,
              (std::vector<std::string>{"acquire", "acquire", "acquire", "undo", "acquire"}));
}

TEST_F(VirtualTimeTest, a_key_that_vanishes_on_a_quorum_is_a_lost_lock) {
    LockService locks = open();
    auto lock = locks.acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    nodes[0].forget("r");
    EXPECT_TRUE(is_ok(lock->extend(30s).get()));
    time.run();
    EXPECT_EQ(nodes.holding("r"), 3) << "a single vote is put back";
    nodes[0].forget("r");
    nodes[1].next = {Mode::lose};
    EXPECT_TRUE(fails_with(Errc::lost, lock->extend(30s).get()));
    EXPECT_FALSE(lock->held());
}

TEST_F(VirtualTimeTest, fencing_numbers_are_there_where_all_nodes_count) {
    for (int i = 0; i < 3; ++i) nodes[i].fences = true;
    LockService locks = open();
    auto first = locks.acquire("r", {.ttl = 1s}).get();
    ASSERT_TRUE(is_ok(first));
    EXPECT_GT(first->fence(), 0U);
    auto second = locks.acquire("r", {.ttl = 1s, .wait = 5s}).get();
    ASSERT_TRUE(is_ok(second));
    EXPECT_GT(second->fence(), first->fence());
}

TEST_F(VirtualTimeTest, a_reply_that_is_lost_leaves_nothing) {
    LockService locks = open();
    nodes.set_all(Mode::apply_and_hang);
    EXPECT_TRUE(fails_with(Errc::no_quorum, locks.try_acquire("r", {.ttl = 30s}).get()));
    EXPECT_EQ(nodes.holding("r"), 0) << "undone";
}

TEST_F(VirtualTimeTest, a_stopped_process_finds_its_lock_gone) {
    LockService locks = open();
    auto lock = locks.acquire("r", {.ttl = 10s, .renew = true}).get();
    time.skip(1h);
    EXPECT_FALSE(lock->held());
}

TEST_F(VirtualTimeTest, callbacks_run_in_this_thread_and_may_not_block) {
    LockService locks = open();
    std::vector<std::string> told;
    locks.acquire("r").then([&](Result<Lock> lock) {
        told.push_back(text_of(lock));
        told.push_back(errc_name(locks.try_acquire("x").get().error().code()));
    });
    EXPECT_EQ(told.size(), 0U);
    time.run();
    EXPECT_EQ(told, (std::vector<std::string>{"ok", "would_deadlock"}));
}

TEST_F(VirtualTimeTest, locks_by_name_run_in_virtual_time) {
    LockService locks = open();
    NamedLocks named = NamedLocks::over(locks);
    const auto slow = named.execute(
        "r", [&] { time.advance(2s); }, 1s);
    ASSERT_TRUE(is_ok(slow));
    EXPECT_FALSE(slow->held());
    const auto quick = named.execute(
        "r", [&] { time.advance(500ms); }, 1s);
    ASSERT_TRUE(is_ok(quick));
    EXPECT_TRUE(quick->held());
}

TEST_F(VirtualTimeTest, two_services_share_the_time) {
    LockService ours = open();
    ScriptedNodes others(1);
    LockService theirs = time.open({.nodes = others.factories()}).value();
    auto lock = ours.acquire("r", {.ttl = 10s}).get();
    auto their_lock = theirs.acquire("r", {.ttl = 20s}).get();
    time.advance(10s);
    EXPECT_FALSE(lock->held());
    EXPECT_TRUE(their_lock->held());
}

TEST_F(VirtualTimeTest, closing_undoes_within_its_limit_and_no_real_time_passes) {
    const Instant before = time.now();
    {
        LockService locks = open({.drain_timeout = 30s});
        auto lock = locks.acquire("r", {.ttl = 60s}).get();
        nodes[0].undo_hangs = true;
        auto kept = std::move(lock).value();
        kept.detach();
        auto other = locks.acquire("s", {.ttl = 60s}).get();
        EXPECT_TRUE(is_ok(other));
    }
    EXPECT_LE(time.now() - before, 31s);
    EXPECT_EQ(nodes.holding("r"), 3) << "detached";
    EXPECT_LE(nodes.holding("s"), 1);
    time.advance(60s);
    EXPECT_EQ(nodes.holding("r"), 0) << "time goes on without the service";
}

TEST_F(VirtualTimeTest, the_same_seed_is_the_same_run) {
    const auto tokens = [](std::uint64_t seed) {
        VirtualTime its(seed);
        ScriptedNodes own(1);
        LockService locks = its.open({.nodes = own.factories()}).value();
        (void)locks.try_acquire("r").get();
        return own[0].tokens;
    };
    EXPECT_EQ(tokens(7), tokens(7));
    EXPECT_NE(tokens(7), tokens(8));
}

TEST(virtual_time, a_service_may_outlive_it) {
    std::optional<LockService> locks;
    ScriptedNodes nodes(3);
    {
        VirtualTime time;
        locks.emplace(time.open({.nodes = nodes.factories()}).value());
    }
    EXPECT_TRUE(is_ok(locks->try_acquire("r").get()));
    locks.reset();
    EXPECT_EQ(nodes.holding("r"), 0);
}

TEST(virtual_time, needs_nodes_and_no_loop) {
    VirtualTime time;
    EXPECT_TRUE(fails_with(Errc::invalid_argument, time.open({})));
    ScriptedNodes nodes(1);
    ServiceOptions options{.nodes = nodes.factories()};
    options.loop = reinterpret_cast<uv_loop_s*>(&options);
    EXPECT_TRUE(fails_with(Errc::invalid_argument, time.open(options)));
}

}  // namespace
}  // namespace quorumlock::testing
