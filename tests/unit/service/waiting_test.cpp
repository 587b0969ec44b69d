// Waiting in line, wake-ups and the gate, in virtual time. Rules W1..W4, A9.
#include <gtest/gtest.h>

#include <set>
#include <stop_token>

#include "tests/support/waiters.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

/// Pauses of exactly 5 .. 15 ms.
ServiceOptions steady() { return {.retry_delay = 10ms, .retry_delay_max = 10ms}; }

// ---- rule W3: the line ----

TEST(service_waiting, only_the_head_of_the_line_asks) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait_many(5);
    EXPECT_EQ(waiters.asked(), 3U) << "the head, once";
    waiters.world.env.advance(9s);
    EXPECT_EQ(waiters.asked(), 3U);
}

TEST(service_waiting, lines_of_different_resources_do_not_wait_for_each_other) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait();
    auto other = waiters.world.locks->acquire("s", {.ttl = 10s, .wait = 1min});
    waiters.world.env.run();
    ASSERT_TRUE(other.done());
    EXPECT_TRUE(other.get());
    EXPECT_FALSE(waiters.all[0].done());
}

TEST(service_waiting, a_free_lock_goes_to_them_in_their_order) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait_many(4);
    waiters.world.scripted.forget("r");
    waiters.tell_any();
    EXPECT_EQ(waiters.done(), "0");
    std::string order = "0";
    for (int i = 1; i < 4; ++i) {
        auto lock = waiters.all[static_cast<std::size_t>(i - 1)].get();
        ASSERT_TRUE(lock);
        ASSERT_TRUE(waiters.world.after(1s, lock->release()));
        std::string left;
        for (std::size_t k = static_cast<std::size_t>(i); k < 4; ++k) {
            if (waiters.all[k].done()) left += " " + std::to_string(k);
        }
        EXPECT_EQ(left, " " + std::to_string(i));
    }
}

TEST(service_waiting, who_is_cancelled_in_line_leaves_at_once_and_nobody_is_asked) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    std::stop_source stop;
    waiters.wait();
    waiters.wait(10min, stop.get_token());
    waiters.wait();
    waiters.forget_log();
    stop.request_stop();
    waiters.world.env.run();
    EXPECT_EQ(waiters.done(), "1");
    EXPECT_EQ(waiters.all[1].get().error().code(), Errc::cancelled);
    EXPECT_EQ(waiters.asked(), 0U);
    EXPECT_EQ(waiters.asked("undo"), 0U);
}

TEST(service_waiting, whose_time_is_over_behind_others_leaves_and_says_so) {
    Waiters waiters;
    waiters.open(true);
    waiters.wait();  // it gets the lock, and keeps it
    waiters.wait();
    waiters.wait(100ms);
    waiters.world.env.advance(100ms);
    EXPECT_EQ(waiters.done(), "0 2");
    auto late = waiters.all[2].get();
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), Errc::contended) << "what the head was told";
}

TEST(service_waiting, before_anybody_was_answered_a_time_that_is_over_is_timed_out) {
    Waiters waiters;
    waiters.open(true);
    waiters.world.set_all(Mode::hang);
    waiters.wait();
    waiters.wait(100ms);
    waiters.world.env.advance(100ms);
    EXPECT_EQ(waiters.done(), "1");
    EXPECT_EQ(waiters.all[1].get().error().code(), Errc::timed_out);
}

TEST(service_waiting, a_head_that_is_cancelled_while_it_asks_makes_room_at_once) {
    Waiters waiters;
    waiters.open(true);
    waiters.world.set_all(Mode::hang);
    std::stop_source stop;
    waiters.wait(10min, stop.get_token());
    waiters.wait();
    EXPECT_EQ(waiters.asked(), 3U);
    waiters.world.set_all(Mode::normal);
    stop.request_stop();
    waiters.world.env.run();
    EXPECT_EQ(waiters.done(), "0 1");
    EXPECT_EQ(waiters.all[0].get().error().code(), Errc::cancelled);
    auto lock = waiters.all[1].get();
    ASSERT_TRUE(lock);
    EXPECT_EQ(waiters.asked("undo"), 3U) << "of the cancelled one";
}

TEST(service_waiting, a_head_that_is_cancelled_between_its_rounds_leaves_what_it_knew) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere(5s);
    std::stop_source stop;
    waiters.wait(10min, stop.get_token());
    waiters.wait();
    stop.request_stop();
    waiters.world.env.run();
    EXPECT_EQ(waiters.asked(), 3U) << "the next one need not ask: it is armed";
    waiters.world.env.advance(5001ms);
    EXPECT_EQ(waiters.done(), "0 1");
}

