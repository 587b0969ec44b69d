// What a Dapr node undoes, in which order and how often: its sidecar's answers can lie.
#include "tests/unit/nodes/dapr_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kGranted = R"({"success":true})";
constexpr auto kRefused = R"({"success":false})";
constexpr auto kTimeout =
    R"({"errorCode":"ERR_UNLOCK","message":"failed to release lock: i/o timeout"})";

TEST_F(DaprNodeTest, an_undo_of_a_granted_lock_is_one_unlock) {
    open();
    acquire('a', 1);
    answer("lock", 200, kGranted);
    take_seen();
    undo('a');
    EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
    EXPECT_EQ(node->owed(), 1U);
    answer_status(0);
    EXPECT_EQ(node->owed(), 0U);
    env.advance(s(60));
    EXPECT_THAT(take_seen(), IsEmpty());
}

// Rule D4: the sidecar's Redis client has repeated a SET whose first reply was lost.
TEST_F(DaprNodeTest, a_refusal_is_undone_like_an_unknown_but_owed_only_until_answered) {
    open();
    acquire('a', 1, s(10));
    take_seen();
    answer("lock", 200, kRefused);
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::refused, -1}));
    EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
    EXPECT_EQ(node->owed(), 1U);
    answer_status(2);
    EXPECT_EQ(node->owed(), 0U);
    env.advance(ms(999));
    EXPECT_THAT(take_seen(), IsEmpty());
    env.advance(ms(1));
    EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
    answer_status(1);
    env.advance(ms(8999));
    EXPECT_THAT(take_seen(), IsEmpty());
    env.advance(ms(1));
    EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
    answer_status(1);
    env.advance(s(600));
    EXPECT_THAT(take_seen(), IsEmpty());
}

TEST_F(DaprNodeTest, an_unknown_is_undone_at_once_after_1_s_and_after_its_ttl) {
    open();
    acquire('a', 1, ms(9500));
    answer("lock", 500, kTimeout);
    take_seen();
    undo('a', ms(9500));
    EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
    answer("unlock", 500, kTimeout);
    // Nothing is known of the store: it is asked until it answers, however long that takes.
    for (int i = 0; i < 100; ++i) {
        env.advance(s(10));
        EXPECT_EQ(open_requests("unlock"), 1U);
        EXPECT_EQ(node->owed(), 1U);
        answer("unlock", 500, kTimeout);
    }
    env.advance(s(10));
    take_seen();
    answer_status(1);
    EXPECT_EQ(node->owed(), 1U) << "what is queued there may still come";
    env.advance(s(1));
    EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
    answer_status(0);
    env.advance(s(9));
    EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
    answer_status(1);
    EXPECT_EQ(node->owed(), 0U);
}

TEST_F(DaprNodeTest, an_acquire_given_up_as_silent_is_dropped_and_undone_as_unknown) {
    open();
    const Ticket ticket = acquire('a', 1);
    give_up(ticket, true);
    EXPECT_EQ(open_requests("lock"), 0U);
    EXPECT_FALSE(node->ready());
    take_seen();
    undo('a');
    env.advance(ms(100));
    EXPECT_THAT(take_seen(), ElementsAre("GET /v1.0/healthz", "GET /v1.0/metadata", unlock('a')));
    answer_status(0);
    EXPECT_TRUE(node->ready());
    EXPECT_EQ(node->owed(), 1U);
    EXPECT_THAT(take_heard(), IsEmpty());
}

// Its outcome decides what has to be undone, and it is on its way.
TEST_F(DaprNodeTest, the_undo_of_an_acquire_under_way_waits_for_its_answer) {
    open();
    for (const char* said : {kGranted, kRefused}) {
        const Ticket ticket = acquire('a', 1);
        undo('a');
        give_up(ticket, false);
        EXPECT_EQ(node->owed(), 1U);
        EXPECT_EQ(open_requests("unlock"), 0U);
        answer("lock", 200, said);
        EXPECT_EQ(open_requests("unlock"), 1U);
        answer_status(0);
        EXPECT_EQ(node->owed(), 0U);
        EXPECT_THAT(take_heard(), IsEmpty());
    }
    const Ticket ticket = acquire('b', 1);
    undo('b');
    give_up(ticket, false);
    answer("lock", 400, R"({"errorCode":"ERR_LOCK_STORE_NOT_FOUND","message":"no"})");
    EXPECT_EQ(node->owed(), 0U);
    EXPECT_EQ(open_requests("unlock"), 0U);
}

