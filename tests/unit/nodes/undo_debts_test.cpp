#include "lib/nodes/undo_debts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quorumlock::nodes {
namespace {

using namespace std::chrono_literals;
using ::testing::UnorderedElementsAre;

Instant at(Nanos since) { return Instant{since}; }

std::vector<std::string> due(UndoDebts& debts, Instant now) {
    std::vector<std::string> names;
    debts.take_due(now, [&](const auto& debt) { names.emplace_back(debt.resource.view()); });
    return names;
}

TEST(UndoDebts, hands_out_what_is_due_and_forgets_it) {
    UndoDebts debts;
    debts.add("a", Token{}, 1s, {}, at(10s));
    debts.add("b", Token{}, 1s, {}, at(30s));
    debts.add("c", Token{}, 1s, {}, at(20s));
    EXPECT_EQ(debts.next_event(true), at(10s));
    EXPECT_EQ(debts.next_event(false), std::nullopt) << "nothing can be done without a connection";
    EXPECT_THAT(due(debts, at(20s)), UnorderedElementsAre("a", "c"));
    EXPECT_EQ(debts.size(), 1u);
    EXPECT_EQ(debts.next_event(true), at(30s));
}

TEST(UndoDebts, a_new_connection_makes_all_due_and_gives_each_an_end) {
    UndoDebts debts;
    debts.add("a", Token{}, 16s, {}, Instant::max());
    UndoPlan ends_sooner;
    ends_sooner.until = at(101s);
    debts.add("b", Token{}, 16s, ends_sooner, Instant::max());
    EXPECT_TRUE(due(debts, at(100s)).empty());
    debts.renew(at(100s), Former::killed);
    EXPECT_EQ(debts.next_event(false), at(101s));
    debts.drop_ended(at(101s));
    EXPECT_EQ(debts.next_event(false), at(118s)) << "ttl, a sixteenth of it, and a second";
    EXPECT_THAT(due(debts, at(101s)), UnorderedElementsAre("a"));
    EXPECT_TRUE(debts.empty());
    EXPECT_EQ(debts.next_event(true), std::nullopt);
}

TEST(UndoDebts, what_is_sure_is_done_when_answered_once) {
    UndoPlan plan;
    EXPECT_EQ(next_repetition(plan, 10s), std::nullopt);
}

TEST(UndoDebts, what_is_unsure_is_repeated_at_1_s_and_at_ttl) {
    // Rule N6
    UndoPlan plan{Instant::max(), at(100s), true, 0};
    EXPECT_EQ(next_repetition(plan, 10s), at(101s));
    EXPECT_EQ(next_repetition(plan, 10s), at(110s));
    EXPECT_EQ(next_repetition(plan, 10s), std::nullopt);
    UndoPlan brief{Instant::max(), at(100s), true, 0};
    EXPECT_EQ(next_repetition(brief, 50ms), at(100s) + 50ms);
    EXPECT_EQ(next_repetition(brief, 50ms), at(101s));
    EXPECT_EQ(next_repetition(brief, 50ms), std::nullopt);
}

TEST(UndoDebts, what_is_unsure_is_of_use_until_what_its_last_repetition_meets_has_ended) {
    // Rule N6
    const UndoPlan sure, unsure{Instant::max(), at(100s), true, 0};
    EXPECT_EQ(undo_end(sure, at(105s), 10s), lease_end(at(105s), 10s));
    EXPECT_EQ(undo_end(unsure, at(105s), 10s), lease_end(at(110s), 10s));
    EXPECT_EQ(undo_end(unsure, at(105s), 50ms), lease_end(at(105s), 50ms));
    EXPECT_EQ(undo_end(unsure, at(100s), 50ms), lease_end(at(101s), 50ms));
}

TEST(UndoDebts, an_unsure_connection_begins_the_repetitions_anew) {
    UndoDebts debts;
    debts.add("a", Token{}, 10s, {Instant::max(), at(1s), true, 2}, at(5s));
    debts.renew(at(100s), Former::unsure);
    debts.take_due(at(100s), [](const UndoDebts::Debt& debt) {
        EXPECT_TRUE(debt.plan.unsure);
        EXPECT_EQ(debt.plan.times, 0);
        EXPECT_EQ(debt.plan.answers_since, at(100s));
        EXPECT_EQ(debt.plan.until, lease_end(at(110s), 10s)) << "of what its last repetition meets";
    });
}

TEST(UndoDebts, a_killed_connection_says_nothing_of_an_unsure_one_before_it) {
    UndoDebts debts;
    const UndoPlan unsure{at(300s), at(90s), true, 1};
    debts.add("waits", Token{}, 200s, unsure, at(290s));
    debts.add("was on its way", Token{}, 200s, unsure, Instant::max());
    debts.renew(at(100s), Former::killed);
    EXPECT_EQ(due(debts, at(100s)), std::vector<std::string>{"was on its way"});
    debts.take_due(at(290s), [](const UndoDebts::Debt& debt) {
        EXPECT_EQ(debt.resource.view(), "waits");
        EXPECT_TRUE(debt.plan.unsure);
        EXPECT_EQ(debt.plan.times, 1);
        EXPECT_EQ(debt.plan.until, at(300s));
    });
    EXPECT_TRUE(debts.empty());
}

TEST(UndoDebts, another_process_has_nothing_of_any_connection) {
    UndoDebts debts;
    debts.add("a", Token{}, 200s, {at(300s), at(90s), true, 1}, at(290s));
    debts.renew(at(100s), Former::replaced);
    debts.take_due(at(100s), [](const UndoDebts::Debt& debt) { EXPECT_FALSE(debt.plan.unsure); });
    EXPECT_TRUE(debts.empty());
}

}  // namespace
}  // namespace quorumlock::nodes
