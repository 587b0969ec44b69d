// Rules F1, F2 and F4: which number an acquire has won, and who has to be raised.
#include <gtest/gtest.h>

#include "lib/protocol/acquire.h"

namespace quorumlock::protocol {
namespace {

using namespace std::chrono_literals;
using enum AcquireDecision;

constexpr Terms kTerms{.ttl = 1s, .drift_ppm = 10'000, .min_validity = 0ns};
constexpr Instant kStart = Instant(100s);
constexpr Instant kSoon = kStart + 1ms;

class Fenced : public ::testing::Test {
  protected:
    void begin(int nodes) { round.begin(nodes, kStart, kTerms, true); }
    AcquireDecision grant(int node, std::int64_t counter, Instant now = kSoon) {
        return round.on_vote(node, &Votes::yes, now, counter);
    }
    NodeSet raise_all() {
        const NodeSet to = round.to_raise();
        to.each([&](int node) { round.on_raise_asked(node); });
        return to;
    }
    static NodeSet set(std::initializer_list<int> nodes) {
        NodeSet made;
        for (const int node : nodes) made.add(node);
        return made;
    }
    AcquireRound round;
};

TEST_F(Fenced, a_number_that_a_quorum_has_reached_is_won_in_one_round_trip) {
    begin(5);
    EXPECT_EQ(grant(0, 7), open);
    EXPECT_EQ(grant(3, 7), open);
    EXPECT_EQ(grant(1, 7), acquired);
    EXPECT_EQ(round.fence(), 7);
    EXPECT_TRUE(round.to_raise().empty());
}

TEST_F(Fenced, a_grant_without_a_number_is_no_vote_and_is_undone) {
    begin(3);
    EXPECT_EQ(grant(0, 0), open);
    EXPECT_TRUE(round.votes().unknown.has(0));
    EXPECT_TRUE(round.to_undo().has(0));
    EXPECT_EQ(grant(1, -1), no_quorum);
}

TEST_F(Fenced, a_grant_with_a_number_beyond_the_last_is_no_vote_and_nobody_is_raised_to_it) {
    begin(3);
    EXPECT_EQ(grant(0, (std::int64_t{1} << 53)), open);
    EXPECT_TRUE(round.votes().unknown.has(0));
    EXPECT_TRUE(round.to_undo().has(0));
    EXPECT_EQ(grant(1, 7), open);
    EXPECT_TRUE(round.to_raise().empty());
    EXPECT_EQ(grant(2, 7), acquired);
    EXPECT_EQ(round.fence(), 7);
    begin(1);
    EXPECT_EQ(grant(0, (std::int64_t{1} << 53) - 1), acquired);
}

TEST_F(Fenced, one_node_alone_needs_no_raise) {
    begin(1);
    EXPECT_EQ(grant(0, 1234567), acquired);
    EXPECT_EQ(round.fence(), 1234567);
}

TEST_F(Fenced, a_quorum_without_a_common_number_raises_to_the_largest_and_waits) {
    begin(3);
    grant(0, 5);
    EXPECT_TRUE(round.to_raise().empty()) << "no quorum has granted yet";
    EXPECT_EQ(grant(1, 9), open);
    EXPECT_EQ(round.fence_target(), 9);
    EXPECT_EQ(raise_all(), set({0}));
    EXPECT_TRUE(round.to_raise().empty()) << "asked already";
    EXPECT_EQ(round.votes().open, set({0, 2}));
    EXPECT_EQ(round.on_raise(0, true, kSoon), acquired);
    EXPECT_EQ(round.fence(), 9);
    EXPECT_EQ(round.votes().yes, set({0, 1}));
}

TEST_F(Fenced, what_a_node_had_before_its_raise_was_reached_too) {
    begin(5);
    grant(0, 5);
    grant(1, 5);
    grant(2, 6);
    EXPECT_EQ(raise_all(), set({0, 1}));
    EXPECT_EQ(grant(3, 5), acquired) << "0, 1 and 3 have all been at 5 under our token";
    EXPECT_EQ(round.fence(), 5);
}

TEST_F(Fenced, a_late_grant_above_raises_what_is_asked_for) {
    begin(5);
    grant(0, 5);
    grant(1, 6);
    grant(2, 7);
    EXPECT_EQ(raise_all(), set({0, 1}));
    EXPECT_EQ(grant(3, 8), open);
    EXPECT_EQ(round.fence_target(), 8);
    EXPECT_EQ(raise_all(), set({2})) << "those under way are asked again when they have answered";
    EXPECT_EQ(round.on_raise(0, true, kSoon), open);
    EXPECT_EQ(raise_all(), set({0}));
    EXPECT_EQ(round.on_raise(1, true, kSoon), acquired) << "0, 1 and 2 have reached 7";
    EXPECT_EQ(round.fence(), 7);
}

TEST_F(Fenced, a_node_whose_raise_is_not_known_to_be_done_counts_no_more) {
    begin(3);
    grant(0, 5);
    grant(1, 9);
    raise_all();
    EXPECT_EQ(round.on_raise(0, false, kSoon), open) << "2 may still grant";
    EXPECT_TRUE(round.to_undo().has(0));
    EXPECT_EQ(grant(2, 5), open) << "5 was reached by 0, which has lost it";
    EXPECT_EQ(raise_all(), set({2}));
    EXPECT_EQ(round.on_raise(2, true, kSoon), acquired);
    EXPECT_EQ(round.fence(), 9);
}

TEST_F(Fenced, without_a_common_number_in_reach_the_round_fails) {
    begin(3);
    round.on_vote(2, &Votes::failed, kSoon);
    grant(0, 5);
    grant(1, 9);
    raise_all();
    EXPECT_EQ(round.on_raise(0, false, kSoon), no_quorum);
    EXPECT_EQ(round.to_undo(), set({0, 1}));
}

TEST_F(Fenced, a_raise_that_is_silent_past_the_limit_fails_the_round) {
    begin(3);
    round.on_vote(2, &Votes::failed, kSoon);
    grant(0, 5);
    grant(1, 9);
    raise_all();
    EXPECT_EQ(round.on_time_limit(kSoon), no_quorum);
    EXPECT_EQ(round.to_undo(), set({0, 1}));
}

TEST_F(Fenced, a_raise_that_is_answered_too_late_wins_nothing) {
    begin(3);
    grant(0, 5);
    grant(1, 9);
    raise_all();
    EXPECT_EQ(round.on_raise(0, true, kStart + 988ms), expired);
}

TEST_F(Fenced, stragglers_are_raised_behind_the_decision_and_not_waited_for) {
    // Rule F4
    begin(5);
    grant(0, 9);
    grant(1, 4);
    grant(2, 9);
    EXPECT_EQ(raise_all(), set({1}));
    EXPECT_EQ(grant(3, 9), acquired);
    EXPECT_TRUE(round.to_raise().empty()) << "1 has been asked already";
    grant(4, 3);
    EXPECT_EQ(raise_all(), set({4}));
    EXPECT_EQ(round.fence_target(), 9);
    EXPECT_TRUE(round.votes().yes.has(4));
    EXPECT_TRUE(round.to_raise().empty());
}

TEST_F(Fenced, a_grant_above_the_number_that_was_won_is_left_alone) {
    begin(3);
    grant(0, 9);
    EXPECT_EQ(grant(1, 9), acquired);
    grant(2, 12);
    EXPECT_TRUE(round.to_raise().empty());
    EXPECT_EQ(round.fence(), 9);
}

TEST_F(Fenced, a_round_begun_anew_remembers_nothing) {
    begin(3);
    grant(0, 5);
    grant(1, 9);
    raise_all();
    begin(3);
    EXPECT_EQ(grant(2, 3), open);
    EXPECT_TRUE(round.to_raise().empty());
    EXPECT_EQ(grant(0, 3), acquired);
    EXPECT_EQ(round.fence(), 3);
}

TEST_F(Fenced, without_fences_a_grant_needs_no_number) {
    round.begin(3, kStart, kTerms);
    round.on_vote(0, &Votes::yes, kSoon);
    EXPECT_EQ(round.on_vote(1, &Votes::yes, kSoon), acquired);
    EXPECT_EQ(round.fence(), 0);
    EXPECT_TRUE(round.to_raise().empty());
}

}  // namespace
}  // namespace quorumlock::protocol
