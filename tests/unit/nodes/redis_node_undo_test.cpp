// Undos that outlive their connection. Rule N6.
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RedisNodeUndo : public RedisNodeTest {
  protected:
    void SetUp() override {
        open();
        ASSERT_TRUE(node->ready());
    }
    /// Breaks the connection and lets the node come back.
    void reconnect() {
        env.last().close();
        env.advance(s(1));
    }
    /// An acquire that was given up before its answer came, and the break that followed.
    void leave_acquire_behind(char who, Nanos ttl = s(10)) {
        node->give_up(acquire(who, 99, ttl), false);
        env.run();
        redis.take();
        env.last().close();
    }
};

TEST_F(RedisNodeUndo, an_unanswered_undo_is_said_again_behind_a_client_kill) {
    acquire('a', 1);
    undo('a');
    env.run();
    redis.take();
    redis.auto_kill = false;
    reconnect();
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7"));
    EXPECT_FALSE(node->ready()) << "not before the former connection is gone";
    EXPECT_EQ(node->owed(), 1u);
    redis.reply(":1\r\n");
    EXPECT_TRUE(node->ready());
    acquire('b', 2);
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a'), set(2, 'b', 10000)));
    redis.reply(":1\r\n+OK\r\n");
    EXPECT_EQ(node->owed(), 0u);
    env.advance(s(14));
    EXPECT_THAT(redis.take(), IsEmpty()) << "once is enough";
}

TEST_F(RedisNodeUndo, an_undo_that_comes_while_not_connected_waits) {
    leave_acquire_behind('a');
    undo('a');
    EXPECT_EQ(node->owed(), 1u);
    EXPECT_EQ(node->status().owed_undos, 1u);
    env.advance(s(1));
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7", release(2, 'a')));
}

TEST_F(RedisNodeUndo, an_acquire_left_unanswered_is_killed_even_before_its_undo_is_asked_for) {
    leave_acquire_behind('a');
    env.advance(s(1));
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7"));
    undo('a');
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
}

TEST_F(RedisNodeUndo, without_anything_open_nothing_is_killed) {
    acquire('a', 1);
    env.run();
    redis.take();
    redis.reply("+OK\r\n");
    reconnect();
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(redis.take(), IsEmpty());
}

TEST_F(RedisNodeUndo, acquires_that_were_answered_or_never_left_need_no_kill) {
    ask(Step::acquire, 'a', 1, s(10), true);
    env.run();
    redis.reply("+OK\r\n");  // the PTTL's reply is missing
    env.last().hold_sends();
    acquire('b', 2);
    env.run();
    redis.take();
    reconnect();
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(redis.take(), IsEmpty());
}

TEST_F(RedisNodeUndo, an_unanswered_release_is_told_unknown_and_becomes_an_undo) {
    ask(Step::release, 'a', 1);
    env.run();
    redis.take();
    ask(Step::release, 'b', 2);  // never leaves
    env.last().close();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken},
                                             Heard{2, Outcome::failed, 0, CauseClass::broken}));
    ask(Step::release, 'c', 3);  // not connected
    EXPECT_EQ(node->owed(), 3u);
    env.advance(s(1));
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{3, Outcome::failed, 0, CauseClass::broken}));
    EXPECT_THAT(redis.take(),
                ::testing::UnorderedElementsAre("2: CLIENT KILL ID 7", release(2, 'a'),
                                                release(2, 'b'), release(2, 'c')));
}

TEST_F(RedisNodeUndo, releases_without_end_to_a_node_that_is_down_are_bounded) {
    redis.accepts = false;
    env.last().close();
    for (std::uint32_t tag = 0; tag < 100; ++tag) ask(Step::release, 'a', tag);
    EXPECT_EQ(node->owed(), 10 * options.max_backlog);
}

TEST_F(RedisNodeUndo, a_restarted_server_is_not_told_to_kill_a_strangers_connection) {
    acquire('a', 1);
    undo('a');
    env.run();
    redis.take();
    redis.run_id = "run-2";
    reconnect();
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
    redis.reply(":0\r\n");
    env.advance(s(14));
    EXPECT_THAT(redis.take(), IsEmpty()) << "its old process is gone: once is enough";
}

TEST_F(RedisNodeUndo, each_former_connection_is_killed_and_a_lost_one_is_no_error) {
    acquire('a', 1);
    undo('a');
    env.run();
    redis.take();
    reconnect();  // kills 7, says the undo on 8, and is not answered
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7", release(2, 'a')));
    redis.kill_reply = "-ERR No such client\r\n";
    reconnect();
    EXPECT_THAT(redis.take(), ElementsAre("3: CLIENT KILL ID 8", release(3, 'a')));
    redis.reply(":1\r\n");
    EXPECT_EQ(node->owed(), 0u);
    EXPECT_EQ(cause(), "");
}

