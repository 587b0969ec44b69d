// Handing a key over. Rules W5, W6.
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class RedisNodeTransfer : public RedisNodeTest {
  protected:
    RedisNodeTransfer() { options.fence_retention = s(7200); }

    /// From b to a.
    Ticket transfer(std::uint32_t tag, bool fence) {
        const Token to = token('a');
        const Token from = token('b');
        const Ticket ticket = node->ask({.step = Step::transfer,
                                         .resource = "r",
                                         .token = &to,
                                         .ttl = s(10),
                                         .fence = fence,
                                         .from = &from,
                                         .from_ttl = s(5)},
                                        *this, tag);
        env.run();
        return ticket;
    }
};

TEST_F(RedisNodeTransfer, names_both_tokens_and_tells_what_it_found) {
    open();
    for (std::uint32_t tag = 1; tag <= 3; ++tag) transfer(tag, true);
    EXPECT_EQ(redis.take()[0], "1: ACQUIRE r quorumlock:fence:{r} " + word('a') +
                                   " 10000 7200000 " +
                                   std::to_string(env.wall_now().count() / 1000) + " " + word('b'));
    redis.reply("*2\r\n:2\r\n:41\r\n*2\r\n:1\r\n:42\r\n*2\r\n:0\r\n:77\r\n");
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::granted, 1, CauseClass::none, "", 41},
                            Heard{2, Outcome::granted, 0, CauseClass::none, "", 42},
                            Heard{3, Outcome::refused, 77}));
    EXPECT_THAT(redis.take(), IsEmpty());
    EXPECT_EQ(node->owed(), 0U);
}

TEST_F(RedisNodeTransfer, without_a_counter_answers_none) {
    open();
    transfer(1, false);
    transfer(2, false);
    redis.reply("*2\r\n:2\r\n:0\r\n*2\r\n:1\r\n:0\r\n");
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::granted, 1}, Heard{2, Outcome::granted, 0}));
}

TEST_F(RedisNodeTransfer, that_fails_undoes_the_giver) {
    open();
    transfer(1, true);
    (void)redis.take();
    redis.reply("-OOM command not allowed\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::no_space}));
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'b')));
}

TEST_F(RedisNodeTransfer, that_was_given_up_undoes_the_giver_when_it_fails_and_only_then) {
    open();
    node->give_up(transfer(1, true), false);
    node->give_up(transfer(2, true), false);
    (void)redis.take();
    redis.reply("*2\r\n:2\r\n:41\r\n");
    EXPECT_THAT(redis.take(), IsEmpty());
    redis.reply("-OOM command not allowed\r\n");
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'b')));
    EXPECT_THAT(heard, IsEmpty());
}

TEST_F(RedisNodeTransfer, on_a_connection_that_breaks_leaves_the_giver_to_be_undone) {
    open();
    transfer(1, true);
    (void)redis.take();
    env.connections[0]->close();
    env.run();
    EXPECT_EQ(take_outcomes()[0].outcome, Outcome::unknown);
    EXPECT_GE(node->owed(), 1U);
    env.advance(s(1));
    EXPECT_THAT(redis.take(), Contains(release(2, 'b')));
}

TEST_F(RedisNodeTransfer, that_cannot_be_asked_undoes_the_giver) {
    open();
    env.connections[0]->close();
    env.run();
    transfer(1, true);
    EXPECT_EQ(take_outcomes()[0].outcome, Outcome::failed);
    env.advance(s(1));
    EXPECT_THAT(redis.take(), Contains(release(2, 'b')));
}

TEST_F(RedisNodeTransfer, of_a_server_that_does_not_know_the_script_goes_by_text) {
    open();
    transfer(1, true);
    (void)redis.take();
    redis.reply("-NOSCRIPT No matching script. Please use EVAL.\r\n");
    const auto seen = redis.take();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_TRUE(seen[0].starts_with("1: ACQUIRE_TEXT r "));
    EXPECT_TRUE(seen[0].ends_with(" " + word('b')));
    redis.reply("*2\r\n:2\r\n:41\r\n");
    EXPECT_EQ(take_outcomes()[0].outcome, Outcome::granted);
}

TEST_F(RedisNodeTransfer, what_is_no_answer_ends_the_connection) {
    for (const char* const reply :
         {"+OK\r\n", "*2\r\n:3\r\n:5\r\n", "*2\r\n:2\r\n:0\r\n", "*1\r\n:2\r\n"}) {
        open();
        transfer(1, true);
        redis.reply(reply);
        EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken}))
            << reply;
        node->close();
    }
}

}  // namespace
}  // namespace quorumlock::nodes
