#include "lib/protocol/extend.h"

#include <gtest/gtest.h>

#include "tests/unit/protocol/sequences.h"

namespace quorumlock::protocol {
namespace {

using namespace std::chrono_literals;
using enum ExtendDecision;

constexpr Terms kTerms{.ttl = 1s, .drift_ppm = 10'000, .min_validity = 0ns};
constexpr Nanos kValidity = 988ms;  // 1 s less one per cent less 2 ms.
constexpr Instant kCurrentEnd = kStart + 500ms;

ExtendRound begun(int nodes, Instant current_end = kCurrentEnd, const Terms& terms = kTerms) {
    ExtendRound round;
    round.begin(nodes, kStart, terms, current_end);
    return round;
}

ExtendDecision play(ExtendRound& round, Sequence sequence) {
    for (const Event& event : sequence) round.on_vote(event.node, event.to, kStart + 1ms);
    return round.decision();
}

ExtendDecision verdict(int nodes, const Counts& counts) {
    if (counts.yes >= quorum(nodes)) return extended;
    return counts.no >= quorum(nodes) ? lost : no_quorum;
}

TEST(ExtendRound, needs_a_majority_of_all_nodes) {
    const std::pair<int, int> majorities[] = {{1, 1}, {2, 2}, {3, 2}, {4, 3}, {5, 3}, {32, 17}};
    for (const auto& [nodes, needed] : majorities) {
        ExtendRound round = begun(nodes);
        EXPECT_EQ(round.decision(), open);
        EXPECT_EQ(round.votes().open, NodeSet::first(nodes));
        for (int node = 0; node < needed - 1; ++node) {
            ASSERT_EQ(round.on_vote(node, &Votes::yes, kStart + 1ms), open) << nodes;
            ASSERT_EQ(round.validity_end(), kCurrentEnd) << "not extended yet";
        }
        EXPECT_EQ(round.on_vote(nodes - 1, &Votes::yes, kStart + 1ms), extended) << nodes;
        EXPECT_EQ(round.validity_end(), kStart + kValidity);
    }
}

// Rules E1, E3 and Q2 over every order of every answer: the verdict is that of the whole round,
// told as soon as no answer still open could change it, and never taken back.
TEST(ExtendRound, the_order_of_the_answers_never_matters) {
    for (int nodes = 1; nodes <= 5; ++nodes) {
        const auto judge = [&](const Counts& c) { return verdict(nodes, c); };
        each_sequence(NodeSet::first(nodes), [&](Sequence sequence) {
            ExtendRound round = begun(nodes);
            Counts counts{.open = nodes};
            for (const Event& event : sequence) {
                const auto decision = round.on_vote(event.node, event.to, kStart + 1ms);
                counts.count(event.to);
                const auto verdicts = reachable(counts, judge);
                ASSERT_EQ(decision, verdicts.size() == 1 ? *verdicts.begin() : open)
                    << describe(sequence);
            }
            counts.neither += counts.open;
            ASSERT_EQ(round.on_time_limit(kStart + 50ms), verdict(nodes, counts))
                << describe(sequence);
            ASSERT_TRUE(round.votes().open.empty());
        });
    }
}

TEST(ExtendRound, settles_with_many_nodes_in_either_order) {
    for (int nodes : {31, 32}) {
        for (int yes = 0; yes <= nodes; ++yes) {
            for (int no = 0; yes + no <= nodes; ++no) {
                const int failed = nodes - yes - no;
                const auto expected = verdict(nodes, {yes, no, failed, 0});
                for (bool reversed : {false, true}) {
                    ExtendRound round = begun(nodes);
                    ASSERT_EQ(play(round, in_blocks(yes, no, failed, reversed)), expected);
                }
            }
        }
    }
}

TEST(ExtendRound, half_of_an_even_number_gone_is_not_lost) {
    const Event half_gone[] = {
        {0, &Votes::no}, {1, &Votes::no}, {2, &Votes::yes}, {3, &Votes::yes}};
    ExtendRound round = begun(4);
    EXPECT_EQ(play(round, half_gone), no_quorum);
    EXPECT_EQ(round.validity_end(), kCurrentEnd);
    ExtendRound pair = begun(2);
    EXPECT_EQ(pair.on_vote(0, &Votes::no, kStart), open) << "the other may say that it is gone";
    EXPECT_EQ(pair.on_vote(1, &Votes::yes, kStart), no_quorum);
}

TEST(ExtendRound, waits_for_the_word_that_would_prove_the_loss) {
    const Event hopeless[] = {{0, &Votes::no}, {1, &Votes::failed}};
    ExtendRound gone = begun(3);
    EXPECT_EQ(play(gone, hopeless), open);
    EXPECT_EQ(gone.on_vote(2, &Votes::no, kStart + 2ms), lost);
    ExtendRound kept = begun(3);
    play(kept, hopeless);
    EXPECT_EQ(kept.on_vote(2, &Votes::yes, kStart + 2ms), no_quorum);
    ExtendRound silent = begun(3);
    play(silent, hopeless);
    EXPECT_EQ(silent.on_time_limit(kStart + 50ms), no_quorum);
}

TEST(ExtendRound, an_answer_at_the_current_end_is_too_late) {
    ExtendRound late = begun(1);
    EXPECT_EQ(late.on_vote(0, &Votes::yes, kCurrentEnd), too_late);
    EXPECT_EQ(late.validity_end(), kCurrentEnd);
    ExtendRound in_time = begun(1);
    EXPECT_EQ(in_time.on_vote(0, &Votes::yes, kCurrentEnd - 1ns), extended);
    EXPECT_EQ(in_time.validity_end(), kStart + kValidity);
}

TEST(ExtendRound, the_last_answer_of_the_quorum_decides_whether_it_was_in_time) {
    ExtendRound round = begun(3);
    EXPECT_EQ(round.on_vote(0, &Votes::yes, kStart + 1ms), open);
    EXPECT_EQ(round.on_vote(1, &Votes::yes, kCurrentEnd + 1ms), too_late);
    EXPECT_EQ(round.on_vote(2, &Votes::yes, kStart + 1ms), too_late) << "never revived";
    EXPECT_EQ(round.validity_end(), kCurrentEnd);
}

TEST(ExtendRound, a_round_that_outlives_the_validity_is_lost_whatever_was_said) {
    for (NodeSet Votes::*said : {&Votes::yes, &Votes::no, &Votes::failed, &Votes::unknown}) {
        ExtendRound round = begun(3);
        EXPECT_EQ(round.on_vote(0, said, kCurrentEnd), too_late) << "no answer could save it";
        EXPECT_EQ(round.validity_end(), kCurrentEnd);
    }
    ExtendRound silent = begun(3);
    EXPECT_EQ(silent.on_time_limit(kCurrentEnd), too_late);
    ExtendRound bare = begun(3, Instant::max());
    EXPECT_EQ(bare.on_time_limit(kStart + kValidity), no_quorum) << "it has no end to outlive";
}

TEST(ExtendRound, never_shortens) {
    ExtendRound round = begun(1, kStart + 10s);
    EXPECT_EQ(round.on_vote(0, &Votes::yes, kStart + 1ms), extended);
    EXPECT_EQ(round.validity_end(), kStart + 10s);
}

TEST(ExtendRound, a_short_extension_that_took_long_costs_nothing_of_a_long_validity) {
    ExtendRound round = begun(1, kStart + 10s);
    EXPECT_EQ(round.on_vote(0, &Votes::yes, kStart + 2s), extended);
    EXPECT_EQ(round.validity_end(), kStart + 10s);
}

TEST(ExtendRound, failing_throws_nothing_away) {
    ExtendRound round = begun(3);
    EXPECT_EQ(round.on_time_limit(kStart + 50ms), no_quorum);
    EXPECT_EQ(round.validity_end(), kCurrentEnd);
    for (int node = 0; node < 3; ++node) {
        EXPECT_EQ(round.on_vote(node, &Votes::yes, kStart + 60ms), no_quorum);
    }
    EXPECT_EQ(round.validity_end(), kCurrentEnd) << "a round is judged once";
    EXPECT_EQ(round.votes().yes, NodeSet::first(3));
}

TEST(ExtendRound, a_quorum_of_absences_is_final) {
    ExtendRound round = begun(3);
    round.on_vote(0, &Votes::no, kStart + 1ms);
    EXPECT_EQ(round.on_vote(2, &Votes::no, kStart + 1ms), lost);
    EXPECT_EQ(round.on_vote(1, &Votes::yes, kStart + 2ms), lost);
    EXPECT_EQ(round.votes().yes.size(), 1);
}

TEST(ExtendRound, answers_after_success_only_move_the_node) {
    ExtendRound round = begun(3);
    round.on_vote(0, &Votes::yes, kStart + 1ms);
    ASSERT_EQ(round.on_vote(1, &Votes::yes, kStart + 1ms), extended);
    EXPECT_EQ(round.on_vote(2, &Votes::no, kStart + 2s), extended);
    EXPECT_EQ(round.on_time_limit(kStart + 3s), extended);
    EXPECT_EQ(round.votes().no.size(), 1);
    EXPECT_EQ(round.validity_end(), kStart + kValidity);
}

TEST(ExtendRound, a_node_given_up_may_still_answer_while_the_round_is_open) {
    ExtendRound round = begun(3);
    EXPECT_EQ(round.on_vote(0, &Votes::unknown, kStart + 5ms), open);
    EXPECT_EQ(round.on_vote(1, &Votes::yes, kStart + 6ms), open);
    EXPECT_EQ(round.on_vote(0, &Votes::yes, kStart + 7ms), extended);
    EXPECT_TRUE(round.votes().unknown.empty());
}

TEST(ExtendRound, a_bare_token_is_held_from_now_until_the_new_end) {
    ExtendRound round = begun(3, Instant::max());
    EXPECT_EQ(round.validity_end(), kStart) << "nothing is known before the answers";
    round.on_vote(0, &Votes::yes, kStart + 1ms);
    EXPECT_EQ(round.on_vote(1, &Votes::yes, kStart + 1ms), extended);
    EXPECT_EQ(round.validity_end(), kStart + kValidity);
}

TEST(ExtendRound, a_bare_token_whose_new_end_has_come_is_too_late) {
    ExtendRound late = begun(1, Instant::max());
    EXPECT_EQ(late.on_vote(0, &Votes::yes, kStart + kValidity), too_late);
    EXPECT_EQ(late.validity_end(), kStart);
    ExtendRound in_time = begun(1, Instant::max());
    EXPECT_EQ(in_time.on_vote(0, &Votes::yes, kStart + kValidity - 1ns), extended);
}

TEST(ExtendRound, holds_at_both_ends_of_the_ttl) {
    const Terms shortest{.ttl = 10ms, .drift_ppm = 10'000, .min_validity = 0ns};
    ExtendRound brief = begun(1, kStart + 1ms, shortest);
    EXPECT_EQ(brief.on_vote(0, &Votes::yes, kStart + 1ms - 1ns), extended);
    EXPECT_EQ(brief.validity_end(), kStart + 7'900'000ns);
    const Terms widest{.ttl = 24h, .drift_ppm = 500'000, .min_validity = 0ns};
    ExtendRound wide = begun(1, kStart + 1ms, widest);
    EXPECT_EQ(wide.on_vote(0, &Votes::yes, kStart), extended);
    EXPECT_EQ(wide.validity_end(), kStart + 12h - 2ms);
}

TEST(ExtendRound, begins_anew_without_a_trace_of_the_last) {
    ExtendRound round = begun(5);
    round.on_time_limit(kStart + 5ms);
    round.begin(1, kStart + 100ms, kTerms, kCurrentEnd);
    EXPECT_EQ(round.decision(), open);
    EXPECT_EQ(round.votes().open, NodeSet::first(1));
    EXPECT_TRUE(round.votes().unknown.empty());
    EXPECT_EQ(round.on_vote(0, &Votes::yes, kStart + 101ms), extended);
    EXPECT_EQ(round.validity_end(), kStart + 100ms + kValidity);
}

TEST(ExtendRoundDeath, a_vote_of_no_node_stops_the_program) {
    ExtendRound round = begun(3);
    EXPECT_DEATH(round.on_vote(3, &Votes::yes, kStart), "internal check failed");
    EXPECT_DEATH(round.on_vote(0, &Votes::open, kStart), "internal check failed");
    EXPECT_DEATH(round.begin(0, kStart, kTerms, kCurrentEnd), "internal check failed");
}

}  // namespace
}  // namespace quorumlock::protocol
