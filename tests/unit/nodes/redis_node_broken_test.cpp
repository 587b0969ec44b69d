// Connections that break, and answers that are none. Rules N2, N3 and N11; close().
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RedisNodeBroken : public RedisNodeTest {
  protected:
    void SetUp() override {
        open();
        ASSERT_TRUE(node->ready());
        ready_changes.clear();
    }
    /// Bytes of one SET r <token> NX PX 10000.
    static constexpr std::uint64_t kSetBytes =
        4 + (4 + 5) + (4 + 3) + (5 + 34) + (4 + 4) + (4 + 4) + (4 + 7);
};

TEST_F(RedisNodeBroken, what_had_not_wholly_left_is_failed_and_what_had_is_unknown) {
    // Rule N3, at the exact byte
    for (const std::uint64_t missing : {std::uint64_t{0}, std::uint64_t{1}, kSetBytes - 1,
                                        kSetBytes, kSetBytes + 1, 2 * kSetBytes}) {
        open();
        const std::uint64_t before = env.last().received().size();
        acquire('a', 1);
        acquire('b', 2);
        env.last().limit_sends_to(before + 2 * kSetBytes - missing);
        env.run();
        ASSERT_EQ(env.last().received().size(), before + 2 * kSetBytes - missing);
        env.last().close("connection reset by peer");
        const auto was = [&](bool withdrawn) {
            return withdrawn ? Outcome::failed : Outcome::unknown;
        };
        const std::string text = "connection reset by peer (10.0.0.1:6379)";
        EXPECT_THAT(take_heard(),
                    ElementsAre(Heard{1, was(missing > kSetBytes), 0, CauseClass::broken, text},
                                Heard{2, was(missing > 0), 0, CauseClass::broken, text}))
            << missing << " bytes missing";
        EXPECT_FALSE(node->ready());
        EXPECT_EQ(node->status().backlog, 0u);
    }
}

TEST_F(RedisNodeBroken, a_pttl_that_did_not_leave_does_not_withdraw_its_acquire) {
    ask(Step::acquire, 'a', 1, s(10), true);
    env.last().limit_sends_to(env.last().received().size() + kSetBytes);
    env.run();
    env.last().close();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken}));
}

TEST_F(RedisNodeBroken, an_answer_that_is_in_counts_though_its_pttl_never_came) {
    ask(Step::acquire, 'a', 1, s(10), true);
    ask(Step::acquire, 'b', 2, s(10), true);
    env.run();
    redis.reply("+OK\r\n:10000\r\n$-1\r\n");
    env.last().close();
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::granted, 0}, Heard{2, Outcome::refused, -1}));
}

TEST_F(RedisNodeBroken, nothing_is_written_twice_on_the_next_connection) {
    // Rule N2
    acquire('a', 1);
    ask(Step::extend, 'b', 2);
    ask(Step::inspect, 'c', 3);
    env.run();
    redis.take();
    acquire('d', 4);  // accepted, never sent
    env.last().close();
    env.advance(s(1));
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(ready_changes, ElementsAre(false, true));
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7"));
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken},
                                             Heard{2, Outcome::unknown, 0, CauseClass::broken},
                                             Heard{3, Outcome::unknown, 0, CauseClass::broken},
                                             Heard{4, Outcome::failed, 0, CauseClass::broken}));
}

TEST_F(RedisNodeBroken, while_not_connected_asks_fail_in_a_later_event_and_can_be_given_up) {
    env.last().close("closed by the server");
    redis.accepts = false;
    acquire('a', 1);
    const Ticket second = acquire('b', 2);
    EXPECT_NE(second, 0u);
    acquire('c', 3);
    node->give_up(second, true);
    EXPECT_THAT(heard, IsEmpty());
    env.run();
    const std::string text = "closed by the server (10.0.0.1:6379)";
    EXPECT_THAT(take_heard(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::broken, text},
                                          Heard{3, Outcome::failed, 0, CauseClass::broken, text}));
}

TEST_F(RedisNodeBroken, a_listener_may_do_anything_from_within_the_answer_of_a_break) {
    acquire('a', 1);
    const Ticket second = acquire('b', 2);
    acquire('c', 3);
    env.run();
    redis.take();
    bool once = false;
    then = [&] {
        if (std::exchange(once, true)) return;
        node->give_up(second, false);
        undo('a');
        acquire('z', 9);
    };
    env.last().close();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken},
                                             Heard{3, Outcome::unknown, 0, CauseClass::broken}));
    env.run();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{9, Outcome::failed, 0, CauseClass::broken}));
    EXPECT_EQ(node->owed(), 1u);
    env.advance(s(1));
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7", release(2, 'a')));
}

