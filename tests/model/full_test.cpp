// What takes too long for every day: tools/test --full runs these in the release build, ctest
// does not. Together they need minutes and less than 4 GiB.
#include <gtest/gtest.h>

#include "tests/model/fence_world.h"
#include "tests/model/lease_world.h"
#include "tests/model/walk.h"

namespace quorumlock::model {
namespace {

TEST(FullFences, three_attempts) { expect_holds<FenceWorld>(FenceRules{.attempts = 3}, 3137536); }

TEST(FullFences, three_attempts_from_counters_that_stand_apart) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .counters = {1, 2, 2}}, 0);
}

TEST(FullFences, three_attempts_follow_the_order_of_holding_where_clocks_are_perfect) {
    FenceRules rules{.attempts = 3, .perfect_clocks = true, .asks_order_of_completion = true};
    expect_holds<FenceWorld>(rules, 0);
}

TEST(FullFences, F2_three_attempts_raise_grants_that_are_not_in_yet) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .raise_asks_all = true}, 2973211);
}

TEST(FullFences, F2_three_attempts_two_of_one_token) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .token_reused = true}, 0);
}

TEST(FullFences, F2_requests_are_delivered_twice) {
    expect_holds<FenceWorld>(FenceRules{.delivers_twice = true}, 12237156);
}

TEST(FullFences, F2_requests_of_a_reused_token_are_delivered_twice) {
    expect_holds<FenceWorld>(FenceRules{.delivers_twice = true, .token_reused = true}, 0);
}

TEST(FullFences, F4_three_attempts_leave_stragglers_behind) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .stragglers = false}, 1889205);
}

TEST(FullFences, H1_three_attempts_heal_at_will) {
    expect_holds<FenceWorld>(FenceRules{.attempts = 3, .heals = true}, 11983398);
}

TEST(FullLeases, three_attempts_extend_and_all_nodes_restart) {
    expect_holds<LeaseWorld>(LeaseRules{.attempts = 3, .extensions = 3, .restarts = 3}, 0);
}

}  // namespace
}  // namespace quorumlock::model
