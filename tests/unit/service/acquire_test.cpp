// Acquiring through the whole service in virtual time. Rules A2..A9, T3, T5.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

TEST(service_acquire, holds_on_every_node_and_tells_its_validity) {
    ServiceWorld world(5);
    world.open();
    auto lock = world.try_acquire("r", 10s);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(lock->remaining(), 10s - 100ms - 2ms);
    EXPECT_EQ(lock->votes(), 5);
    EXPECT_EQ(world.holding("r"), 5);
    EXPECT_EQ(lock->resource(), "r");
    EXPECT_EQ(lock->token().size(), 32U);
}

TEST(service_acquire, validity_counts_from_before_the_send_not_from_the_reply) {
    ServiceWorld world(1);
    world.open();
    world.nodes[0]->mode = Mode::hang;
    auto operation = world.locks->try_acquire("r", {.ttl = 10s});
    world.env.run();
    world.env.advance(400ms);
    world.nodes[0]->wake();
    auto lock = world.after(Nanos{0}, std::move(operation));
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->remaining(), 10s - 102ms - 400ms);
}

TEST(service_acquire, win_that_comes_too_late_is_expired_and_undone) {
    ServiceWorld world(3, {.node_timeout = 60s});
    world.open();
    world.set_all(Mode::hang);
    auto operation = world.locks->try_acquire("r", {.ttl = 1s});
    world.env.run();
    world.env.skip(988ms);  // exactly nothing is left of 1 s - 12 ms
    for (auto* node : world.nodes) node->wake();
    auto lock = world.after(Nanos{0}, std::move(operation));
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Errc::expired);
    EXPECT_EQ(world.holding("r"), 0);
}

TEST(service_acquire, second_is_contended_and_leaves_nothing) {
    ServiceWorld world(5);
    world.open();
    auto first = world.try_acquire("r");
    auto second = world.try_acquire("r");
    ASSERT_TRUE(first);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::contended);
    EXPECT_EQ(second.error().nodes().size(), 5U);
    EXPECT_TRUE(first->held());
    EXPECT_EQ(world.holding("r"), 5);
}

TEST(service_acquire, partial_win_is_undone_everywhere) {
    ServiceWorld world(5);
    world.open();
    for (int i = 0; i < 3; ++i) {
        world.nodes[static_cast<std::size_t>(i)]->keys["r"] = {"foreign", world.env.now() + 1h};
    }
    auto lock = world.try_acquire("r");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Errc::contended);
    EXPECT_EQ(world.holding("r"), 3);  // the foreign keys only
}

TEST(service_acquire, undo_reaches_a_node_that_timed_out_though_it_applied) {
    ServiceWorld world(3);
    world.open();
    world.nodes[0]->mode = Mode::apply_and_hang;
    world.nodes[1]->mode = Mode::fail;
    world.nodes[2]->mode = Mode::fail;
    auto lock = world.after(1s, world.locks->try_acquire("r", {.ttl = 10s}));
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Errc::no_quorum);
    EXPECT_EQ(world.nodes[0]->count("undo"), 1U);
    EXPECT_EQ(world.nodes[1]->count("undo"), 0U);  // certainly not applied there
    EXPECT_EQ(world.holding("r"), 0);
}

TEST(service_acquire, silent_quorum_fails_at_the_node_timeout) {
    ServiceWorld world(3);
    world.open();
    world.set_all(Mode::hang);
    auto operation = world.locks->try_acquire("r", {.ttl = 10s});
    world.env.run();
    world.env.advance(499ms);
    EXPECT_FALSE(operation.done());
    world.env.advance(1ms);  // ttl / 20 = 500 ms
    ASSERT_TRUE(operation.done());
    auto lock = operation.get();
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Errc::no_quorum);
    EXPECT_EQ(lock.error().nodes()[0].vote, NodeVote::unknown);
    EXPECT_EQ(lock.error().nodes()[0].cause, "no answer within 500 ms");
    EXPECT_EQ(world.nodes[0]->given_up_silent, 1U);
}

TEST(service_acquire, two_hanging_nodes_of_five_cost_no_time) {
    ServiceWorld world(5);
    world.open();
    world.nodes[1]->mode = Mode::hang;
    world.nodes[3]->mode = Mode::hang;
    auto lock = world.try_acquire("r");  // no virtual time passes
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->votes(), 3);
}