TEST(service_waiting, the_head_asks_all_a_last_time_before_its_deadline) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait(500ms);
    waiters.world.env.advance(489ms);
    EXPECT_EQ(waiters.asked(), 3U);
    waiters.world.env.advance(1ms);
    EXPECT_EQ(waiters.asked(), 6U);
    ASSERT_EQ(waiters.done(), "0");
    auto lock = waiters.all[0].get();
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Errc::contended);
    EXPECT_GT(lock.error().holder_remaining(), 0s);
}

TEST(service_waiting, the_last_time_can_succeed) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait(500ms);
    waiters.world.scripted.forget("r");  // and nobody tells
    waiters.world.env.advance(490ms);
    ASSERT_EQ(waiters.done(), "0");
    EXPECT_TRUE(waiters.all[0].get());
}

// ---- rule W1: wake-ups ----

TEST(service_waiting, nobody_is_watched_before_somebody_has_to_wait) {
    Waiters waiters;
    waiters.open(true);
    waiters.wait();
    EXPECT_EQ(waiters.done(), "0");
    EXPECT_FALSE(waiters.world.nodes[0]->watched);
    waiters.wait();
    for (const auto* node : waiters.world.nodes) EXPECT_TRUE(node->watched);
}

TEST(service_waiting, armed_it_asks_nothing_and_a_push_wakes_it) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait();
    waiters.world.env.advance(9s);
    EXPECT_EQ(waiters.asked(), 3U);
    waiters.world.scripted.forget("r");
    for (auto* node : waiters.world.nodes) node->tell("r");
    waiters.world.env.run();
    EXPECT_EQ(waiters.done(), "0") << "no time has passed";
}

TEST(service_waiting, a_push_of_another_resource_wakes_nobody) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait();
    for (auto* node : waiters.world.nodes) node->tell("s");
    waiters.world.env.run();
    EXPECT_EQ(waiters.asked(), 3U);
}

TEST(service_waiting, a_push_of_any_wakes_every_line) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    for (auto* node : waiters.world.nodes) node->keys["s"] = node->keys["r"];
    waiters.wait();
    auto other = waiters.world.locks->acquire("s", {.ttl = 10s, .wait = 1min});
    waiters.world.env.run();
    waiters.world.scripted.forget("r");
    waiters.world.scripted.forget("s");
    waiters.tell_any();
    EXPECT_EQ(waiters.done(), "0");
    ASSERT_TRUE(other.done());
    EXPECT_TRUE(other.get());
}

TEST(service_waiting, a_push_of_any_wakes_many_lines_in_waves) {
    ServiceOptions options;
    options.max_backlog = 16;
    Waiters waiters(3, options);
    waiters.open(true);
    std::deque<Operation<Lock>> others;
    for (int i = 0; i < 20; ++i) {
        const std::string name = "s" + std::to_string(i);
        for (auto* node : waiters.world.nodes)
            node->keys[name] = {"x", waiters.world.env.now() + 1h};
        others.push_back(waiters.world.locks->acquire(name, {.ttl = 10s, .wait = 1min}));
        waiters.world.env.run();
    }
    waiters.forget_log();
    waiters.tell_any();
    EXPECT_EQ(waiters.asked(), 8U) << "their gates";
    waiters.world.env.advance(20ms);
    EXPECT_EQ(waiters.asked(), 16U);
    waiters.world.env.advance(20ms);
    EXPECT_EQ(waiters.asked(), 20U);
}

TEST(service_waiting, a_push_that_is_lost_costs_the_rest_of_the_lease_and_no_more) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere(300ms);
    waiters.wait();
    waiters.world.env.advance(300ms);
    EXPECT_EQ(waiters.asked(), 3U);
    waiters.world.env.advance(1ms);
    EXPECT_EQ(waiters.done(), "0");
}

TEST(service_waiting, a_lease_of_unknown_length_is_looked_at_after_10_s) {
    Waiters waiters;
    waiters.open(true);
    waiters.world.set_all(Mode::refuse);
    waiters.wait();
    waiters.world.env.advance(10s - 1ms);
    EXPECT_EQ(waiters.asked(), 3U);
    waiters.world.set_all(Mode::normal);
    waiters.world.env.advance(1ms);
    EXPECT_EQ(waiters.done(), "0");
}

TEST(service_waiting, armed_by_one_of_three_it_asks_again_and_again) {
    Waiters waiters(3, steady());
    waiters.open(true);
    waiters.world.nodes[1]->tells = waiters.world.nodes[2]->tells = false;
    waiters.hold_elsewhere();
    waiters.wait();
    waiters.world.env.advance(15ms);
    EXPECT_GT(waiters.asked(), 3U);
}

