// The judge of the contention tests: that it finds what they look for.
#include "tests/support/grant_ledger.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/temp_dir.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

class GrantLedgerTest : public ::testing::Test {
  protected:
    static Instant at(int second) { return Instant(std::chrono::seconds(second)); }
    /// Asked for and completed at these seconds.
    static Grant grant(std::uint64_t fence, int asked, int granted) {
        return {.resource = "r", .fence = fence, .asked = at(asked), .granted = at(granted)};
    }
    /// Held from `granted` on; 0: not known to have been.
    void add(std::uint64_t fence, int asked, int granted, int until = 0) {
        (void)ledger_.write(grant(fence, asked, granted));
        if (until != 0) ledger_.was_held(grant(fence, asked, granted), at(until));
    }

    const TempDir dir_;
    GrantLedger ledger_{dir_.file("ledger")};
};

}  // namespace

TEST_F(GrantLedgerTest, takes_holders_one_behind_the_other_and_refuses_a_stale_write) {
    EXPECT_TRUE(ledger_.write(grant(5, 1, 2)));
    ledger_.was_held(grant(5, 1, 2), at(3));
    add(7, 1, 4, 5);                              // asked for early, granted late
    EXPECT_FALSE(ledger_.write(grant(6, 2, 3)));  // was stopped meanwhile
    const Verdict v = ledger_.verdict();
    EXPECT_EQ(v.grants, 3);
    EXPECT_EQ(v.held, 2);
    EXPECT_EQ(v.refused, 1);
    EXPECT_EQ(v.violations + v.unordered + v.disordered + v.overlapping, 0) << v.first_violation;
}

TEST_F(GrantLedgerTest, finds_a_fence_that_was_given_twice) {
    add(5, 1, 2);
    add(5, 3, 4);
    EXPECT_EQ(ledger_.verdict().violations, 1);
    EXPECT_EQ(ledger_.verdict().first_violation, "fence 5 of r was given twice");
}

TEST_F(GrantLedgerTest, finds_a_fence_below_one_that_was_complete_before) {
    add(7, 1, 2);
    add(5, 3, 4);
    const Verdict v = ledger_.verdict();
    EXPECT_EQ(v.unordered, 1);
    EXPECT_EQ(v.disordered, 0) << "neither is known to have held";
}

TEST_F(GrantLedgerTest, finds_a_fence_below_that_of_a_former_holder) {
    add(7, 1, 3, 4);
    add(5, 2, 5, 6);
    const Verdict v = ledger_.verdict();
    EXPECT_EQ(v.unordered, 0) << "asked for at the same time";
    EXPECT_EQ(v.disordered, 1);
    EXPECT_EQ(v.overlapping, 0);
}

TEST_F(GrantLedgerTest, finds_two_that_held_at_once) {
    add(5, 1, 2, 5);
    add(6, 1, 4, 6);
    EXPECT_EQ(ledger_.verdict().overlapping, 1);
}

TEST_F(GrantLedgerTest, tells_when_grants_came_and_when_none_did) {
    add(5, 1, 2);
    add(6, 3, 4);
    add(7, 5, 9);
    EXPECT_EQ(ledger_.grants_between(at(2), at(9)), 2);
    EXPECT_EQ(ledger_.longest_pause(at(1), at(10)), 5s);
    EXPECT_EQ(ledger_.longest_pause(at(3), at(4)), 1s) << "that none came at all is a pause too";
    EXPECT_EQ(ledger_.longest_pause(at(2), at(30)), 21s);
    EXPECT_EQ(ledger_.first_asked_from(at(2)), at(4));
    EXPECT_EQ(ledger_.first_asked_from(at(6)), std::nullopt);
}

}  // namespace quorumlock::testing