TEST(service_acquire, a_late_answer_still_counts_as_a_vote_held) {
    ServiceWorld world(5);
    world.open();
    world.nodes[4]->mode = Mode::hang;
    auto lock = world.try_acquire("r");
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->votes(), 4);
    world.nodes[4]->wake();
    world.env.run();
    EXPECT_EQ(lock->votes(), 5);
}

TEST(service_acquire, even_number_of_nodes_settles_on_a_tie) {
    ServiceWorld world(4);
    world.open();
    world.nodes[0]->keys["r"] = {"foreign", world.env.now() + 1h};
    world.nodes[1]->keys["r"] = {"foreign", world.env.now() + 1h};
    auto lock = world.try_acquire("r");  // decided without any time passing
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Errc::contended);
    EXPECT_EQ(world.holding("r"), 2);
}

TEST(service_acquire, set_up_faults_at_a_quorum_are_rejected_by_server) {
    ServiceWorld world(3);
    world.open();
    for (auto* node : world.nodes) {
        node->mode = Mode::fail;
        node->cause = {CauseClass::rejected, "WRONGPASS invalid username-password pair"};
        node->is_ready = false;
    }
    auto lock = world.try_acquire("r");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Errc::rejected_by_server);
    for (const NodeReport& line : lock.error().nodes()) {  // the third was not waited for
        EXPECT_EQ(line.cause, "WRONGPASS invalid username-password pair");
    }
}

TEST(service_acquire, every_attempt_has_a_fresh_token) {
    ServiceWorld world(1);
    world.open();
    world.nodes[0]->keys["r"] = {"foreign", world.env.now() + 1h};
    auto operation = world.locks->acquire("r", {.ttl = 1s, .wait = 3s});
    world.env.run();
    world.env.advance(3s);
    ASSERT_TRUE(operation.done());
    const auto& tokens = world.nodes[0]->tokens;
    EXPECT_GE(tokens.size(), 5U);
    EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), tokens.size());
    EXPECT_EQ(operation.get().error().code(), Errc::contended);
}

TEST(service_acquire, failing_random_generator_locks_nothing) {
    ServiceWorld world(3);
    world.open();
    world.env.random_fails = true;
    auto lock = world.try_acquire("r");
    ASSERT_FALSE(lock);
    EXPECT_NE(lock.error().message().find("random generator"), std::string::npos);
    EXPECT_EQ(world.nodes[0]->count("acquire"), 0U);
}

// ---- waiting ----

TEST(service_wait, gets_the_lock_after_the_holder_released_it) {
    ServiceWorld world(3);
    world.open();
    auto first = world.try_acquire("r", 60s);
    auto waiting = world.locks->acquire("r", {.ttl = 1s, .wait = 10s});
    world.env.run();
    world.env.advance(1s);
    EXPECT_FALSE(waiting.done());
    ASSERT_TRUE(world.after(Nanos{0}, first->release()));
    auto second = world.after(300ms, std::move(waiting));  // the longest jittered pause
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->held());
}

TEST(service_wait, asks_again_one_millisecond_after_the_holders_lease_ended) {
    ServiceWorld world(1, {.retry_delay = 10s, .retry_delay_max = 10s});
    world.open();
    world.nodes[0]->keys["r"] = {"foreign", world.env.now() + 30ms};
    // The first pause knows nothing of the holder: it is the back-off, cut by the deadline.
    auto waiting = world.locks->acquire("r", {.ttl = 1s, .wait = 60s});
    world.env.run();
    EXPECT_EQ(world.nodes[0]->count("acquire"), 1U);
    world.env.advance(29ms);
    EXPECT_EQ(world.nodes[0]->count("acquire"), 1U);
    world.env.advance(2ms);
    EXPECT_EQ(world.nodes[0]->count("acquire"), 2U);
    EXPECT_TRUE(waiting.done());
    EXPECT_TRUE(waiting.get());
}

TEST(service_wait, never_overshoots_the_deadline_and_answers_with_the_last_cause) {
    ServiceWorld world(3);
    world.open();
    for (auto* node : world.nodes) node->keys["r"] = {"foreign", world.env.now() + 1h};
    auto waiting = world.locks->acquire("r", {.ttl = 1s, .wait = 500ms});
    world.env.run();
    world.env.advance(480ms);
    EXPECT_FALSE(waiting.done());
    world.env.advance(20ms);
    ASSERT_TRUE(waiting.done());
    EXPECT_EQ(waiting.get().error().code(), Errc::contended);
}

