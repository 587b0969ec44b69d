#include "lib/protocol/acquire.h"

#include <gtest/gtest.h>

#include "tests/unit/protocol/sequences.h"

namespace quorumlock::protocol {
namespace {

using namespace std::chrono_literals;
using enum AcquireDecision;

constexpr Terms kTerms{.ttl = 1s, .drift_ppm = 10'000, .min_validity = 0ns};
constexpr Nanos kValidity = 988ms;  // 1 s less one per cent less 2 ms.

AcquireRound begun(int nodes, const Terms& terms = kTerms) {
    AcquireRound round;
    round.begin(nodes, kStart, terms);
    return round;
}

AcquireDecision play(AcquireRound& round, Sequence sequence) {
    for (const Event& event : sequence) round.on_vote(event.node, event.to, kStart + 1ms);
    return round.decision();
}

TEST(AcquireRound, opens_with_every_node_open) {
    for (int nodes : {1, 2, 3, 4, 5, 32}) {
        const AcquireRound round = begun(nodes);
        EXPECT_EQ(round.decision(), open);
        EXPECT_EQ(round.votes().open, NodeSet::first(nodes));
        EXPECT_EQ(round.to_undo(), NodeSet::first(nodes));
        EXPECT_EQ(round.validity_end(), kStart + kValidity);
    }
}

TEST(AcquireRound, needs_a_majority_of_all_nodes) {
    const std::pair<int, int> majorities[] = {{1, 1}, {2, 2}, {3, 2}, {4, 3}, {5, 3}, {32, 17}};
    for (const auto& [nodes, needed] : majorities) {
        AcquireRound round = begun(nodes);
        for (int node = 0; node < needed - 1; ++node) {
            ASSERT_EQ(round.on_vote(node, &Votes::yes, kStart + 1ms), open) << nodes;
        }
        EXPECT_EQ(round.on_vote(nodes - 1, &Votes::yes, kStart + 1ms), acquired) << nodes;
        EXPECT_EQ(round.votes().yes.size(), needed);
        EXPECT_EQ(round.votes().open.size(), nodes - needed);
    }
}

// Rules A7, A8 and Q2 over every order of every answer: one decision, as early as the answers
// allow, never taken back, and none left open by the time limit.
TEST(AcquireRound, decides_once_and_as_soon_as_the_answers_allow) {
    for (int nodes = 1; nodes <= 5; ++nodes) {
        const int needed = quorum(nodes);
        const auto wins = [&](const Counts& c) { return c.yes >= needed; };
        each_sequence(NodeSet::first(nodes), [&](Sequence sequence) {
            AcquireRound round = begun(nodes);
            Counts counts{.open = nodes};
            AcquireDecision first = open;
            for (const Event& event : sequence) {
                const auto decision = round.on_vote(event.node, event.to, kStart + 1ms);
                counts.count(event.to);
                if (first == open) {
                    const auto verdicts = reachable(counts, wins);
                    ASSERT_EQ(decision == open, verdicts.size() == 2) << describe(sequence);
                    if (decision == open) continue;
                    const bool outage = nodes - counts.neither < needed;
                    first = *verdicts.begin() ? acquired : outage ? no_quorum : contended;
                }
                ASSERT_EQ(decision, first) << describe(sequence);
            }
            const auto last = round.on_time_limit(kStart + 50ms);
            counts.neither += counts.open;
            const bool outage = nodes - counts.neither < needed;
            if (first == open) first = wins(counts) ? acquired : outage ? no_quorum : contended;
            ASSERT_EQ(last, first) << describe(sequence);
            ASSERT_TRUE(round.votes().open.empty());
        });
    }
}

TEST(AcquireRound, settles_with_many_nodes_in_either_order) {
    for (int nodes : {31, 32}) {
        for (int yes = 0; yes <= nodes; ++yes) {
            for (int no = 0; yes + no <= nodes; ++no) {
                const int failed = nodes - yes - no;
                for (bool reversed : {false, true}) {
                    AcquireRound round = begun(nodes);
                    const auto decision = play(round, in_blocks(yes, no, failed, reversed));
                    ASSERT_NE(decision, open);
                    ASSERT_EQ(decision == acquired, yes >= quorum(nodes));
                }
            }
        }
    }
}

TEST(AcquireRound, two_refusals_of_four_nodes_settle_it) {
    AcquireRound round = begun(4);
    EXPECT_EQ(round.on_vote(3, &Votes::no, kStart), open);
    EXPECT_EQ(round.on_vote(0, &Votes::no, kStart), contended);
    AcquireRound tied = begun(4);
    const Event tie[] = {{0, &Votes::yes}, {1, &Votes::no}, {2, &Votes::yes}, {3, &Votes::no}};
    EXPECT_EQ(play(tied, tie), contended);
}

TEST(AcquireRound, tells_contention_from_outage) {
    struct Case {
        int nodes, no, failed, unknown;
        AcquireDecision decision;
    };
    const Case cases[] = {
        {1, 1, 0, 0, contended}, {1, 0, 1, 0, no_quorum}, {1, 0, 0, 1, no_quorum},
        {2, 1, 0, 0, contended}, {2, 0, 1, 0, no_quorum}, {2, 0, 0, 1, no_quorum},
        {3, 1, 1, 0, contended}, {3, 1, 0, 1, contended}, {3, 0, 1, 1, no_quorum},
        {4, 1, 1, 0, contended}, {4, 0, 2, 0, no_quorum}, {4, 0, 1, 1, no_quorum},
        {5, 1, 2, 0, contended}, {5, 2, 0, 1, contended}, {5, 0, 2, 1, no_quorum},
    };
    for (const Case& c : cases) {
        AcquireRound round = begun(c.nodes);
        int node = 0;
        for (int i = 0; i < c.failed; ++i) round.on_vote(node++, &Votes::failed, kStart);
        for (int i = 0; i < c.unknown; ++i) round.on_vote(node++, &Votes::unknown, kStart);
        for (int i = 0; i < c.no; ++i) round.on_vote(node++, &Votes::no, kStart);
        EXPECT_EQ(round.decision(), c.decision) << "case " << &c - cases;
    }
}

TEST(AcquireRound, silent_nodes_are_unknown_at_the_time_limit_and_owed_an_undo) {
    AcquireRound round = begun(5);
    round.on_vote(0, &Votes::yes, kStart + 1ms);
    round.on_vote(1, &Votes::no, kStart + 1ms);
    round.on_vote(2, &Votes::failed, kStart + 1ms);
    ASSERT_EQ(round.decision(), open);
    EXPECT_EQ(round.on_time_limit(kStart + 50ms), no_quorum);
    NodeSet expected;
    expected.add(3);
    expected.add(4);
    EXPECT_EQ(round.votes().unknown, expected);
    EXPECT_TRUE(round.votes().open.empty());
    expected.add(0);
    EXPECT_EQ(round.to_undo(), expected);
}

TEST(AcquireRound, nobody_answering_is_no_quorum) {
    for (int nodes : {1, 2, 3, 4, 5, 32}) {
        AcquireRound round = begun(nodes);
        EXPECT_EQ(round.on_time_limit(kStart + 50ms), no_quorum);
        EXPECT_EQ(round.to_undo(), NodeSet::first(nodes));
    }
}

TEST(AcquireRound, a_node_given_up_may_still_grant_while_the_round_is_open) {
    AcquireRound round = begun(3);
    EXPECT_EQ(round.on_vote(0, &Votes::unknown, kStart + 5ms), open);
    EXPECT_EQ(round.on_vote(1, &Votes::yes, kStart + 6ms), open);
    EXPECT_EQ(round.on_vote(0, &Votes::yes, kStart + 7ms), acquired);
    EXPECT_TRUE(round.votes().unknown.empty());
    EXPECT_EQ(round.votes().yes.size(), 2);
}

TEST(AcquireRound, answers_after_a_failure_only_move_the_node) {
    AcquireRound round = begun(3);
    round.on_vote(0, &Votes::no, kStart + 1ms);
    ASSERT_EQ(round.on_vote(1, &Votes::no, kStart + 1ms), contended);
    EXPECT_TRUE(round.to_undo().has(2));
    EXPECT_EQ(round.on_vote(2, &Votes::yes, kStart + 2ms), contended);
    EXPECT_EQ(round.votes().yes.size(), 1);
    EXPECT_TRUE(round.to_undo().has(2));
    EXPECT_EQ(round.on_vote(2, &Votes::no, kStart + 3ms), contended);
    EXPECT_TRUE(round.to_undo().empty());
}

TEST(AcquireRound, a_quorum_that_comes_after_the_failure_is_no_win) {
    AcquireRound round = begun(3);
    ASSERT_EQ(round.on_time_limit(kStart + 5ms), no_quorum);
    for (int node = 0; node < 3; ++node) {
        EXPECT_EQ(round.on_vote(node, &Votes::yes, kStart + 6ms), no_quorum);
    }
    EXPECT_EQ(round.to_undo(), NodeSet::first(3));
}

TEST(AcquireRound, grants_after_the_win_count_as_votes_held) {
    AcquireRound round = begun(5);
    for (int node = 0; node < 3; ++node) round.on_vote(node, &Votes::yes, kStart + 1ms);
    ASSERT_EQ(round.decision(), acquired);
    EXPECT_EQ(round.on_vote(3, &Votes::yes, kStart + 2s), acquired);
    EXPECT_EQ(round.on_time_limit(kStart + 3s), acquired);
    EXPECT_EQ(round.votes().yes.size(), 4);
    EXPECT_EQ(round.votes().unknown.size(), 1);
    EXPECT_EQ(round.validity_end(), kStart + kValidity);
}

TEST(AcquireRound, validity_of_exactly_the_least_is_not_enough) {
    for (Nanos least : {Nanos(0), Nanos(100ms), kValidity}) {
        Terms terms = kTerms;
        terms.min_validity = least;
        const Instant edge = kStart + kValidity - least;
        AcquireRound late = begun(1, terms);
        EXPECT_EQ(late.on_vote(0, &Votes::yes, edge), expired);
        EXPECT_EQ(late.to_undo(), NodeSet::first(1));
        AcquireRound in_time = begun(1, terms);
        EXPECT_EQ(in_time.on_vote(0, &Votes::yes, edge - 1ns), acquired);
    }
}

TEST(AcquireRound, a_quorum_won_too_late_stays_expired) {
    AcquireRound round = begun(3);
    round.on_vote(0, &Votes::yes, kStart + 1ms);
    EXPECT_EQ(round.on_vote(1, &Votes::yes, kStart + 2s), expired);
    EXPECT_EQ(round.on_vote(2, &Votes::yes, kStart + 1ms), expired);
    EXPECT_EQ(round.on_time_limit(kStart + 3s), expired);
    EXPECT_EQ(round.to_undo(), NodeSet::first(3));
}

TEST(AcquireRound, counts_from_the_start_and_not_from_the_answers) {
    AcquireRound round = begun(3);
    round.on_vote(0, &Votes::yes, kStart + 400ms);
    round.on_vote(1, &Votes::yes, kStart + 500ms);
    EXPECT_EQ(round.decision(), acquired);
    EXPECT_EQ(round.validity_end(), kStart + kValidity);
}

TEST(AcquireRound, holds_at_both_ends_of_the_ttl) {
    AcquireRound shortest = begun(1, {.ttl = 10ms, .drift_ppm = 10'000, .min_validity = 0ns});
    EXPECT_EQ(shortest.on_vote(0, &Votes::yes, kStart + 7'900'000ns - 1ns), acquired);
    EXPECT_EQ(shortest.validity_end(), kStart + 7'900'000ns);
    AcquireRound widest = begun(1, {.ttl = 24h, .drift_ppm = 500'000, .min_validity = 11h});
    EXPECT_EQ(widest.on_vote(0, &Votes::yes, kStart + 59min), acquired);
    EXPECT_EQ(widest.validity_end(), kStart + 12h - 2ms);
    AcquireRound missed = begun(1, {.ttl = 24h, .drift_ppm = 500'000, .min_validity = 11h});
    EXPECT_EQ(missed.on_vote(0, &Votes::yes, kStart + 1h - 2ms), expired);
}

TEST(AcquireRound, begins_anew_without_a_trace_of_the_last) {
    AcquireRound round = begun(5);
    round.on_time_limit(kStart + 5ms);
    round.begin(3, kStart + 1s, kTerms);
    EXPECT_EQ(round.decision(), open);
    EXPECT_EQ(round.votes().open, NodeSet::first(3));
    EXPECT_TRUE(round.votes().unknown.empty());
    EXPECT_EQ(round.validity_end(), kStart + 1s + kValidity);
}

TEST(AcquireRoundDeath, a_vote_of_no_node_stops_the_program) {
    AcquireRound round = begun(3);
    EXPECT_DEATH(round.on_vote(3, &Votes::yes, kStart), "internal check failed");
    EXPECT_DEATH(round.on_vote(-1, &Votes::yes, kStart), "internal check failed");
    EXPECT_DEATH(round.on_vote(0, &Votes::open, kStart), "internal check failed");
    EXPECT_DEATH(round.begin(0, kStart, kTerms), "internal check failed");
    EXPECT_DEATH(round.begin(33, kStart, kTerms), "internal check failed");
}

}  // namespace
}  // namespace quorumlock::protocol