TEST_F(RedisNodeBroken, an_answer_of_another_type_leaves_everything_unknown) {
    const struct {
        Step step;
        const char* reply;
    } kCases[] = {
        {Step::acquire, ":1\r\n"},  {Step::acquire, "$2\r\nOK\r\n"},   {Step::extend, "+OK\r\n"},
        {Step::extend, "$-1\r\n"},  {Step::release, "*0\r\n"},         {Step::inspect, ":1\r\n"},
        {Step::inspect, "+OK\r\n"}, {Step::inspect, "$-1\r\n+OK\r\n"},
    };
    for (const auto& one : kCases) {
        open();
        ask(one.step, 'a', 1);
        acquire('b', 2);
        env.run();
        redis.reply(one.reply);
        EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken},
                                                 Heard{2, Outcome::unknown, 0, CauseClass::broken}))
            << static_cast<int>(one.step) << " " << one.reply;
        EXPECT_FALSE(node->ready());
        EXPECT_TRUE(env.last().dropped_by_client());
        EXPECT_THAT(cause(), HasSubstr("is something else listening at 10.0.0.1:6379?"));
    }
}

TEST_F(RedisNodeBroken, a_reply_beyond_the_bounds_ends_the_connection) {
    // Rule N11
    ask(Step::inspect, 'a', 1);
    env.run();
    redis.reply("$1073741824\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken}));
    EXPECT_THAT(cause(), HasSubstr("not understood: "));
    EXPECT_EQ(cause_kind(), CauseClass::broken);
    env.advance(ms(36));
    EXPECT_EQ(env.connections.size(), 1u);
    env.advance(ms(27));
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeBroken, an_answer_to_no_question_ends_the_connection) {
    redis.reply(":1\r\n");
    EXPECT_FALSE(node->ready());
    EXPECT_EQ(cause_kind(), CauseClass::broken);
    env.advance(s(1));
    redis.reply("-ERR max number of clients reached\r\n");  // said before closing
    EXPECT_FALSE(node->ready());
    EXPECT_EQ(cause_kind(), CauseClass::busy);
}

TEST_F(RedisNodeBroken, close_answers_what_is_open_and_does_not_connect_again) {
    acquire('a', 1);
    ask(Step::release, 'b', 2);
    env.run();
    acquire('c', 3);
    undo('d');
    node->close();
    const std::string text = "the service is closed";
    EXPECT_THAT(take_heard(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::closed, text},
                                          Heard{2, Outcome::unknown, 0, CauseClass::closed, text},
                                          Heard{3, Outcome::failed, 0, CauseClass::closed, text}));
    EXPECT_EQ(node->owed(), 2u);
    EXPECT_TRUE(env.last().dropped_by_client());
    acquire('e', 5);
    undo('e');
    env.run();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{5, Outcome::failed, 0, CauseClass::closed}));
    EXPECT_EQ(node->owed(), 2u) << "what was never sent needs no undo";
    node->close();
    env.advance(s(60));
    EXPECT_EQ(env.connections.size(), 1u);
    EXPECT_EQ(env.timers(), 0u);
    EXPECT_FALSE(node->ready());
    EXPECT_TRUE(node->settled());
    EXPECT_EQ(cause_kind(), CauseClass::closed);
}

TEST_F(RedisNodeBroken, close_may_come_from_within_an_answer_wherever_that_is_given) {
    then = [this] { node->close(); };
    acquire('a', 1);
    acquire('b', 2);
    env.run();
    redis.reply("+OK\r\n+OK\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::granted, 0},
                                             Heard{2, Outcome::unknown, 0, CauseClass::closed}));
    open();
    acquire('a', 1);
    acquire('b', 2);
    env.run();
    env.last().close();  // from within the answers of a break
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken},
                                             Heard{2, Outcome::unknown, 0, CauseClass::closed}));
    redis.accepts = false;
    open();
    acquire('a', 1);
    acquire('b', 2);
    env.run();  // from within the answers of a node that is down
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::unreachable},
                                             Heard{2, Outcome::failed, 0, CauseClass::closed}));
    open();
    ask(Step::acquire, 'a', 1, s(1), true);
    env.run();
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::unreachable}));
}

TEST_F(RedisNodeBroken, close_before_the_first_connection_and_in_the_handshake_is_quiet) {
    redis.answers = false;
    open();
    node->close();
    EXPECT_TRUE(env.last().dropped_by_client());
    env.hold_lookups = true;
    open();
    node->close();
    env.hold_lookups = false;
    env.advance(s(60));
    EXPECT_EQ(env.timers(), 0u);
}

TEST_F(RedisNodeBroken, a_node_may_end_with_answers_still_to_be_told) {
    redis.accepts = false;
    open();
    acquire('a', 1);
    node.reset();
    env.run();
    EXPECT_THAT(heard, IsEmpty());
}

}  // namespace
}  // namespace quorumlock::nodes