TEST(service_wait, wait_cut_short_by_silent_nodes_is_timed_out) {
    ServiceWorld world(3);
    world.open();
    world.set_all(Mode::hang);
    auto waiting = world.locks->acquire("r", {.ttl = 60s, .wait = 50ms});
    world.env.run();
    world.env.advance(50ms);
    ASSERT_TRUE(waiting.done());
    EXPECT_EQ(waiting.get().error().code(), Errc::timed_out);
}

TEST(service_wait, zero_retry_delay_is_allowed) {
    ServiceWorld world(1, {.retry_delay = 0ms, .retry_delay_max = 0ms});
    world.open();
    auto first = world.try_acquire("r", 60s);
    auto waiting = world.locks->acquire("r", {.ttl = 1s, .wait = 11ms});
    ASSERT_TRUE(world.after(Nanos{0}, first->release()));
    EXPECT_TRUE(world.after(11ms, std::move(waiting)));
}

TEST(service_wait, zero_retry_delay_does_not_spin_without_a_quorum) {
    ServiceWorld world(3, {.retry_delay = 0ms, .retry_delay_max = 0ms});
    world.open();
    // Answers in the same turn, as nodes that are not connected give them.
    world.set_all(Mode::fail);
    auto result = world.after(1s, world.locks->acquire("r", {.ttl = 1s, .wait = 1s}));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::no_quorum);
    EXPECT_GE(world.nodes[0]->count("acquire"), 600U);
    EXPECT_LE(world.nodes[0]->count("acquire"), 2000U);
}

TEST(service_wait, try_acquire_asks_once_whatever_wait_says) {
    ServiceWorld world(1);
    world.open();
    auto first = world.try_acquire("r");
    auto second = world.after(Nanos{0}, world.locks->try_acquire("r", {.ttl = 1s, .wait = 10s}));
    EXPECT_EQ(second.error().code(), Errc::contended);
    EXPECT_EQ(world.nodes[0]->count("acquire"), 2U);
}

// ---- the first connections ----

TEST(service_cold, first_round_waits_for_the_connections) {
    ServiceWorld world(3);
    for (auto* node : world.nodes) node->is_ready = node->is_settled = false;
    world.open();
    auto operation = world.locks->try_acquire("r", {.ttl = 1s});
    world.env.advance(200ms);
    EXPECT_EQ(world.nodes[0]->count("acquire"), 0U);
    for (auto* node : world.nodes) node->change(true, true);
    auto lock = world.after(Nanos{0}, std::move(operation));
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->remaining(), 1s - 12ms);  // t0 comes after the connections
}

TEST(service_cold, one_node_that_never_answers_costs_a_grace_not_the_whole_timeout) {
    ServiceWorld world(3);
    for (auto* node : world.nodes) node->is_ready = node->is_settled = false;
    world.open();
    auto operation = world.locks->try_acquire("r", {.ttl = 1s});
    world.nodes[0]->change(true, true);
    world.nodes[1]->change(true, true);
    world.env.advance(99ms);
    EXPECT_FALSE(operation.done());
    world.env.advance(1ms);
    EXPECT_TRUE(operation.done());
    EXPECT_TRUE(operation.get());
}

TEST(service_cold, unreachable_nodes_end_the_wait_at_the_connect_timeout) {
    ServiceWorld world(3);
    for (auto* node : world.nodes) {
        node->is_ready = node->is_settled = false;
        node->mode = Mode::fail;
    }
    world.open();
    auto operation = world.locks->try_acquire("r", {.ttl = 1s});
    world.env.advance(999ms);
    EXPECT_FALSE(operation.done());
    world.env.advance(1ms);
    ASSERT_TRUE(operation.done());
    EXPECT_EQ(operation.get().error().code(), Errc::no_quorum);
}

TEST(service_cold, a_waiters_deadline_holds_before_the_connections_too) {
    ServiceWorld world(3);
    for (auto* node : world.nodes) node->is_ready = node->is_settled = false;
    world.open();
    auto operation = world.locks->acquire("r", {.ttl = 1s, .wait = 20ms});
    world.env.advance(20ms);
    ASSERT_TRUE(operation.done());
    auto lock = operation.get();
    EXPECT_EQ(lock.error().code(), Errc::timed_out);
    EXPECT_EQ(lock.error().nodes().size(), 3U);
}

}  // namespace
}  // namespace quorumlock::testing
