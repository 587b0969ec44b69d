#include "lib/protocol/release.h"

#include <gtest/gtest.h>

#include "tests/unit/protocol/sequences.h"

namespace quorumlock::protocol {
namespace {

using enum ReleaseDecision;

ReleaseRound begun(int nodes, NodeSet told) {
    ReleaseRound round;
    round.begin(nodes, told);
    return round;
}
ReleaseRound begun(int nodes) { return begun(nodes, NodeSet::first(nodes)); }

ReleaseDecision play(ReleaseRound& round, Sequence sequence) {
    for (const Event& event : sequence) round.on_vote(event.node, event.to);
    return round.decision();
}

ReleaseDecision verdict(int nodes, const Counts& counts) {
    if (counts.yes >= quorum(nodes)) return released;
    return counts.no > nodes - quorum(nodes) ? not_held : unknown;
}

TEST(ReleaseRound, is_released_by_a_majority_of_all_nodes) {
    const std::pair<int, int> majorities[] = {{1, 1}, {2, 2}, {3, 2}, {4, 3}, {5, 3}, {32, 17}};
    for (const auto& [nodes, needed] : majorities) {
        ReleaseRound round = begun(nodes);
        EXPECT_EQ(round.decision(), open);
        for (int node = 0; node < needed - 1; ++node) {
            ASSERT_EQ(round.on_vote(node, &Votes::yes), open) << nodes;
        }
        EXPECT_EQ(round.on_vote(nodes - 1, &Votes::yes), released) << nodes;
    }
}

// Rules R1, R2 and Q2 over every order of every answer of every set of nodes told: the verdict is
// that of the whole round, told as soon as no answer still open could change it.
TEST(ReleaseRound, the_order_of_the_answers_never_matters) {
    for (int nodes = 1; nodes <= 4; ++nodes) {
        const auto judge = [&](const Counts& c) { return verdict(nodes, c); };
        for (int bits = 0; bits < 1 << nodes; ++bits) {
            NodeSet told;
            for (int node = 0; node < nodes; ++node) {
                if ((bits >> node & 1) != 0) told.add(node);
            }
            each_sequence(told, [&](Sequence sequence) {
                ReleaseRound round = begun(nodes, told);
                Counts counts{.no = nodes - told.size(), .open = told.size()};
                auto decision = round.decision();
                for (std::size_t next = 0;; ++next) {
                    const auto verdicts = reachable(counts, judge);
                    ASSERT_EQ(decision, verdicts.size() == 1 ? *verdicts.begin() : open)
                        << describe(sequence) << " told " << bits << " of " << nodes;
                    if (next == sequence.size()) break;
                    decision = round.on_vote(sequence[next].node, sequence[next].to);
                    counts.count(sequence[next].to);
                }
                counts.neither += counts.open;
                ASSERT_EQ(round.on_time_limit(), verdict(nodes, counts)) << describe(sequence);
                ASSERT_TRUE(round.votes().open.empty());
            });
        }
    }
}

TEST(ReleaseRound, settles_with_many_nodes_in_either_order) {
    for (int nodes : {31, 32}) {
        for (int yes = 0; yes <= nodes; ++yes) {
            for (int no = 0; yes + no <= nodes; ++no) {
                const int failed = nodes - yes - no;
                const auto expected = verdict(nodes, {yes, no, failed, 0});
                for (bool reversed : {false, true}) {
                    ReleaseRound round = begun(nodes);
                    ASSERT_EQ(play(round, in_blocks(yes, no, failed, reversed)), expected);
                }
            }
        }
    }
}

TEST(ReleaseRound, nodes_that_refused_the_acquire_are_not_told_and_cost_nothing) {
    ReleaseRound round = begun(5, NodeSet::first(3));
    EXPECT_EQ(round.decision(), open);
    EXPECT_EQ(round.votes().open, NodeSet::first(3));
    EXPECT_EQ(round.votes().no, NodeSet::first(5).minus(NodeSet::first(3)));
    round.on_vote(0, &Votes::yes);
    round.on_vote(1, &Votes::yes);
    EXPECT_EQ(round.on_vote(2, &Votes::yes), released);
}

TEST(ReleaseRound, one_absence_beyond_the_spare_nodes_is_not_held) {
    ReleaseRound round = begun(5, NodeSet::first(3));
    EXPECT_EQ(round.on_vote(1, &Votes::no), not_held);
    EXPECT_EQ(round.on_vote(0, &Votes::yes), not_held);
    EXPECT_EQ(round.on_vote(2, &Votes::yes), not_held) << "late answers only move the node";
    EXPECT_EQ(round.votes().yes.size(), 2);
    ReleaseRound tied = begun(4);
    EXPECT_EQ(tied.on_vote(0, &Votes::no), open);
    EXPECT_EQ(tied.on_vote(1, &Votes::no), not_held) << "three of four is out of reach";
}

TEST(ReleaseRound, with_nobody_to_tell_it_is_decided_at_once) {
    for (int nodes : {1, 2, 3, 4, 5, 32}) {
        EXPECT_EQ(begun(nodes, NodeSet{}).decision(), not_held);
    }
}

TEST(ReleaseRound, outages_alone_leave_it_unknown) {
    for (int nodes : {1, 2, 3, 4, 5, 32}) {
        ReleaseRound silent = begun(nodes);
        EXPECT_EQ(silent.on_time_limit(), unknown);
        EXPECT_EQ(silent.votes().unknown, NodeSet::first(nodes));
    }
    ReleaseRound round = begun(3);
    EXPECT_EQ(round.on_vote(0, &Votes::failed), open);
    EXPECT_EQ(round.on_vote(1, &Votes::unknown), unknown) << "nothing can be proved any more";
}

TEST(ReleaseRound, waits_for_the_word_that_would_prove_that_it_was_not_held) {
    const Event hopeless[] = {{0, &Votes::no}, {1, &Votes::failed}};
    ReleaseRound gone = begun(3);
    EXPECT_EQ(play(gone, hopeless), open);
    EXPECT_EQ(gone.on_vote(2, &Votes::no), not_held);
    ReleaseRound kept = begun(3);
    play(kept, hopeless);
    EXPECT_EQ(kept.on_vote(2, &Votes::yes), unknown);
}

TEST(ReleaseRound, a_node_given_up_may_still_answer_while_the_round_is_open) {
    ReleaseRound round = begun(3);
    EXPECT_EQ(round.on_vote(0, &Votes::unknown), open);
    EXPECT_EQ(round.on_vote(1, &Votes::yes), open);
    EXPECT_EQ(round.on_vote(0, &Votes::yes), released);
}

TEST(ReleaseRound, answers_after_the_verdict_only_move_the_node) {
    ReleaseRound round = begun(3);
    ASSERT_EQ(round.on_time_limit(), unknown);
    for (int node = 0; node < 3; ++node) EXPECT_EQ(round.on_vote(node, &Votes::yes), unknown);
    EXPECT_EQ(round.votes().yes, NodeSet::first(3));
    EXPECT_TRUE(round.votes().unknown.empty());
}

TEST(ReleaseRound, begins_anew_without_a_trace_of_the_last) {
    ReleaseRound round = begun(5);
    round.on_time_limit();
    round.begin(1, NodeSet::first(1));
    EXPECT_EQ(round.decision(), open);
    EXPECT_TRUE(round.votes().unknown.empty());
    EXPECT_TRUE(round.votes().no.empty());
    EXPECT_EQ(round.on_vote(0, &Votes::yes), released);
}

TEST(ReleaseRoundDeath, a_vote_of_no_node_stops_the_program) {
    ReleaseRound round = begun(3);
    EXPECT_DEATH(round.on_vote(3, &Votes::yes), "internal check failed");
    EXPECT_DEATH(round.on_vote(0, &Votes::open), "internal check failed");
    EXPECT_DEATH(round.begin(2, NodeSet::first(3)), "internal check failed");
    EXPECT_DEATH(round.begin(33, NodeSet::first(32)), "internal check failed");
}

}  // namespace
}  // namespace quorumlock::protocol
