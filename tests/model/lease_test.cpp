// Leases (rules H1, H2 and G1) in every order of deliveries, losses, restarts and ends of timers,
// with three nodes and perfect clocks: no two hold, and what is lost is never held again.
//
// The numbers of states are those of this model; one that drops tells that something is no longer
// walked through.
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/model/lease_world.h"
#include "tests/model/walk.h"

namespace quorumlock::model {
namespace {

using Guard = LeaseRules::Guard;
using Heal = LeaseRules::Heal;

TEST(Leases, without_restarts) {
    expect_holds<LeaseWorld>(LeaseRules{.extensions = 3, .restarts = 0}, 35399);
    expect_holds<LeaseWorld>(LeaseRules{.extensions = 3, .restarts = 0, .heal = Heal::never},
                             22855);
}

TEST(Leases, G1_a_guarded_node_costs_no_exclusion) {
    expect_holds<LeaseWorld>(LeaseRules{}, 15133);
    expect_holds<LeaseWorld>(LeaseRules{.extensions = 3, .restarts = 2}, 239440);
}

/// The guard does not ask how many are under it.
TEST(Leases, G1_all_nodes_restart) {
    expect_holds<LeaseWorld>(LeaseRules{.extensions = 3, .restarts = 3}, 356990);
}

TEST(Leases, G1_three_attempts) {
    expect_holds<LeaseWorld>(LeaseRules{.attempts = 3, .extensions = 2, .restarts = 2}, 87034);
}

/// Under the whole guard nothing depends on when a heal is sent. The rule is stricter for what
/// the guard cannot see: nodes that hide when they were started.
TEST(Leases, H1_heals_may_come_early_under_the_whole_guard) {
    expect_holds<LeaseWorld>(LeaseRules{.heal = Heal::at_once}, 20052);
    expect_holds<LeaseWorld>(LeaseRules{.heal = Heal::in_the_extension}, 9985);
}

struct Wrong {
    const char* name;
    const char* finding;
    std::size_t steps;
    LeaseRules rules;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class LeaseMistake : public ::testing::TestWithParam<Wrong> {};

TEST_P(LeaseMistake, is_found) {
    LeaseWorld world(GetParam().rules);
    const Verdict verdict = walk(world);
    EXPECT_EQ(finding(verdict), GetParam().finding);
    EXPECT_EQ(verdict.trace, GetParam().steps);
}

constexpr const char* kTwoHold = "two hold";
constexpr const char* kRevived = "a lock that was lost is revived";

// A number of steps counts what a node does, what a client hears of a yes, a restart, and the end
// of each timer; the answer absent is known with the step that gives it.
INSTANTIATE_TEST_SUITE_P(
    G, LeaseMistake,
    ::testing::Values(
        Wrong{"G1_left_out", kTwoHold, 9, {.guard = Guard::none}},
        Wrong{"G1_heals_that_count_at_once",
              kTwoHold,
              14,
              {.guard = Guard::no_acquire, .heal = Heal::in_the_extension}},
        Wrong{"G1_heals_that_count_in_the_next_round",
              kTwoHold,
              16,
              {.guard = Guard::no_acquire, .heal = Heal::at_once}},
        Wrong{"G1_heals_after_a_majority_of_plain_extensions",
              kTwoHold,
              20,
              {.guard = Guard::no_acquire}},
        Wrong{"H2_an_extension_after_the_validity",
              kRevived,
              9,
              {.restarts = 0, .heal = Heal::never, .extends_after_the_validity = true}}),
    [](const auto& wrong) { return std::string(wrong.param.name); });

}  // namespace
}  // namespace quorumlock::model