TEST(service_waiting, a_push_while_it_asks_is_not_lost) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    auto* slow = waiters.world.nodes[2];
    waiters.world.nodes[1]->mode = slow->mode = Mode::hang;
    waiters.wait();
    waiters.world.nodes[0]->tell("r");  // its refusal stands, but is out of date
    waiters.world.scripted.forget("r");
    waiters.world.nodes[1]->mode = Mode::normal;
    slow->mode = Mode::normal;
    waiters.world.env.advance(500ms);  // the node timeout
    waiters.world.env.advance(20ms);
    EXPECT_EQ(waiters.done(), "0");
}

TEST(service_waiting, with_nobody_to_tell_it_asks_at_random_intervals) {
    Waiters waiters(1, steady());
    waiters.open(false);
    waiters.hold_elsewhere();
    waiters.wait();
    waiters.world.env.advance(1s);
    EXPECT_GT(waiters.asked(), 1000U / 15);
    EXPECT_LT(waiters.asked(), 1000U / 5);
}

TEST(service_waiting, an_expired_lock_of_this_service_wakes_its_line) {
    Waiters waiters;
    waiters.open(true);
    auto lock = waiters.world.try_acquire("r", 1s);
    ASSERT_TRUE(lock);
    waiters.wait();
    waiters.world.env.advance(1100ms);
    EXPECT_FALSE(lock->held());
    EXPECT_EQ(waiters.done(), "0");
    EXPECT_EQ(waiters.asked("transfer"), 0U);
}

// ---- rule W4: the gate ----

TEST(service_waiting, behind_a_refusal_of_all_one_node_is_asked_always_the_same) {
    Waiters waiters(5, steady());
    waiters.open(false);
    waiters.hold_elsewhere();
    waiters.wait();
    waiters.forget_log();
    waiters.world.env.advance(900ms);
    int asked = 0;
    for (const auto* node : waiters.world.nodes) asked += node->count("acquire") > 0 ? 1 : 0;
    EXPECT_EQ(asked, 1);
    EXPECT_GT(waiters.asked(), 900U / 15);
    waiters.forget_log();
    waiters.world.env.advance(200ms);
    for (const auto* node : waiters.world.nodes) {
        EXPECT_GT(node->count("acquire"), 0U) << "all of them once a second";
    }
}

TEST(service_waiting, different_resources_have_different_gates) {
    std::set<std::size_t> gates;
    for (const char* const name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
        Waiters waiters(3, steady());
        waiters.open(false);
        for (auto* node : waiters.world.nodes)
            node->keys[name] = {"x", waiters.world.env.now() + 1h};
        auto waiting = waiters.world.locks->acquire(name, {.ttl = 10s, .wait = 1min});
        waiters.world.env.run();
        gates.insert(waiters.find_gate());
    }
    EXPECT_GE(gates.size(), 2U);
    EXPECT_EQ(gates.count(3), 0U);
}

TEST(service_waiting, a_round_that_was_split_asks_all_again) {
    Waiters waiters(4, steady());
    waiters.open(false);
    for (std::size_t i : {0U, 1U}) {
        waiters.world.nodes[i]->keys["r"] = {"foreign", waiters.world.env.now() + 1h};
    }
    waiters.wait();
    waiters.forget_log();
    waiters.world.env.advance(15ms);
    const std::size_t rounds = waiters.world.nodes[0]->count("acquire");
    EXPECT_GT(rounds, 0U);
}

TEST(service_waiting,
     when_the_gate_has_granted_the_others_are_asked_and_the_lease_counts_from_the_gate) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait();
    const std::size_t gate = waiters.find_gate();
    ASSERT_LT(gate, 3U);
    waiters.world.env.advance(1s);  // what the refusing gate has set off is over
    waiters.world.scripted.forget("r");
    waiters.world.set_all(Mode::hang);
    waiters.forget_log();
    waiters.world.nodes[gate]->tell("r");
    waiters.world.env.run();
    ASSERT_EQ(waiters.asked(), 1U);
    waiters.world.env.advance(100ms);
    waiters.world.nodes[gate]->wake();  // granted, 100 ms later
    waiters.world.env.run();
    EXPECT_EQ(waiters.asked(), 3U);
    waiters.world.env.advance(100ms);
    for (auto* node : waiters.world.nodes) node->wake();
    waiters.world.env.run();
    ASSERT_EQ(waiters.done(), "0");
    auto lock = waiters.all[0].get();
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->remaining(), 10s - 102ms - 200ms);
}

