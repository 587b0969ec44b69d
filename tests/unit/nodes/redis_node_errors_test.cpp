// Error replies in steady state. Rules N4 and N9.
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RedisNodeErrors : public RedisNodeTest {
  protected:
    void SetUp() override {
        open();
        ASSERT_TRUE(node->ready());
    }
    static constexpr std::string_view kNoScript =
        "-NOSCRIPT No matching script. Please use EVAL.\r\n";
};

TEST_F(RedisNodeErrors, only_errors_raised_before_execution_are_failed) {
    // Rule N4
    const struct {
        const char* reply;
        Outcome outcome;
        CauseClass kind;
    } kCases[] = {
        {"-NOPERM no\r\n", Outcome::failed, CauseClass::rejected},
        {"-LOADING x\r\n", Outcome::failed, CauseClass::busy},
        {"-BUSY x\r\n", Outcome::failed, CauseClass::busy},
        {"-MASTERDOWN x\r\n", Outcome::failed, CauseClass::busy},
        {"-OOM x\r\n", Outcome::failed, CauseClass::no_space},
        {"-MISCONF x\r\n", Outcome::failed, CauseClass::no_space},
        {"-NOREPLICAS x\r\n", Outcome::failed, CauseClass::no_space},
        {"-MOVED 1 a:1\r\n", Outcome::failed, CauseClass::not_primary},
        {"-CLUSTERDOWN x\r\n", Outcome::failed, CauseClass::not_primary},
        {"-ERR unknown command 'SET'\r\n", Outcome::failed, CauseClass::rejected},
        {"-ERR syntax error\r\n", Outcome::unknown, CauseClass::broken},
        {"-SOMETHING new\r\n", Outcome::unknown, CauseClass::broken},
    };
    for (const auto& one : kCases) {
        acquire('a', 1);
        acquire('b', 2);
        env.run();
        redis.reply(std::string(one.reply) + "+OK\r\n");
        EXPECT_THAT(take_outcomes(),
                    ElementsAre(Heard{1, one.outcome, 0, one.kind}, Heard{2, Outcome::granted, 0}))
            << one.reply;
        EXPECT_TRUE(node->ready()) << "the connection is kept";
    }
    EXPECT_EQ(env.connections.size(), 1u);
}

TEST_F(RedisNodeErrors, the_servers_words_are_kept_and_our_advice_stands_behind) {
    acquire('a', 1);
    env.run();
    redis.reply("-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0].text,
              "OOM command not allowed when used memory > 'maxmemory'. (raise maxmemory or free "
              "memory of the server)");
}

TEST_F(RedisNodeErrors, an_error_and_the_pttl_behind_it_are_one_answer) {
    ask(Step::acquire, 'a', 1, s(1), true);
    ask(Step::inspect, 'b', 2);
    acquire('c', 3);
    env.run();
    redis.reply("-OOM x\r\n:-2\r\n-WRONGTYPE x\r\n:5\r\n$-1\r\n$-1\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::no_space},
                                             Heard{2, Outcome::failed, 0, CauseClass::wrong_data},
                                             Heard{3, Outcome::refused, -1}));
    ask(Step::acquire, 'a', 1, s(1), true);
    env.run();
    redis.reply("$-1\r\n-NOPERM no pttl\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::refused, -1}));
}

TEST_F(RedisNodeErrors, a_wrong_type_fails_release_and_extend) {
    ask(Step::release, 'a', 1);
    ask(Step::extend, 'a', 2);
    env.run();
    redis.reply("-WRONGTYPE Operation against a key\r\n-WRONGTYPE Operation against a key\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::wrong_data},
                                             Heard{2, Outcome::failed, 0, CauseClass::wrong_data}));
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeErrors, a_release_that_was_not_executed_is_failed_and_done_later) {
    ask(Step::release, 'a', 1);
    env.run();
    redis.take();
    redis.reply("-BUSY x\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::busy}));
    EXPECT_EQ(node->owed(), 1u);
    env.advance(ms(250));
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'a')));
}

TEST_F(RedisNodeErrors, noauth_says_the_password_again) {
    env.files["/pw"] = "old";
    uri.password_file = "/pw";
    redis.password = "old";
    open();
    ASSERT_TRUE(node->ready());
    redis.password = env.files["/pw"] = "new";
    acquire('a', 1);
    acquire('b', 2);
    env.run();
    redis.reply("-NOAUTH Authentication required.\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::rejected},
                                             Heard{2, Outcome::unknown, 0, CauseClass::rejected}));
    EXPECT_FALSE(node->ready());
    EXPECT_THAT(cause(), HasSubstr("NOAUTH Authentication required."));
    redis.greeted.clear();
    env.advance(ms(1251));
    EXPECT_TRUE(node->ready());
    EXPECT_EQ(redis.greeted[0], "3: AUTH new");
}

