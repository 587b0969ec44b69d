// Hand-overs and gates (rules W5 to W7, G1) in every order of deliveries, losses, undos, restarts
// and ends of timers, with three nodes, two attempts and perfect clocks; with three attempts in
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

TEST(Waiting, W5_W6_hand_overs) { expect_holds<WaitWorld>(WaitRules{.gates = false}, 1); }

TEST(Waiting, W7_gates) { expect_holds<WaitWorld>(WaitRules{.hands_over = false}, 1); }

TEST(Waiting, hand_overs_and_gates) { expect_holds<WaitWorld>(WaitRules{}, 1); }

TEST(Waiting, more) {
    expect_holds<WaitWorld>(WaitRules{.attempts = 3}, 1);
    expect_holds<WaitWorld>(WaitRules{.attempts = 3, .restarts = 1}, 1);
    expect_holds<WaitWorld>(WaitRules{.attempts = 3, .restarts = 2}, 1);
    expect_holds<WaitWorld>(WaitRules{.attempts = 3, .restarts = 3}, 1);
    expect_holds<WaitWorld>(WaitRules{.attempts = 4}, 1);
    expect_holds<WaitWorld>(WaitRules{.attempts = 4, .restarts = 1}, 1);
}

TEST(Waiting, G1_nodes_restart) {
    expect_holds<WaitWorld>(WaitRules{.restarts = 1}, 1);
    expect_holds<WaitWorld>(WaitRules{.restarts = 2}, 1);
}

struct Wrong {
    const char* name;
    const char* finding;
    std::size_t steps;
    WaitRules rules;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class WaitMistake : public ::testing::TestWithParam<Wrong> {};

TEST_P(WaitMistake, is_found) {
    WaitWorld world(GetParam().rules);
    const Verdict verdict = walk(world);
    EXPECT_EQ(finding(verdict), GetParam().finding);
    EXPECT_EQ(verdict.trace, GetParam().steps);
}

constexpr const char* kTwoHold = "two hold";
constexpr const char* kLeft = "a key is left behind";

// A number of steps counts what a node does, what a client hears of a yes, a hand-over, a giving
// up, a restart, and the end of each timer.
INSTANTIATE_TEST_SUITE_P(
    W, WaitMistake,
    ::testing::Values(
        Wrong{"W5_sets_over_the_key_of_a_third",
              kTwoHold,
              0,
              {.attempts = 3, .gates = false, .transfer_asks_whose_key = false}},
        Wrong{"W5_the_taker_is_told_before_the_quorum",
              kTwoHold,
              0,
              {.attempts = 3, .gates = false, .taker_awaits_the_quorum = false}},
        Wrong{"W5_the_giver_holds_behind_the_first_byte",
              kTwoHold,
              0,
              {.gates = false, .giver_is_released_first = false}},
        Wrong{"W5_the_taker_has_the_token_of_the_giver",
              "an undo takes away what is held",
              0,
              {.gates = false, .taker_has_its_own_token = false}},
        Wrong{"W5_the_taker_s_time_runs_from_the_quorum",
              kTwoHold,
              0,
              {.attempts = 3, .gates = false, .taker_counts_from_the_first_byte = false}},
        Wrong{"W6_to_is_not_undone", kLeft, 0, {.gates = false, .undoes_to = false}},
        Wrong{"W6_from_is_not_undone", kLeft, 0, {.gates = false, .undoes_from = false}},
        Wrong{"W6_from_is_not_undone_after_success",
              kLeft,
              0,
              {.gates = false, .undoes_from_after_success = false}},
        Wrong{"W7_time_runs_from_the_grant_of_the_gate",
              kTwoHold,
              0,
              {.hands_over = false, .counts_from_the_gate = false}},
        Wrong{
            "W7_the_gate_is_not_undone", kLeft, 0, {.hands_over = false, .undoes_the_gate = false}},
        Wrong{"G1_a_guarded_node_is_transferred_to",
              kTwoHold,
              0,
              {.attempts = 3, .restarts = 1, .gates = false, .guards_transfers = false}}),
    [](const auto& wrong) { return std::string(wrong.param.name); });

}  // namespace
}  // namespace quorumlock::model
