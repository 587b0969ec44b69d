// Fences (rules F1 to F4, H1) in every order of deliveries, losses and ends of locks, with three
// nodes and two attempts; with three attempts in full_test.cpp. No two attempts get the same
// fence, and one that began after another was completed gets a larger one.
//
// The numbers of states are those of this model; one that drops tells that something is no longer
// walked through. That the model bites is shown in fence_mistakes_test.cpp.
#include <gtest/gtest.h>

#include "tests/model/fence_world.h"
#include "tests/model/walk.h"

namespace quorumlock::model {
namespace {

TEST(Fences, are_unique_and_grow) { expect_holds<FenceWorld>(FenceRules{}, 6812); }

TEST(Fences, grow_from_counters_that_stand_apart) {
    expect_holds<FenceWorld>(FenceRules{.counters = {0, 1, 3}}, 59016);
    expect_holds<FenceWorld>(FenceRules{.counters = {1, 2, 2}}, 21901);
}

/// Without clocks they do not: Promise.is_not_the_order_of_completion (fence_mistakes_test.cpp).
TEST(Fences, follow_the_order_of_holding_where_clocks_are_perfect) {
    FenceRules rules{.heals = true, .perfect_clocks = true, .asks_order_of_completion = true};
    expect_holds<FenceWorld>(rules, 1845);
    rules.attempts = 3;
    expect_holds<FenceWorld>(rules, 155049);
}

TEST(Fences, F2_a_raise_may_reach_a_grant_that_is_not_in_yet) {
    expect_holds<FenceWorld>(FenceRules{.raise_asks_all = true}, 6127);
    expect_holds<FenceWorld>(FenceRules{.raise_asks_late = true}, 11615);
}

TEST(Fences, F2_a_raise_may_be_done_for_an_earlier_attempt_of_the_same_token) {
    expect_holds<FenceWorld>(FenceRules{.token_reused = true}, 1195);
    expect_holds<FenceWorld>(FenceRules{.delivers_twice = true, .token_reused = true}, 394987);
}

TEST(Fences, F3_nodes_lose_their_data) {
    expect_holds<FenceWorld>(FenceRules{.loses_data = true}, 96513);
}

TEST(Fences, F3_counters_are_evicted_while_their_locks_live) {
    expect_holds<FenceWorld>(FenceRules{.loses_counters = true}, 229659);
}

/// They save a round trip, and nothing depends on them.
TEST(Fences, F4_stragglers_may_stay_behind) {
    expect_holds<FenceWorld>(FenceRules{.stragglers = false}, 4475);
}

TEST(Fences, F4_counters_that_end_with_their_locks_start_above_what_they_held) {
    expect_holds<FenceWorld>(FenceRules{.counters_end_with_locks = true}, 29502);
}

/// Nothing speaks against max(counter, m) where there is a counter, and nothing for it.
TEST(Fences, H1_a_heal_may_raise_a_counter_that_is_there) {
    expect_holds<FenceWorld>(FenceRules{.heals = true, .heal = FenceRules::Heal::raises_it}, 16016);
}

TEST(Fences, H1_holders_heal_at_will) {
    expect_holds<FenceWorld>(FenceRules{.heals = true}, 13572);
    expect_holds<FenceWorld>(FenceRules{.loses_data = true, .heals = true}, 451636);
    expect_holds<FenceWorld>(FenceRules{.loses_data = true, .heals = true, .raise_asks_all = true},
                             444710);
}

/// On a node it is a release followed by an ACQUIRE: it leads to no state that these do not.
TEST(Fences, W5_holders_hand_over_at_will) {
    expect_holds<FenceWorld>(FenceRules{.hands_over = true}, 6812);
    expect_holds<FenceWorld>(FenceRules{.counters = {0, 1, 3}, .hands_over = true}, 59016);
    expect_holds<FenceWorld>(FenceRules{.loses_data = true, .hands_over = true}, 96513);
}

/// Whoever held the key, a number is given once: this mistake costs exclusion (wait_test.cpp).
TEST(Fences, W5_a_transfer_over_the_key_of_a_third_counts_too) {
    FenceRules rules{.hands_over = true, .transfer_asks_whose_key = false};
    expect_holds<FenceWorld>(rules, 6812);
}

}  // namespace
}  // namespace quorumlock::model