TEST_F(RedisNodeUndo, a_server_that_hides_its_run_id_now_is_not_told_to_kill) {
    undo('a');
    env.run();
    redis.take();
    redis.instead["INFO"] = "-NOPERM no\r\n";
    reconnect();
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
    redis.reply(":0\r\n");
    EXPECT_EQ(node->owed(), 1u) << "so it is repeated";
}

TEST_F(RedisNodeUndo, a_break_while_killing_does_not_forget_whom_to_kill) {
    redis.auto_kill = false;
    acquire('a', 1);
    undo('a');
    env.run();
    redis.take();
    reconnect();
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7"));
    reconnect();
    EXPECT_THAT(redis.take(), ElementsAre("3: CLIENT KILL ID 7"));
    env.advance(s(3));  // a kill has its time limit too
    EXPECT_THAT(redis.take(), ::testing::Contains("4: CLIENT KILL ID 7"));
    EXPECT_FALSE(node->ready());
    EXPECT_EQ(node->owed(), 1u);
}

TEST_F(RedisNodeUndo, without_client_kill_the_undo_is_said_at_0_and_1_s_and_ttl) {
    redis.kill_reply = "-NOPERM this user has no permissions to run 'client|kill'\r\n";
    undo('a', s(10));
    env.run();
    redis.take();
    env.last().close();
    while (!node->ready()) env.advance(ms(1));
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7", release(2, 'a')));
    EXPECT_THAT(cause(), HasSubstr("a lock may be left for up to its ttl: NOPERM"));
    EXPECT_EQ(cause_kind(), CauseClass::none);
    redis.reply(":0\r\n");
    EXPECT_EQ(node->owed(), 1u);
    env.advance(ms(999));
    EXPECT_THAT(redis.take(), IsEmpty());
    env.advance(ms(1));
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
    redis.reply(":1\r\n");
    env.advance(ms(8999));
    EXPECT_THAT(redis.take(), IsEmpty());
    env.advance(ms(1));
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
    EXPECT_EQ(node->owed(), 1u);
    redis.reply(":0\r\n");
    EXPECT_EQ(node->owed(), 0u);
    env.advance(s(60));
    EXPECT_THAT(redis.take(), ::testing::Each("2: PING"));
    reconnect();
    EXPECT_TRUE(node->ready());
    EXPECT_EQ(cause(), "") << "nothing is known against the new connection";
}

TEST_F(RedisNodeUndo, without_client_kill_a_later_undo_of_an_open_acquire_is_repeated_too) {
    redis.kill_reply = "-ERR unknown command `CLIENT`\r\n";
    leave_acquire_behind('a', s(10));
    while (!node->ready()) env.advance(ms(1));
    redis.take();
    env.advance(ms(500));
    undo('a', s(10));
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
    redis.reply(":0\r\n");
    env.advance(ms(500));
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
    redis.reply(":0\r\n");
    env.advance(s(9));
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
    redis.reply(":0\r\n");
    EXPECT_EQ(node->owed(), 0u);
    undo('b', s(10));  // the open acquire's lease has ended: once again
    env.run();
    redis.reply(":0\r\n");
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeUndo, without_client_kill_an_acquire_of_the_present_connection_is_undone_once) {
    redis.kill_reply = "-NOPERM no\r\n";
    leave_acquire_behind('a', s(10));
    while (!node->ready()) env.advance(ms(1));
    acquire('b', 1);
    undo('b');
    env.run();
    redis.take();
    redis.reply("$-1\r\n");
    redis.reply(":0\r\n");
    EXPECT_EQ(node->owed(), 0u) << "however many there are, nothing piles up";
    env.advance(s(1));
    EXPECT_THAT(redis.take(), IsEmpty());
}

TEST_F(RedisNodeUndo, without_client_kill_an_open_acquire_is_remembered_over_two_breaks) {
    redis.kill_reply = "-NOPERM no\r\n";
    leave_acquire_behind('a', s(10));
    while (!node->ready()) env.advance(ms(1));
    env.advance(ms(100));
    reconnect();  // with nothing open on the second connection
    ASSERT_TRUE(node->ready());
    redis.take();
    undo('a', s(10));
    env.run();
    redis.reply(":0\r\n");
    EXPECT_EQ(node->owed(), 1u);
}