TEST_F(RedisNodeErrors, readonly_asks_for_the_role_again) {
    acquire('a', 1);
    env.run();
    redis.replication = "role:slave\r\nmaster_host:h\r\nmaster_port:1\r\n";
    redis.reply("-READONLY You can't write against a read only replica.\r\n");
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::not_primary}));
    EXPECT_EQ(cause_kind(), CauseClass::not_primary);
    env.advance(ms(1251));
    EXPECT_EQ(cause(), "is a replica of h:1; replicas never vote (name the primary)");
}

TEST_F(RedisNodeErrors, a_release_without_its_script_is_said_again_in_full) {
    // Rule N9
    ask(Step::release, 'a', 1);
    undo('b');
    env.run();
    redis.take();
    redis.reply(std::string(kNoScript) + std::string(kNoScript));
    EXPECT_THAT(heard, IsEmpty());
    EXPECT_EQ(node->owed(), 2u);
    EXPECT_THAT(redis.take(),
                ElementsAre("1: RELEASE_TEXT r " + word('a'), "1: RELEASE_TEXT r " + word('b')));
    redis.reply(":1\r\n:0\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{1, Outcome::released, -1}));
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeErrors, a_release_given_up_after_its_repetition_is_not_answered) {
    const Ticket ticket = ask(Step::release, 'a', 1);
    const Ticket other = ask(Step::release, 'b', 2);
    env.run();
    redis.reply(std::string(kNoScript) + ":1\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::released, -1}));
    acquire('c', 3);  // stands at the place that the ticket does not name
    node->give_up(ticket, false);
    node->give_up(other, false);
    env.run();
    redis.reply(":1\r\n+OK\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{3, Outcome::granted, 0}));
}

TEST_F(RedisNodeErrors, an_open_extension_without_its_script_is_said_again_in_full) {
    // Rule N9
    ask(Step::extend, 'a', 1, s(2));
    acquire('b', 2);  // another token's
    env.run();
    redis.take();
    redis.reply(kNoScript);
    EXPECT_THAT(redis.take(), ElementsAre("1: EXTEND_TEXT r " + word('a') + " 2000"));
    redis.reply("+OK\r\n:1\r\n");
    EXPECT_THAT(take_heard(),
                ElementsAre(Heard{2, Outcome::granted, 0}, Heard{1, Outcome::extended, -1}));
}

TEST_F(RedisNodeErrors, an_extension_is_not_said_again_once_given_up) {
    // Rule N9
    node->give_up(ask(Step::extend, 'a', 1), false);
    env.run();
    redis.take();
    redis.reply(kNoScript);
    EXPECT_THAT(redis.take(), IsEmpty());
    EXPECT_THAT(heard, IsEmpty());
    EXPECT_EQ(node->status().backlog, 0u);
}

TEST_F(RedisNodeErrors, an_extension_is_not_said_again_behind_a_later_command_of_its_token) {
    // Rule N9
    ask(Step::extend, 'a', 1);
    ask(Step::release, 'a', 2);
    env.run();
    redis.take();
    redis.reply(kNoScript);
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::busy}));
    redis.reply(kNoScript);
    EXPECT_THAT(redis.take(), ElementsAre("1: RELEASE_TEXT r " + word('a')));
}

TEST_F(RedisNodeErrors, noscript_to_the_full_text_ends_there) {
    ask(Step::extend, 'a', 1);
    undo('b');
    env.run();
    redis.reply(std::string(kNoScript) + std::string(kNoScript));
    redis.take();
    redis.reply(std::string(kNoScript) + std::string(kNoScript));
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::busy}));
    EXPECT_THAT(redis.take(), IsEmpty());
    EXPECT_EQ(node->owed(), 1u);
    env.advance(ms(250));
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'b')));
}

TEST_F(RedisNodeErrors, a_repeated_release_whose_connection_breaks_is_still_owed) {
    ask(Step::release, 'a', 1);
    env.run();
    redis.reply(kNoScript);
    redis.take();
    env.last().close();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken}));
    EXPECT_EQ(node->owed(), 1u);
    env.advance(s(1));
    EXPECT_THAT(redis.take(), ElementsAre("2: CLIENT KILL ID 7", release(2, 'a')));
}

}  // namespace
}  // namespace quorumlock::nodes
