#include "lib/protocol/waiting.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace quorumlock::protocol {
namespace {

using namespace std::chrono_literals;
using Way = Waiting::Way;

constexpr int kGate = 1;  // of three nodes, of which two are a quorum

NodeSet nodes(std::initializer_list<int> all) {
    NodeSet set;
    for (const int node : all) set.add(node);
    return set;
}

/// Three nodes, at an instant that is told relative to the beginning.
class waiting : public ::testing::Test {
  protected:
    waiting() { plan.begin(3, 20ms, 80ms); }

    static Instant at(Nanos time) { return Instant(1000s + time); }
    Nanos due() const { return plan.when() - at(0ms); }

    void fail_all(Nanos time, NodeSet armed, std::optional<Nanos> remaining = std::nullopt) {
        plan.on_asked(Way::all, at(time));
        plan.on_failed({.refused = true, .armed = armed, .remaining = remaining}, at(time), 0);
    }
    void fail_gate(Nanos time, bool armed, std::optional<Nanos> remaining = std::nullopt) {
        plan.on_asked(Way::gate, at(time));
        plan.on_failed({.refused = true,
                        .armed = armed ? NodeSet::only(kGate) : NodeSet{},
                        .remaining = remaining},
                       at(time), 0);
    }
    void push(int node, Nanos time, std::uint64_t random = 0) {
        plan.on_push(node, kGate, at(time), random);
    }

    void push_in_vain(int times) {
        for (int i = 0; i < times; ++i) {
            push(kGate, 1ms);
            fail_gate(1ms, true);
        }
    }

