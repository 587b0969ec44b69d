// Fences (rules F1 to F4, H1) in every order of deliveries, losses and ends of locks, with three
// nodes and two attempts; with three attempts in fence_full_test.cpp. No two attempts get the same
// fence, and one that began after another was completed gets a larger one.
//
// The numbers of states are those of this model; one that drops tells that something is no longer
// walked through. That the model bites is shown in fence_mistakes_test.cpp.
#include <gtest/gtest.h>

#include "tests/model/fence_world.h"
#include "tests/model/walk.h"

namespace quorumlock::model {
namespace {

void expect_holds(const FenceRules& rules, std::size_t states) {
    FenceWorld world(rules);
    const Verdict verdict = walk(world);
    EXPECT_EQ(verdict.failure, "");
    EXPECT_EQ(verdict.states, states);
}

TEST(Fences, are_unique_and_grow) { expect_holds({}, 6812); }

TEST(Fences, from_counters_that_stand_apart) {
    expect_holds({.counters = {0, 1, 3}}, 0);
    expect_holds({.counters = {1, 2, 2}}, 0);
}

TEST(Fences, F2_a_raise_may_reach_a_grant_that_is_not_in_yet) {
    expect_holds({.raise_asks_all = true}, 0);
}

TEST(Fences, F2_a_raise_may_be_done_for_an_earlier_attempt_of_the_same_token) {
    expect_holds({.token_reused = true}, 0);
}

TEST(Fences, F3_nodes_lose_their_data) { expect_holds({.loses_data = true}, 0); }

TEST(Fences, F3_counters_are_evicted_while_their_locks_live) {
    expect_holds({.loses_counters = true}, 0);
}

/// They save a round trip, and nothing depends on them.
TEST(Fences, F4_stragglers_may_stay_behind) { expect_holds({.stragglers = false}, 0); }

TEST(Fences, F4_counters_that_end_with_their_locks_start_above_what_they_held) {
    expect_holds({.counters_end_with_locks = true}, 0);
}

TEST(Fences, H1_holders_heal_at_will) {
    expect_holds({.heals = true}, 0);
    expect_holds({.loses_data = true, .heals = true}, 0);
}

}  // namespace
}  // namespace quorumlock::model