/// One waits, and what the refusing gate, which is told, has set off is over.
std::size_t wait_behind_a_gate(Waiters& waiters) {
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait();
    const std::size_t gate = waiters.find_gate();
    waiters.world.env.advance(1s);
    return gate;
}

TEST(service_waiting, a_gate_that_is_silent_yields_to_all) {
    Waiters waiters(3, steady());
    const std::size_t gate = wait_behind_a_gate(waiters);
    ASSERT_LT(gate, 3U);
    waiters.world.scripted.forget("r");
    waiters.world.nodes[gate]->mode = Mode::hang;
    waiters.world.nodes[gate]->tell("r");
    waiters.world.env.advance(500ms);  // the node timeout
    EXPECT_EQ(waiters.done(), "");
    waiters.world.env.advance(15ms);
    EXPECT_EQ(waiters.done(), "0");
}

TEST(service_waiting, a_gate_that_cannot_vote_is_none) {
    Waiters waiters;
    const std::size_t gate = wait_behind_a_gate(waiters);
    ASSERT_LT(gate, 3U);
    waiters.world.nodes[gate]->change(false, true);
    waiters.world.nodes[gate]->mode = Mode::fail;
    waiters.world.scripted.forget("r");
    waiters.tell_any();
    EXPECT_EQ(waiters.done(), "0") << "no time has passed";
}

TEST(service_waiting, a_gate_that_answers_with_an_error_yields_to_the_next) {
    Waiters waiters;
    const std::size_t gate = wait_behind_a_gate(waiters);
    ASSERT_LT(gate, 3U);
    waiters.world.nodes[gate]->mode = Mode::fail;
    waiters.forget_log();
    waiters.tell_any();
    waiters.world.env.advance(0ms);
    EXPECT_EQ(waiters.asked(), 2U) << "the gate, and the next one";
    waiters.world.scripted.forget("r");
    waiters.tell_any();
    EXPECT_EQ(waiters.done(), "0") << "no time has passed";
    EXPECT_EQ(waiters.world.nodes[gate]->count("acquire"), 2U) << "with the others, as any node";
}

TEST(service_waiting, who_could_not_vote_is_no_gate_until_it_has_voted) {
    Waiters waiters;
    const std::size_t gate = wait_behind_a_gate(waiters);
    ASSERT_LT(gate, 3U);
    ScriptedNode& it = *waiters.world.nodes[gate];
    it.mode = Mode::fail;
    waiters.tell_any();
    waiters.world.env.advance(0ms);
    it.mode = Mode::hang;
    waiters.forget_log();
    waiters.tell_any();
    waiters.world.env.advance(1s);
    ASSERT_EQ(it.count("acquire"), 1U) << "in a round of all that the others have decided";
    it.mode = Mode::fail;
    waiters.forget_log();
    waiters.world.scripted.forget("r");
    waiters.tell_any();
    EXPECT_EQ(waiters.done(), "0") << "no time has passed";
    EXPECT_EQ(it.count("acquire"), 1U) << "with the others alone";
}

TEST(service_waiting, a_gate_with_a_dead_key_costs_a_second) {
    Waiters waiters;
    const std::size_t gate = wait_behind_a_gate(waiters);
    ASSERT_LT(gate, 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        if (i == gate) continue;
        waiters.world.nodes[i]->forget("r");
        waiters.world.nodes[i]->tell("r");
    }
    waiters.world.env.advance(1s - 1ms);
    EXPECT_EQ(waiters.done(), "");
    waiters.world.env.advance(1ms);
    EXPECT_EQ(waiters.done(), "0");
}

TEST(service_waiting, a_single_node_needs_no_gate) {
    Waiters waiters(1);
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait();
    waiters.world.scripted.forget("r");
    waiters.world.nodes[0]->tell("r");
    waiters.world.env.run();
    EXPECT_EQ(waiters.done(), "0");
}

// ---- closing ----

TEST(service_waiting, closing_ends_the_whole_line_and_leaves_nothing) {
    Waiters waiters;
    waiters.open(true);
    waiters.hold_elsewhere();
    waiters.wait_many(4);
    auto closing = waiters.world.locks->close();
    EXPECT_TRUE(waiters.world.after(Nanos{0}, std::move(closing)));
    EXPECT_EQ(waiters.done(), "0 1 2 3");
    for (auto& one : waiters.all) EXPECT_EQ(one.get().error().code(), Errc::closed);
    waiters.world.scripted.forget("r");
    waiters.world.env.advance(20s);
    EXPECT_EQ(waiters.world.holding("r"), 0);
}

}  // namespace
}  // namespace quorumlock::testing