    Waiting plan;
};

TEST_F(waiting, begins_by_asking_all_at_once) {
    EXPECT_LE(plan.when(), at(0ms));
    EXPECT_EQ(plan.way(at(0ms)), Way::all);
    EXPECT_FALSE(plan.asking());
}

TEST_F(waiting, asks_nothing_while_it_asks) {
    plan.on_asked(Way::all, at(0ms));
    EXPECT_TRUE(plan.asking());
    EXPECT_EQ(plan.asked(), Way::all);
    EXPECT_EQ(plan.when(), Instant::max());
    push(0, 1ms);
    EXPECT_EQ(plan.when(), Instant::max());
}

// Rule W1: one of the armed must have the holder's key, whichever quorum he has.
TEST_F(waiting, armed_by_enough_it_waits_for_the_rest_of_the_lease) {
    fail_all(0ms, nodes({0, 1}), 300ms);
    EXPECT_EQ(due(), 301ms);
    EXPECT_EQ(plan.way(at(301ms)), Way::gate);
}

TEST_F(waiting, armed_by_too_few_it_asks_again_after_a_pause) {
    fail_all(0ms, nodes({0}), 300ms);
    EXPECT_EQ(due(), 10ms);
    fail_gate(10ms, false, 290ms);
    EXPECT_EQ(due(), 10ms + 20ms);
    EXPECT_EQ(plan.way(at(30ms)), Way::gate);
}

TEST_F(waiting, armed_by_nobody_the_end_of_the_lease_comes_before_a_longer_pause) {
    fail_all(0ms, {}, 3ms);
    EXPECT_EQ(due(), 4ms);
}

TEST_F(waiting, a_lease_whose_end_is_not_known_or_far_off_is_looked_at_every_10_s) {
    fail_all(0ms, nodes({0, 1, 2}));
    EXPECT_EQ(due(), 10s);
    fail_all(0ms, nodes({0, 1, 2}), 1h);
    EXPECT_EQ(due(), 10s);
    fail_all(0ms, nodes({0, 1, 2}), Nanos::max());
    EXPECT_EQ(due(), 10s);
    fail_all(0ms, nodes({0, 1, 2}), -5ms);
    EXPECT_EQ(due(), 1ms);
}

TEST_F(waiting, without_a_quorum_of_answers_all_are_asked_again_after_a_pause) {
    plan.begin(3, 0ms, 80ms);
    plan.on_asked(Way::all, at(0ms));
    plan.on_failed({.no_quorum = true, .armed = nodes({0, 1, 2})}, at(0ms), 0);
    EXPECT_EQ(due(), 500us) << "never at once";
    EXPECT_EQ(plan.way(at(1ms)), Way::all);
}

TEST_F(waiting, a_round_that_was_split_asks_all_again) {
    plan.on_asked(Way::all, at(0ms));
    plan.on_failed({.armed = nodes({0, 1, 2})}, at(0ms), 0);
    EXPECT_EQ(due(), 10ms);
    EXPECT_EQ(plan.way(at(10ms)), Way::all);
}

TEST_F(waiting, a_push_of_the_gate_wakes_at_once) {
    fail_all(0ms, nodes({0, 1, 2}));
    push(kGate, 50ms);
    EXPECT_EQ(due(), 50ms);
    EXPECT_EQ(plan.way(at(50ms)), Way::gate);
}

// Rule W4
TEST_F(waiting, a_push_of_another_leaves_it_to_the_gate_for_a_second) {
    fail_all(0ms, nodes({0, 1, 2}));
    push(0, 50ms);
    EXPECT_EQ(due(), 1050ms);
    EXPECT_EQ(plan.way(at(1049ms)), Way::gate);
    EXPECT_EQ(plan.way(at(1050ms)), Way::all);
    push(2, 60ms);
    EXPECT_EQ(due(), 1050ms) << "the first counts";
    push(kGate, 70ms);
    EXPECT_EQ(due(), 70ms);
}

TEST_F(waiting, where_the_gate_is_not_armed_any_push_wakes_at_once) {
    fail_all(0ms, nodes({0, 2}));
    push(0, 50ms);
    EXPECT_EQ(due(), 50ms);
}

TEST_F(waiting, where_there_is_no_gate_any_push_wakes_at_once) {
    fail_all(0ms, nodes({0, 1, 2}));
    plan.on_push(0, -1, at(50ms), 0);
    EXPECT_EQ(due(), 50ms);
}

TEST_F(waiting, a_push_of_any_wakes_at_once_and_nobody_is_armed_any_more) {
    fail_all(0ms, nodes({0, 1, 2}));
    push(-1, 50ms);
    EXPECT_EQ(due(), 50ms);
    fail_gate(50ms, false);
    push(2, 60ms);
    EXPECT_EQ(due(), 60ms) << "the gate that is not armed will not tell";
}

TEST_F(waiting, a_push_during_the_attempt_is_not_forgotten) {
    fail_all(0ms, nodes({0, 1, 2}));
    plan.on_asked(Way::all, at(10ms));
    push(0, 11ms);
    plan.on_failed({.refused = true, .armed = nodes({0, 2})}, at(12ms), 0);
    EXPECT_EQ(due(), 12ms);
    plan.on_asked(Way::gate, at(20ms));
    plan.on_failed({.refused = true, .armed = NodeSet::only(kGate)}, at(21ms), 0);
    EXPECT_GT(due(), 21ms) << "it counts once";
}

TEST_F(waiting, a_push_of_the_gate_during_its_attempt_is_not_forgotten) {
    fail_all(0ms, nodes({0, 1, 2}));
    plan.on_asked(Way::gate, at(10ms));
    push(kGate, 11ms);
    plan.on_failed({.refused = true, .armed = NodeSet::only(kGate)}, at(12ms), 0);
    EXPECT_EQ(due(), 12ms);
}

TEST_F(waiting, pushes_of_others_during_the_gates_attempt_are_left_to_the_gate) {
    fail_all(0ms, nodes({0, 1, 2}));
    push(-1, 5ms);
    fail_gate(5ms, true);
    plan.on_asked(Way::gate, at(10ms));
    push(2, 11ms);
    plan.on_failed({.refused = true, .armed = NodeSet::only(kGate)}, at(12ms), 0);
    EXPECT_GT(due(), 12ms);
    EXPECT_LE(due(), 1012ms) << "all are asked within a second";
}

// The push overtook the refusal that armed it: nothing more comes of that.
TEST_F(waiting, a_gate_that_has_told_during_its_attempt_is_not_armed_any_more) {
    fail_all(0ms, nodes({0, 1, 2}));
    plan.on_asked(Way::gate, at(10ms));
    push(kGate, 11ms);
    plan.on_failed({.refused = true, .armed = NodeSet::only(kGate)}, at(12ms), 0);
    plan.on_asked(Way::gate, at(12ms));  // granted, and the others refuse
    push(0, 13ms);
    plan.on_failed({.refused = true, .armed = nodes({0, 2})}, at(14ms), 0);
    EXPECT_EQ(due(), 14ms);
}

TEST_F(waiting, who_has_told_during_the_attempt_is_not_relied_on) {
    plan.on_asked(Way::all, at(0ms));
    plan.on_failed({.refused = true, .armed = nodes({0, 2})}, at(0ms), 0);
    plan.on_asked(Way::all, at(5ms));
    push(-1, 6ms);
    plan.on_failed({.refused = true, .armed = nodes({0, 1}), .likely = nodes({2})}, at(8ms), 0);
    EXPECT_EQ(due(), 8ms);
}

// Rule W2
TEST_F(waiting, pushes_in_vain_are_followed_at_once_while_few_compete) {
    fail_all(0ms, nodes({0, 1, 2}));
    for (int i = 0; i < 32; ++i) {
        push(kGate, 1ms);
        ASSERT_EQ(due(), 1ms) << i;
        fail_gate(1ms, true);
    }
}

TEST_F(waiting, beyond_32_pushes_in_vain_pauses_double_up_to_the_retry_delay) {
    plan.set_question_time(4ms);
    fail_all(0ms, nodes({0, 1, 2}));
    push_in_vain(32);
    for (const Nanos pause : {Nanos(4ms), Nanos(8ms), Nanos(16ms), Nanos(20ms), Nanos(20ms)}) {
        for (int i = 0; i < 8; ++i) {
            push(kGate, 1ms);
            ASSERT_EQ(due(), 1ms + pause / 2) << i;
            fail_gate(1ms, true);
        }
    }
}

TEST_F(waiting, the_pause_after_pushes_in_vain_is_jittered) {
    plan.set_question_time(1ms);
    fail_all(0ms, nodes({0, 1, 2}));
    push_in_vain(32);
    push(kGate, 1ms, static_cast<std::uint64_t>(Nanos(500us).count()));
    EXPECT_EQ(due(), 1ms + 1ms);
}

// Rule W5
TEST_F(waiting, after_its_turn_it_leaves_the_next_pushes_to_others_and_each_time_less) {
    plan.set_question_time(2ms);
    plan.on_held_here();
    plan.on_free(at(0ms), true);
    fail_gate(1ms, true);
    for (const Nanos pause : {Nanos(8ms), Nanos(6ms), Nanos(4ms), Nanos(2ms), Nanos(0)}) {
        push(kGate, 1ms);
        EXPECT_EQ(due(), 1ms + pause / 2);
        fail_gate(1ms, true);
    }
}

TEST_F(waiting, what_is_held_here_forgets_the_pushes_that_were_in_vain) {
    fail_all(0ms, nodes({0, 1, 2}));
    plan.set_question_time(1ms);
    push_in_vain(33);
    plan.on_held_here();
    plan.on_free(at(2ms), false);
    fail_gate(2ms, true);
    push(kGate, 3ms);
    EXPECT_EQ(due(), 3ms);
}

// Rule W4: a gate that has lost the key of the lock, or kept a dead one.
TEST_F(waiting, a_gate_that_refuses_behind_a_push_is_believed_for_a_second) {
    fail_all(0ms, nodes({0, 1, 2}));
    push(kGate, 5s);
    fail_gate(5s, true);
    EXPECT_EQ(due(), 6s);
    EXPECT_EQ(plan.way(at(6s)), Way::all);
    EXPECT_EQ(plan.way(at(6s - 1ns)), Way::gate);
}

TEST_F(waiting, a_gate_that_refuses_is_believed_for_a_second_after_all_were_asked) {
    fail_all(0ms, {});
    fail_gate(10ms, false);
    EXPECT_EQ(plan.way(at(999ms)), Way::gate);
    EXPECT_EQ(plan.way(at(1s)), Way::all);
}

TEST_F(waiting, a_gate_that_does_not_answer_is_none) {
    fail_all(0ms, nodes({0, 1, 2}));
    push(kGate, 5ms);
    plan.on_asked(Way::gate, at(5ms));
    plan.on_failed({.no_quorum = true}, at(500ms), 0);
    EXPECT_EQ(due(), 510ms);
    EXPECT_EQ(plan.way(at(510ms)), Way::all);
}

TEST_F(waiting, a_gate_that_cannot_vote_yields_to_the_next_at_once) {
    fail_all(0ms, nodes({0, 1, 2}));
    push(kGate, 5ms);
    plan.on_asked(Way::gate, at(5ms));
    plan.on_failed({.no_vote = true}, at(6ms), 0);
    EXPECT_EQ(due(), 6ms);
    EXPECT_EQ(plan.way(at(6ms)), Way::gate);
}

TEST_F(waiting, a_gate_that_has_not_answered_is_not_relied_on_alone) {
    plan.on_asked(Way::all, at(0ms));
    plan.on_failed({.refused = true, .armed = nodes({0, 2}), .likely = NodeSet::only(kGate)},
                   at(0ms), 0);
    EXPECT_EQ(due(), 10s) << "somebody will tell";
    push(0, 50ms);
    EXPECT_EQ(due(), 50ms) << "whoever it is";
}

TEST_F(waiting, who_will_be_armed_counts_as_armed) {
    plan.on_asked(Way::all, at(0ms));
    plan.on_failed({.refused = true, .armed = nodes({0}), .likely = nodes({2})}, at(0ms), 0);
    EXPECT_EQ(due(), 10s);
}

TEST_F(waiting, a_round_of_all_after_the_gate_failed_makes_it_a_gate_again) {
    fail_all(0ms, nodes({0, 1, 2}));
    plan.on_asked(Way::gate, at(5ms));
    plan.on_failed({.no_quorum = true}, at(5ms), 0);
    fail_all(20ms, nodes({0, 1, 2}));
    EXPECT_EQ(plan.way(at(30ms)), Way::gate);
}

TEST_F(waiting, asks_nothing_while_it_is_held_here) {
    fail_all(0ms, nodes({0, 1, 2}));
    plan.on_asked(Way::gate, at(1ms));
    plan.on_held_here();
    EXPECT_FALSE(plan.asking());
    EXPECT_EQ(plan.when(), Instant::max());
    for (const int node : {-1, 0, kGate}) {
        push(node, 2ms);
        EXPECT_EQ(plan.when(), Instant::max()) << node;
    }
}

// Rule W5
TEST_F(waiting, stands_back_when_it_is_free_and_no_push_changes_that) {
    plan.on_held_here();
    plan.on_free(at(40ms), true);
    EXPECT_EQ(due(), 40ms);
    EXPECT_EQ(plan.way(at(40ms)), Way::gate) << "others may want it too";
    push(kGate, 10ms);
    EXPECT_EQ(due(), 40ms);
    push(kGate, 50ms);
    EXPECT_EQ(due(), 40ms) << "never later for a push";
}

TEST_F(waiting, the_one_behind_who_has_gone_asks_at_once) {
    plan.on_asked(Way::all, at(0ms));
    plan.on_abandoned(at(5ms));
    EXPECT_FALSE(plan.asking());
    EXPECT_EQ(due(), 5ms);
    plan.on_held_here();
    plan.on_free(at(40ms), true);
    plan.on_asked(Way::gate, at(40ms));
    plan.on_abandoned(at(10ms));
    EXPECT_EQ(due(), 40ms) << "but stands back";
}

TEST_F(waiting, begins_anew_without_a_memory) {
    fail_all(0ms, nodes({0, 1, 2}));
    plan.begin(3, 20ms, 80ms);
    EXPECT_EQ(plan.way(at(0ms)), Way::all);
    EXPECT_LE(plan.when(), at(0ms));
}

}  // namespace
}  // namespace quorumlock::protocol