// Rule D4: two requests take two connections, so the later could overtake the earlier.
TEST_F(DaprNodeTest, an_acquire_waits_behind_the_undo_of_the_same_resource) {
    open();
    undo('a');
    acquire('b', 1);
    ask(Step::acquire, 'c', 2, s(10), "other");
    EXPECT_EQ(open_requests("lock"), 1U) << "only the other resource's";
    EXPECT_EQ(asked("lock").body.find("\"r\""), std::string::npos);
    answer("lock", 200, kGranted);
    take_seen();
    answer_status(0);
    EXPECT_THAT(take_seen(), ElementsAre(lock('b', 10)));
    answer("lock", 200, kGranted);
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::granted}, Heard{1, Outcome::granted}));
}

// A lock that a quorum granted may be released while the slowest node has not answered yet.
TEST_F(DaprNodeTest, a_release_goes_out_behind_its_own_acquire) {
    open();
    give_up(acquire('a', 1), false);
    ask(Step::release, 'a', 2);
    EXPECT_EQ(open_requests("unlock"), 0U);
    EXPECT_EQ(node->owed(), 1U);
    answer("lock", 200, kGranted);
    answer_status(0);
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::released}));
    give_up(acquire('b', 3), false);
    ask(Step::release, 'b', 4);
    answer("lock", 400, R"({"errorCode":"ERR_LOCK_STORE_NOT_FOUND","message":"no"})");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{4, Outcome::absent}));
    EXPECT_EQ(node->owed(), 0U);
}

TEST_F(DaprNodeTest, of_two_releases_behind_an_acquire_both_are_answered) {
    open();
    acquire('a', 1);
    ask(Step::release, 'a', 2);
    ask(Step::release, 'a', 3);
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{2, Outcome::unknown, 0, CauseClass::busy}));
    answer("lock", 200, R"({"success":true})");
    answer_status(0);
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::granted}, Heard{3, Outcome::released}));
}

TEST_F(DaprNodeTest, an_acquire_waits_for_one_under_way_that_will_be_undone) {
    open();
    const Ticket first = acquire('a', 1);
    undo('a');
    give_up(first, false);
    acquire('b', 2);
    EXPECT_EQ(open_requests("lock"), 1U);
    take_seen();
    answer("lock", 200, kGranted);
    EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
    answer_status(0);
    EXPECT_THAT(take_seen(), ElementsAre(lock('b', 10)));
}

TEST_F(DaprNodeTest, an_acquire_given_up_behind_an_undo_was_never_sent) {
    open();
    undo('a');
    const Ticket ticket = acquire('b', 1);
    give_up(ticket, true);
    undo('b');
    answer_status(0);
    EXPECT_EQ(times("lock"), 0U);
    EXPECT_EQ(node->owed(), 0U);
    EXPECT_TRUE(node->ready());
}

TEST_F(DaprNodeTest, an_acquire_undone_behind_an_undo_is_answered) {
    open();
    give_up(acquire('a', 1), false);
    undo('a');
    acquire('b', 2);  // behind the undo of a
    undo('b');
    answer("lock", 200, kGranted);
    answer_status(0);
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{2, Outcome::failed, 0, CauseClass::busy}));
    EXPECT_EQ(times("lock"), 1U);
}

TEST_F(DaprNodeTest, undos_survive_the_sidecar_and_go_out_when_it_is_back) {
    open();
    acquire('a', 1);
    answer("lock", 200, kGranted);
    sidecar_is_gone = true;
    undo('a');
    EXPECT_FALSE(node->ready());
    EXPECT_EQ(node->owed(), 1U);
    env.advance(s(5));
    EXPECT_EQ(node->owed(), 1U);
    sidecar_is_gone = false;
    take_seen();
    env.advance(s(5));
    ASSERT_TRUE(node->ready());
    EXPECT_EQ(take_seen().back(), unlock('a'));
    answer_status(0);
    EXPECT_EQ(node->owed(), 0U);
}

