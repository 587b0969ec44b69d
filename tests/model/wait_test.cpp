// Hand-overs and gates (rules W5 to W7, G1) in every order of deliveries, losses, undos, restarts
// and ends of timers, with three nodes, two or three attempts and perfect clocks; with more in
// full_test.cpp. No two hold, no undo takes away what is held, and no key is left behind: every one
// is somebody's who holds or may come to, or has its undo on the way.
//
// The numbers of states are those of this model; one that drops tells that something is no longer
// walked through.
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/model/wait_world.h"
#include "tests/model/walk.h"

namespace quorumlock::model {
namespace {

TEST(Waiting, W5_W6_hand_overs) { expect_holds<WaitWorld>(WaitRules{.gates = false}, 563); }

TEST(Waiting, W7_gates) { expect_holds<WaitWorld>(WaitRules{.hands_over = false}, 491); }

TEST(Waiting, hand_overs_and_gates) { expect_holds<WaitWorld>(WaitRules{}, 608); }

TEST(Waiting, G1_nodes_restart) {
    expect_holds<WaitWorld>(WaitRules{.restarts = 1}, 2976);
    expect_holds<WaitWorld>(WaitRules{.restarts = 2}, 7697);
}

TEST(Waiting, W5_W6_a_taker_hands_on_while_a_third_asks) {
    expect_holds<WaitWorld>(WaitRules{.attempts = 3}, 14561);
    expect_holds<WaitWorld>(WaitRules{.attempts = 3, .restarts = 1}, 63112);
}

struct Wrong {
    const char* name;
    const char* finding;
    std::size_t steps;
    WaitRules rules;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

constexpr const char* kTwoHold = "two hold";
constexpr const char* kTakenAway = "an undo takes away what is held";
constexpr const char* kLeft = "a key is left behind";

// A number of steps counts what a node does, what a client hears of a yes, a hand-over, a giving
// up, a restart, and the end of each timer.
const Wrong kWrong[] = {
    {"W5_sets_over_the_key_of_a_third",
     kTwoHold,
     14,
     {.attempts = 3, .gates = false, .transfer_asks_whose_key = false}},
    {"W5_the_taker_is_told_before_the_quorum",
     kTwoHold,
     12,
     {.attempts = 3, .gates = false, .taker_awaits_the_quorum = false}},
    {"W5_the_giver_holds_behind_the_first_byte",
     kTakenAway,
     7,
     {.gates = false, .giver_is_released_first = false}},
    {"W5_the_taker_has_the_token_of_the_giver",
     kTakenAway,
     10,
     {.gates = false, .taker_has_its_own_token = false}},
    {"W5_the_taker_s_time_runs_from_the_quorum",
     kTwoHold,
     14,
     {.attempts = 3, .gates = false, .taker_counts_from_the_first_byte = false}},
    {"W6_to_is_not_undone", kLeft, 7, {.gates = false, .undoes_to = false}},
    {"W6_from_is_not_undone", kLeft, 6, {.gates = false, .undoes_from = false}},
    {"W6_from_is_not_undone_after_success",
     kLeft,
     9,
     {.gates = false, .undoes_from_after_success = false}},
    {"W6_an_undo_overtakes_its_transfer", kLeft, 8, {.gates = false, .undo_stands_behind = false}},
    {"W7_time_runs_from_the_grant_of_the_gate",
     kTwoHold,
     9,
     {.hands_over = false, .counts_from_the_gate = false}},
    {"W7_the_gate_is_not_undone", kLeft, 2, {.hands_over = false, .undoes_the_gate = false}},
    {"G1_a_guarded_node_is_transferred_to",
     kTwoHold,
     15,
     {.attempts = 3, .restarts = 1, .gates = false, .guards_transfers = false}}};

class WaitMistake : public ::testing::TestWithParam<Wrong> {};

TEST_P(WaitMistake, is_found) {
    WaitWorld world(GetParam().rules);
    const Verdict verdict = walk(world);
    EXPECT_EQ(finding(verdict), GetParam().finding);
    EXPECT_EQ(verdict.trace, GetParam().steps);
}

INSTANTIATE_TEST_SUITE_P(W, WaitMistake, ::testing::ValuesIn(kWrong),
                         [](const auto& wrong) { return std::string(wrong.param.name); });

TEST(WaitMistakes, take_the_same_steps_where_nothing_is_forgotten) {
    for (const Wrong& wrong : kWrong) {
        WaitRules rules = wrong.rules;
        rules.forgets = false;
        WaitWorld world(rules);
        EXPECT_EQ(exhaust(world).trace, wrong.steps) << wrong.name;
    }
}

TEST(WaitTrace, has_one_line_a_step) {
    WaitWorld world({.hands_over = false, .counts_from_the_gate = false});
    EXPECT_EQ(exhaust(world).failure,
              "two hold, after 9 steps:\n"
              "  node 1, the gate, grants ACQUIRE of A\n"
              "  A hears granted of node 1: A asks all\n"
              "  node 2 grants ACQUIRE of A\n"
              "  A hears granted of node 2: A holds\n"
              "  node 3 grants ACQUIRE of B\n"
              "  B hears granted of node 3\n"
              "  the lease of A of node 1 ends\n"
              "  node 1 grants ACQUIRE of B\n"
              "  B hears granted of node 1: B holds\n");
    WaitWorld other({.gates = false, .undoes_to = false});
    EXPECT_EQ(exhaust(other).failure,
              "a key is left behind, after 7 steps:\n"
              "  node 1 grants ACQUIRE of A\n"
              "  A hears granted of node 1\n"
              "  node 2 grants ACQUIRE of A\n"
              "  A hears granted of node 2: A holds\n"
              "  A hands over to B\n"
              "  node 1 grants TRANSFER from A to B\n"
              "  B gives up\n");
}

}  // namespace
}  // namespace quorumlock::model
