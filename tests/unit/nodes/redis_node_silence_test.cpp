// Nodes that do not answer: silence, probe, backlog. Rules N7 and N8.
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RedisNodeSilence : public RedisNodeTest {
  protected:
    void SetUp() override {
        open();
        ASSERT_TRUE(node->ready());
        ready_changes.clear();
    }
    void fall_silent() {
        const Ticket ticket = acquire('a', 1);
        env.run();
        env.advance(ms(500));
        node->give_up(ticket, true);
        env.run();
        redis.take();
    }
};

TEST_F(RedisNodeSilence, a_node_that_let_a_time_limit_pass_gets_no_new_commands) {
    // Rule N8
    fall_silent();
    EXPECT_FALSE(node->ready());
    EXPECT_THAT(ready_changes, ElementsAre(false));
    EXPECT_EQ(cause_kind(), CauseClass::silent);
    EXPECT_EQ(cause(), "no answer for 0.5 s; 1 command waits");
    acquire('b', 2);
    ask(Step::extend, 'c', 3);
    ask(Step::inspect, 'd', 4);
    EXPECT_THAT(heard, IsEmpty());
    env.run();
    EXPECT_THAT(redis.take(), IsEmpty());
    const std::string text = "no answer for 0.5 s; 1 command waits";
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::failed, 0, CauseClass::silent, text},
                                          Heard{3, Outcome::failed, 0, CauseClass::silent, text},
                                          Heard{4, Outcome::failed, 0, CauseClass::silent, text}));
}

