// What takes too long for every day: tools/test --full runs these in the release build, ctest
// does not. Together they need three minutes of one core and less than 1 GiB.
#include <gtest/gtest.h>

#include "tests/model/fence_world.h"
#include "tests/model/lease_world.h"
#include "tests/model/wait_world.h"
#include "tests/model/walk.h"

namespace quorumlock::model {
namespace {

TEST(FullFences, three_attempts) { expect_holds<FenceWorld>(FenceRules{.attempts = 3}, 3137536); }

TEST(FullFences, three_attempts_from_counters_that_stand_apart) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .counters = {1, 2, 2}}, 9066009);
}

TEST(FullFences, F2_three_attempts_raise_grants_that_are_not_in_yet) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .raise_asks_all = true}, 2973211);
}

TEST(FullFences, F2_three_attempts_two_of_one_token) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .token_reused = true}, 812211);
}

TEST(FullFences, F2_requests_are_delivered_twice) {
    expect_holds<FenceWorld>(FenceRules{.delivers_twice = true}, 12237156);
}

/// A lost counter starts right above what it held; with two attempts it may start anywhere.
TEST(FullFences, F3_three_attempts_and_nodes_lose_their_data) {
    FenceRules rules{.attempts = 3, .loses_data = true, .starts_jump = false};
    expect_holds<FenceWorld>(rules, 10513985);
}

TEST(FullFences, F4_three_attempts_leave_stragglers_behind) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .stragglers = false}, 1889205);
}

TEST(FullFences, H1_three_attempts_heal_at_will) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .heals = true}, 11983398);
}

TEST(FullFences, H1_three_attempts_heal_and_raise_counters_that_are_there) {
    FenceRules rules{.attempts = 3, .heals = true, .heal = FenceRules::Heal::raises_it};
    expect_holds<FenceWorld>(rules, 15809965);
}

TEST(FullFences, W5_three_attempts_hand_over_at_will) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .hands_over = true}, 3137536);
}

TEST(FullLeases, three_attempts_extend_and_all_nodes_restart) {
    expect_holds<LeaseWorld>(LeaseRules{.attempts = 3, .extensions = 4, .restarts = 3}, 6099676);
}

TEST(FullWaiting, three_attempts_and_nodes_restart) {
    expect_holds<WaitWorld>(WaitRules{.attempts = 3, .restarts = 2}, 149549);
    expect_holds<WaitWorld>(WaitRules{.attempts = 3, .restarts = 3}, 253971);
}

TEST(FullWaiting, four_attempts) {
    expect_holds<WaitWorld>(WaitRules{.attempts = 4}, 316862);
    expect_holds<WaitWorld>(WaitRules{.attempts = 4, .restarts = 1}, 1188784);
}

}  // namespace
}  // namespace quorumlock::model