TEST_F(RedisNodeUndo, without_an_id_or_a_run_id_it_is_the_same) {
    for (const char* refused : {"CLIENT ID", "INFO"}) {
        redis.instead.clear();
        redis.instead[refused] = "-NOPERM no\r\n";
        open();
        undo('a', s(10));
        env.run();
        env.last().close();
        while (!node->ready()) env.advance(ms(1));
        redis.take();
        redis.reply(":0\r\n");
        env.advance(s(1));
        EXPECT_EQ(redis.take().size(), 1u) << refused;
        redis.reply(":0\r\n");
        env.advance(s(9));
        EXPECT_EQ(redis.take().size(), 1u) << refused;
        redis.reply(":0\r\n");
        EXPECT_EQ(node->owed(), 0u) << refused;
    }
}

TEST_F(RedisNodeUndo, a_server_that_cannot_execute_it_now_is_told_again_until_it_answers) {
    undo('a', s(10));
    env.run();
    redis.take();
    redis.reply("-BUSY Redis is busy running a script.\r\n");
    EXPECT_TRUE(node->ready());
    EXPECT_EQ(node->owed(), 1u);
    env.advance(ms(249));
    EXPECT_THAT(redis.take(), IsEmpty());
    env.advance(ms(1));
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'a')));
    redis.reply("-LOADING Redis is loading\r\n");
    env.advance(ms(250));
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'a')));
    redis.reply(":1\r\n");
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeUndo, of_an_acquire_that_was_certainly_not_applied_is_not_told_again) {
    for (const char who : {'a', 'b'}) {
        node->give_up(acquire(who, 1), false);
        undo(who);
    }
    env.run();
    redis.take();
    for (int i = 0; i < 2; ++i) redis.reply("-LOADING Redis is loading the dataset in memory\r\n");
    EXPECT_EQ(node->owed(), 1u) << "nothing is known of the other one yet";
    redis.reply("+OK\r\n");
    redis.reply("-LOADING Redis is loading the dataset in memory\r\n");
    EXPECT_EQ(node->owed(), 1u);
    env.advance(ms(250));
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'b')));
    redis.reply(":1\r\n");
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeUndo, an_error_that_is_on_no_list_does_not_count_as_done) {
    undo('a', s(10));
    env.run();
    redis.take();
    redis.reply("-ERR something that no server has said before\r\n");
    EXPECT_TRUE(node->ready());
    EXPECT_EQ(node->owed(), 1u);
    env.advance(ms(250));
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'a')));
    redis.reply(":0\r\n");
    EXPECT_EQ(node->owed(), 0u);
    env.advance(s(30));
    EXPECT_THAT(redis.take(), ::testing::Each("1: PING"));
}

TEST_F(RedisNodeUndo, a_server_that_never_can_is_left_alone_when_the_lease_has_certainly_ended) {
    undo('a', s(1));
    const Instant begin = env.now();
    env.run();
    while (node->owed() > 0 && env.now() - begin < s(60)) {
        if (!redis.take().empty()) redis.reply("-MISCONF cannot save\r\n");
        env.advance(ms(1));
    }
    EXPECT_EQ(node->owed(), 0u);
    EXPECT_GE(env.now() - begin, s(1) + s(1) / 16);
    EXPECT_LE(env.now() - begin, s(3));
}

TEST_F(RedisNodeUndo, a_lease_of_known_end_is_forgotten_without_a_connection) {
    undo('a', s(1));
    env.run();
    redis.reply("-BUSY x\r\n");  // whatever came before it has been executed
    env.advance(ms(250));        // said again, not answered
    redis.accepts = false;
    env.last().close();
    EXPECT_EQ(node->owed(), 1u);
    env.advance(s(3));
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeUndo, a_key_of_another_type_needs_no_undo) {
    undo('a');
    env.run();
    redis.reply("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeUndo, while_not_connected_an_undo_waits_as_long_as_it_takes) {
    redis.accepts = false;
    leave_acquire_behind('a', s(1));
    undo('a', s(1));
    // A frozen server may apply the acquire hours later, with its full ttl.
    env.advance(std::chrono::hours(3));
    EXPECT_EQ(node->owed(), 1u);
    redis.accepts = true;
    env.advance(s(7));
    const std::string number = std::to_string(env.connections.size());
    EXPECT_THAT(redis.take(),
                ElementsAre(number + ": CLIENT KILL ID 7", number + ": RELEASE r " + word('a')));
}

}  // namespace
}  // namespace quorumlock::nodes