TEST_F(DaprNodeTest, an_undo_ends_with_its_lease) {
    open();
    acquire('a', 1);
    answer("lock", 200, kGranted);
    sidecar_is_gone = true;
    undo('a', s(10));
    // A sixteenth and a second for the server's clock.
    env.advance(ms(11'624));
    EXPECT_EQ(node->owed(), 1U);
    env.advance(ms(1));
    EXPECT_EQ(node->owed(), 0U);
}

TEST_F(DaprNodeTest, a_release_while_the_sidecar_is_away_fails_and_is_done_later) {
    open();
    acquire('a', 1);
    answer("lock", 200, kGranted);
    take_heard();
    sidecar_is_gone = true;
    acquire('z', 2);
    take_heard();
    ask(Step::release, 'a', 3);
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{3, Outcome::failed, 0, CauseClass::unreachable}));
    EXPECT_EQ(node->owed(), 1U);
    sidecar_is_gone = false;
    env.advance(s(5));
    EXPECT_EQ(open_requests("unlock"), 1U);
    answer_status(0);
    EXPECT_EQ(node->owed(), 0U);
    EXPECT_THAT(take_heard(), IsEmpty());
}

TEST_F(DaprNodeTest, a_release_that_fails_is_answered_and_still_owed) {
    open();
    acquire('a', 1);
    answer("lock", 200, kGranted);
    take_heard();
    ask(Step::release, 'a', 2);
    answer("unlock", 500, kTimeout);
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{2, Outcome::unknown, 0, CauseClass::unreachable}));
    EXPECT_EQ(node->owed(), 1U);
    env.advance(s(1));
    answer_status(0);
    EXPECT_EQ(node->owed(), 0U);
}

// A silent store is asked by one undo at a time, and all the rest follow when it answers.
TEST_F(DaprNodeTest, one_undo_finds_out_for_all_whether_the_store_is_back) {
    open();
    for (char who = 'a'; who < 'e'; ++who) {
        acquire(who, 1);
        answer("lock", 200, kGranted);
    }
    for (char who = 'a'; who < 'e'; ++who) undo(who);
    EXPECT_EQ(open_requests("unlock"), 4U);
    for (int i = 0; i < 4; ++i) answer("unlock", 500, kTimeout);
    env.advance(s(1));
    EXPECT_EQ(open_requests("unlock"), 1U);
    answer_status(0);
    env.advance(s(1));
    EXPECT_EQ(open_requests("unlock"), 3U);
    for (int i = 0; i < 3; ++i) answer_status(0);
    EXPECT_EQ(node->owed(), 0U);
}

TEST_F(DaprNodeTest, a_key_that_is_no_lock_is_not_undone_for_ever) {
    open();
    acquire('a', 1, s(2));
    answer("lock", 200, kRefused);
    constexpr auto kWrongType =
        R"({"errorCode":"ERR_UNLOCK","message":"failed to release lock: WRONGTYPE Operation"})";
    for (int i = 0; i < 3; ++i) {
        answer("unlock", 500, kWrongType);
        EXPECT_TRUE(node->ready()) << "the store answers";
        env.advance(s(1));
    }
    EXPECT_EQ(open_requests("unlock"), 0U);
    EXPECT_EQ(times("unlock"), 3U);
}

TEST_F(DaprNodeTest, refusals_without_end_do_not_pile_up) {
    open();
    for (int i = 0; i < 100; ++i) {
        acquire('a', 1, s(60));
        answer("lock", 200, kRefused);
        while (open_requests("unlock") > 0) answer_status(2);
    }
    EXPECT_EQ(times("unlock"), 40U) << "ten times max_backlog";
    EXPECT_EQ(node->owed(), 0U);
}

}  // namespace
}  // namespace quorumlock::nodes
