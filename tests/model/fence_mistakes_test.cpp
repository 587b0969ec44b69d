// Each way to get a rule of fences wrong is found, by a shortest trace. The same world with the
// rule kept holds, in fence_test.cpp or full_test.cpp: it is the rule that makes the difference.
//
// A number of steps counts what a node does, what a client hears, and what a node loses; beginning,
// deciding and sending are part of the step that causes them.
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/model/fence_world.h"
#include "tests/model/walk.h"

namespace quorumlock::model {
namespace {

using Raise = FenceRules::Raise;
using Bound = FenceRules::Bound;
using Start = FenceRules::Start;
using Heal = FenceRules::Heal;

struct Wrong {
    const char* name;
    std::size_t steps;
    FenceRules rules;
    const char* finding = "two attempts have the same fence";
};

constexpr const char* kNotLarger =
    "an attempt that began after another was completed has no larger fence";

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

const Wrong kWrong[] = {
    {"F2_left_out", 10, {.raise = Raise::never}},
    {"F2_not_awaited", 10, {.raise = Raise::not_awaited}},
    {"F2_without_the_token", 14, {.raise_checks_token = false}},
    // Two RAISEs of one attempt change places. With max() it takes one of the worlds below.
    {"F2_sets_a_larger_counter", 21, {.attempts = 3, .raise_bound = Bound::none}},
    // To a node whose grant is late: it granted after others had counted there.
    {"F2_sets_an_uncounted_grant", 17, {.raise_bound = Bound::none, .raise_asks_all = true}},
    {"F2_sets_a_late_grant_that_is_not_counted",
     18,
     {.raise_bound = Bound::none, .raise_asks_late = true}},
    {"F2_takes_the_maximum_at_a_late_grant_that_is_not_counted",
     18,
     {.raise_bound = Bound::maximum, .raise_asks_late = true}},
    {"F2_takes_the_maximum_at_an_uncounted_grant",
     17,
     {.raise_bound = Bound::maximum, .raise_asks_all = true}},
    {"F2_sets_what_an_acquire_counted_twice",
     17,
     {.delivers_twice = true, .raise_bound = Bound::none}},
    {"F2_takes_the_maximum_where_an_acquire_counted_twice",
     17,
     {.delivers_twice = true, .raise_bound = Bound::maximum}},
    {"F2_sets_what_a_reused_token_counted",
     17,
     {.attempts = 3, .raise_bound = Bound::none, .token_reused = true}},
    {"F2_takes_the_maximum_where_a_reused_token_counted",
     17,
     {.attempts = 3, .raise_bound = Bound::maximum, .token_reused = true}},
    // Not the counter alone must be at most m: it must be there.
    {"F2_starts_a_lost_counter",
     16,
     {.counters = {0, 1, 2},
      .loses_counters = true,
      .starts_jump = false,
      .raise_starts_counter = true}},
    {"F3_starts_at_one", 9, {.loses_data = true, .start = Start::at_one}},
    {"F3_starts_at_one_behind_larger_ones",
     10,
     {.counters = {3, 3, 3}, .loses_data = true, .start = Start::at_one},
     kNotLarger},
    {"F3_starts_not_strictly_above", 9, {.loses_data = true, .start = Start::at_all_ever_held}},
    {"F4_counters_end_with_their_locks",
     9,
     {.counters_end_with_locks = true, .start = Start::at_one}},
    {"W5_a_transfer_does_not_count", 8, {.hands_over = true, .transfer_counts = false}},
    {"W5_a_transfer_does_not_count_and_counters_stand_apart",
     10,
     {.counters = {0, 1, 3}, .hands_over = true, .transfer_counts = false}},
    {"H1_sets_the_counter", 19, {.attempts = 3, .heals = true, .heal = Heal::sets_it}},
    // Stragglers make no difference to it, but a quarter of the states.
    {"H1_starts_a_lost_counter",
     19,
     {.attempts = 3,
      .loses_data = true,
      .starts_jump = false,
      .heals = true,
      .stragglers = false,
      .heal = Heal::raises_or_starts_it}}};

class FenceMistake : public ::testing::TestWithParam<Wrong> {};

TEST_P(FenceMistake, is_found) {
    FenceWorld world(GetParam().rules);
    const Verdict verdict = walk(world);
    EXPECT_EQ(finding(verdict), GetParam().finding);
    EXPECT_EQ(verdict.trace, GetParam().steps);
}

INSTANTIATE_TEST_SUITE_P(F, FenceMistake, ::testing::ValuesIn(kWrong),
                         [](const auto& wrong) { return std::string(wrong.param.name); });

TEST(FenceMistakes, take_the_same_steps_where_nothing_is_forgotten) {
    for (const Wrong& wrong : kWrong) {
        FenceRules rules = wrong.rules;
        if (rules.attempts > 2) continue;
        rules.forgets = false;
        FenceWorld world(rules);
        EXPECT_EQ(exhaust(world).trace, wrong.steps) << wrong.name;
    }
}

/// Fences follow the order in which attempts begin and are completed, not that of completion.
TEST(Promise, is_not_the_order_of_completion) {
    FenceWorld world({.asks_order_of_completion = true});
    const Verdict verdict = walk(world);
    EXPECT_EQ(finding(verdict), "an attempt completed after another has a smaller fence");
    EXPECT_EQ(verdict.trace, 10U);
}

TEST(FenceTrace, has_one_line_a_step) {
    FenceWorld world({.raise = Raise::never});
    EXPECT_EQ(exhaust(world).failure,
              "two attempts have the same fence, after 10 steps:\n"
              "  node 1 grants ACQUIRE of A, counter none -> 1\n"
              "  A hears granted(1) of node 1\n"
              "  node 1 ends the lock of A\n"
              "  node 1 grants ACQUIRE of B, counter 1 -> 2\n"
              "  B hears granted(2) of node 1\n"
              "  node 2 grants ACQUIRE of B, counter none -> 1\n"
              "  B hears granted(1) of node 2: B has fence 2\n"
              "  node 2 ends the lock of B\n"
              "  node 2 grants ACQUIRE of A, counter 1 -> 2\n"
              "  A hears granted(2) of node 2: A has fence 2\n");
}

}  // namespace
}  // namespace quorumlock::model
