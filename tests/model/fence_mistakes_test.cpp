// Each way to get a rule of fences wrong is found, by a shortest trace. The same world with the
// rule kept holds, here or in fence_full_test.cpp: it is the rule that makes the difference.
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
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class FenceMistake : public ::testing::TestWithParam<Wrong> {};

TEST_P(FenceMistake, is_found) {
    FenceWorld world(GetParam().rules);
    const Verdict verdict = walk(world);
    EXPECT_EQ(finding(verdict), "two attempts have the same fence");
    EXPECT_EQ(verdict.trace, GetParam().steps);
}

INSTANTIATE_TEST_SUITE_P(
    F, FenceMistake,
    ::testing::Values(
        Wrong{"F2_left_out", 10, {.raise = Raise::never}},
        Wrong{"F2_not_awaited", 10, {.raise = Raise::not_awaited}},
        Wrong{"F2_without_the_token", 14, {.raise_checks_token = false}},
        // Two RAISEs of one attempt change places. With max() it takes one of the worlds below.
        Wrong{"F2_sets_a_larger_counter", 21, {.attempts = 3, .raise_bound = Bound::none}},
        // To a node whose grant is late: it granted after others had counted there.
        Wrong{
            "F2_sets_an_uncounted_grant", 17, {.raise_bound = Bound::none, .raise_asks_all = true}},
        Wrong{"F2_takes_the_maximum_at_an_uncounted_grant",
              17,
              {.raise_bound = Bound::maximum, .raise_asks_all = true}},
        Wrong{"F2_sets_what_an_acquire_counted_twice",
              17,
              {.delivers_twice = true, .raise_bound = Bound::none}},
        Wrong{"F2_takes_the_maximum_where_an_acquire_counted_twice",
              17,
              {.delivers_twice = true, .raise_bound = Bound::maximum}},
        Wrong{"F2_sets_what_a_reused_token_counted",
              17,
              {.attempts = 3, .raise_bound = Bound::none, .token_reused = true}},
        Wrong{"F2_takes_the_maximum_where_a_reused_token_counted",
              17,
              {.attempts = 3, .raise_bound = Bound::maximum, .token_reused = true}},
        // Not the counter alone must be at most m: it must be there.
        Wrong{"F2_starts_a_lost_counter",
              16,
              {.counters = {0, 1, 2},
               .loses_counters = true,
               .starts_jump = false,
               .raise_starts_counter = true}},
        Wrong{"F3_starts_at_one", 9, {.loses_data = true, .start = Start::at_one}},
        Wrong{"F3_starts_not_strictly_above",
              9,
              {.loses_data = true, .start = Start::at_all_ever_held}},
        Wrong{"F4_counters_end_with_their_locks",
              9,
              {.counters_end_with_locks = true, .start = Start::at_one}},
        Wrong{"H1_sets_the_counter", 19, {.attempts = 3, .heals = true, .heal = Heal::sets_it}},
        Wrong{"H1_starts_a_lost_counter",
              19,
              {.attempts = 3,
               .loses_data = true,
               .starts_jump = false,
               .heals = true,
               .heal = Heal::raises_or_starts_it}}),
    [](const auto& wrong) { return std::string(wrong.param.name); });

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