TEST_F(RedisNodeSilence, releases_and_undos_still_go_out_behind_their_acquires) {
    fall_silent();
    undo('a');
    ask(Step::release, 'b', 2);
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'a'), release(1, 'b')));
    redis.reply("+OK\r\n:1\r\n:1\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::released, -1}));
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeSilence, any_byte_ends_it) {
    fall_silent();
    redis.reply("+");
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(ready_changes, ElementsAre(false, true));
    EXPECT_EQ(cause_kind(), CauseClass::none);
    acquire('b', 2);
    env.run();
    redis.reply("OK\r\n+OK\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::granted, 0}));
}

TEST_F(RedisNodeSilence, a_slow_node_that_still_answers_others_is_not_silent) {
    acquire('a', 1);
    const Ticket second = acquire('b', 2);
    env.run();
    redis.reply("+OK\r\n");
    node->give_up(second, true);
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeSilence, giving_up_for_other_reasons_makes_no_node_silent) {
    node->give_up(acquire('a', 1), false);
    env.run();
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeSilence, a_silence_of_30_s_ends_the_connection) {
    fall_silent();
    undo('a');
    env.advance(ms(29'999));
    EXPECT_TRUE(env.connections[0]->alive());
    env.advance(ms(1));
    EXPECT_TRUE(env.connections[0]->dropped_by_client());
    EXPECT_EQ(cause(), "no answer for 30.5 s; 2 commands wait");
    redis.take();
    env.advance(ms(63));
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7", release(2, 'a')));
}

TEST_F(RedisNodeSilence, a_silence_that_ends_and_begins_again_is_counted_anew) {
    fall_silent();
    env.advance(s(20));
    redis.reply("+OK\r\n");
    EXPECT_TRUE(node->ready());
    fall_silent();
    env.advance(s(20));
    EXPECT_TRUE(env.connections[0]->alive());
    env.advance(s(10));
    EXPECT_TRUE(env.connections[0]->dropped_by_client());
}

TEST_F(RedisNodeSilence, commands_nobody_waits_for_have_a_time_limit_too) {
    // Rule N8: an undo; an ask that was given up without a verdict
    undo('a');
    env.run();
    env.advance(ms(999));
    EXPECT_TRUE(node->ready());
    env.advance(ms(1));
    EXPECT_FALSE(node->ready());
    EXPECT_EQ(cause(), "no answer for 1.0 s; 1 command waits");
}

TEST_F(RedisNodeSilence, the_limit_holds_for_a_connection_that_was_idle_too) {
    env.advance(s(5));
    undo('a');
    env.run();
    env.advance(ms(999));
    EXPECT_TRUE(node->ready());
    env.advance(ms(1));
    EXPECT_FALSE(node->ready());
}

TEST_F(RedisNodeSilence, the_limit_counts_from_the_last_answer) {
    for (int i = 0; i < 5; ++i) {
        undo('a');
        undo('b');
        env.run();
        env.advance(ms(700));
        redis.reply(":1\r\n");
        env.advance(ms(700));
        redis.reply(":1\r\n");
        EXPECT_TRUE(node->ready());
    }
}

TEST_F(RedisNodeSilence, an_idle_connection_is_pinged_every_15_s) {
    // Rule N8
    env.advance(ms(14'999));
    EXPECT_THAT(redis.take(), IsEmpty());
    env.advance(ms(1));
    EXPECT_THAT(redis.take(), ElementsAre("1: PING"));
    acquire('a', 1);
    env.advance(ms(100));
    redis.reply("+OK\r\n");
    redis.take();
    env.advance(ms(14'999));
    EXPECT_THAT(redis.take(), IsEmpty());
    env.advance(s(16));
    EXPECT_THAT(redis.take(), ElementsAre("1: PING", "1: PING"));
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeSilence, a_ping_measures_the_round_trip) {
    redis.auto_pings = false;
    env.advance(s(15));
    env.advance(ms(7));
    redis.reply("+PONG\r\n");
    EXPECT_EQ(node->status().round_trip, ms(7));
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeSilence, an_unanswered_ping_makes_the_node_silent_and_then_ends_the_connection) {
    redis.auto_pings = false;
    env.advance(s(15));
    EXPECT_TRUE(node->ready());
    env.advance(s(1));
    EXPECT_FALSE(node->ready());
    acquire('a', 1);
    env.run();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::silent}));
    env.advance(s(30));
    EXPECT_TRUE(env.connections[0]->dropped_by_client());
    EXPECT_THAT(redis.take(), ElementsAre("1: PING")) << "the probe is said once";
}

TEST_F(RedisNodeSilence, a_full_backlog_refuses_new_commands_but_never_an_undo) {
    // Rule N7
    for (std::uint32_t tag = 1; tag <= 4; ++tag) acquire('a', tag);
    acquire('b', 5);
    ask(Step::extend, 'b', 6);
    ask(Step::inspect, 'b', 7);
    for (int i = 0; i < 4; ++i) undo('a');
    ask(Step::release, 'a', 8);
    env.run();
    EXPECT_EQ(redis.take().size(), 9u);
    EXPECT_EQ(node->status().backlog, 9u);
    const std::string text = "too far behind: 9 commands wait for it (max_backlog is 4)";
    EXPECT_THAT(take_heard(), ElementsAre(Heard{5, Outcome::failed, 0, CauseClass::silent, text},
                                          Heard{6, Outcome::failed, 0, CauseClass::silent, text},
                                          Heard{7, Outcome::failed, 0, CauseClass::silent, text}));
    EXPECT_TRUE(node->ready());
    redis.reply("+OK\r\n$-1\r\n$-1\r\n$-1\r\n:1\r\n:0\r\n");
    take_heard();
    acquire('c', 9);
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(set(1, 'c', 10000)));
}

TEST_F(RedisNodeSilence, answers_of_a_frozen_node_that_resumes_are_taken_in_order) {
    fall_silent();
    undo('a');
    env.run();
    redis.reply("+OK\r\n:1\r\n");
    EXPECT_TRUE(node->ready());
    EXPECT_EQ(node->owed(), 0u);
    EXPECT_EQ(node->status().backlog, 0u);
    EXPECT_THAT(heard, IsEmpty());
}

}  // namespace
}  // namespace quorumlock::nodes
