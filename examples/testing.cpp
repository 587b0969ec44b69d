// Testing code that uses locks: nodes by script, time in the test's hands, and a gmock double.
// Needs GoogleTest and quorumlock::testing. A node of your own is in own_node.cpp.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quorumlock/lock_service.h>
#include <quorumlock/testing.h>
#include <quorumlock/testing/mock_named_locks.h>

using namespace std::chrono_literals;
using namespace quorumlock;
using quorumlock::testing::MockNamedLocks;
using quorumlock::testing::Outage;
using quorumlock::testing::ScriptedNode;
using quorumlock::testing::ScriptedNodes;
using quorumlock::testing::VirtualTime;

namespace {

// ---- the code under test ----

std::string pay(LockService& locks, const std::string& invoice) {
    auto lock = locks.acquire("invoice:" + invoice, {.ttl = 10s, .wait = 5s}).get();
    if (lock) return "paid";
    return lock.error().code() == Errc::contended ? "being paid" : "try later";
}

std::string pay_by_name(NamedLocksInterface& locks, const std::string& invoice) {
    auto paid = locks.execute("invoice:" + invoice, [] { return std::string("paid"); });
    return !paid ? "try later" : paid->ran() ? **paid : "being paid";
}

// ---- nodes by script: each node and each call as the test says ----

TEST(Pay, goes_on_without_one_node_and_not_without_two) {
    VirtualTime time;
    ScriptedNodes nodes(3);
    LockService locks = time.open({.nodes = nodes.factories()}).value();
    nodes[0].mode = ScriptedNode::Mode::hang;
    EXPECT_EQ(pay(locks, "7"), "paid");
    nodes[1].mode = ScriptedNode::Mode::fail;
    EXPECT_EQ(pay(locks, "7"), "try later");
    nodes[1].mode = ScriptedNode::Mode::normal;
    nodes[2].next = {ScriptedNode::Mode::refuse};  // once; then it is tried again
    EXPECT_EQ(pay(locks, "7"), "paid");
}

TEST(Lock, is_lost_when_its_key_vanishes) {
    VirtualTime time;
    ScriptedNodes nodes(3);
    LockService locks = time.open({.nodes = nodes.factories()}).value();
    auto lock = locks.acquire("report", {.ttl = 9s, .renew = true}).get().value();
    nodes.forget("report");
    time.advance(3s);  // the next renewal finds out
    EXPECT_FALSE(lock.held());
    EXPECT_TRUE(lock.lost().stop_requested());
}

// ---- virtual time: no sleeps; an hour costs nothing ----

TEST(Lock, is_renewed_for_as_long_as_the_nodes_answer) {
    VirtualTime time;
    ScriptedNodes nodes(3);
    LockService locks = time.open({.nodes = nodes.factories()}).value();
    auto lock = locks.acquire("report", {.ttl = 30s, .renew = true}).get().value();
    time.advance(1h);
    EXPECT_TRUE(lock.held());
    nodes.set_all(ScriptedNode::Mode::fail);
    time.advance(30s);
    EXPECT_FALSE(lock.held());
}

TEST(Pay, waits_five_seconds_for_another_and_no_longer) {
    VirtualTime time;
    ScriptedNodes nodes(3);
    LockService locks = time.open({.nodes = nodes.factories()}).value();
    auto other = locks.acquire("invoice:7", {.ttl = 60s}).get().value();
    const Instant before = time.now();
    EXPECT_EQ(pay(locks, "7"), "being paid");
    EXPECT_LE(time.now() - before, 5s);
    EXPECT_TRUE(other.held());
}

// ---- a gmock double: no locks at all; more in testing_with_the_double.cpp ----

TEST(PayByName, pays_later_in_an_outage) {
    ::testing::StrictMock<MockNamedLocks> locks;
    EXPECT_CALL(locks, try_acquire).WillOnce(Outage());
    EXPECT_EQ(pay_by_name(locks, "7"), "try later");
}

}  // namespace

int main(int argc, char** argv) {
    ::testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
