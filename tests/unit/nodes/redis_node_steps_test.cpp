// ACQUIRE, EXTEND, RELEASE, INSPECT on a healthy connection: bytes out, answers in.
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RedisNodeSteps : public RedisNodeTest {
  protected:
    void SetUp() override {
        open();
        ASSERT_TRUE(node->ready());
    }
};

TEST_F(RedisNodeSteps, acquire_is_a_plain_set_nx_px_and_says_granted_or_refused) {
    acquire('a', 1);
    acquire('b', 2, Nanos(10'000'001));  // a part of a millisecond counts as a whole one
    EXPECT_THAT(heard, IsEmpty());
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(set(1, 'a', 10000), set(1, 'b', 11)));
    EXPECT_EQ(node->status().backlog, 2u);
    redis.reply("+OK\r\n$-1\r\n");
    EXPECT_THAT(take_heard(),
                ElementsAre(Heard{1, Outcome::granted, 0}, Heard{2, Outcome::refused, -1}));
    EXPECT_EQ(node->status().backlog, 0u);
}

TEST_F(RedisNodeSteps, a_refusal_tells_the_holders_remaining_time_where_asked) {
    for (std::uint32_t tag = 1; tag <= 4; ++tag) ask(Step::acquire, 'a', tag, s(1), true);
    env.run();
    const auto seen = redis.take();
    ASSERT_EQ(seen.size(), 8u);
    EXPECT_EQ(seen[0], set(1, 'a', 1000));
    EXPECT_EQ(seen[1], "1: PTTL r");
    redis.reply("$-1\r\n");
    EXPECT_THAT(heard, IsEmpty()) << "the answer comes with the PTTL's reply";
    redis.reply(":4321\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{1, Outcome::refused, 4321}));
    redis.reply("$-1\r\n:-1\r\n");  // no expiry
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::refused, -1}));
    redis.reply("$-1\r\n:-2\r\n");  // just gone
    EXPECT_THAT(take_heard(), ElementsAre(Heard{3, Outcome::refused, 0}));
    redis.reply("+OK\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{4, Outcome::granted, 0}));
    redis.reply(":1000\r\n");
    EXPECT_THAT(heard, IsEmpty());
    EXPECT_EQ(node->status().backlog, 0u);
}

TEST_F(RedisNodeSteps, extend_says_extended_absent_or_taken) {
    for (std::uint32_t tag = 1; tag <= 3; ++tag) ask(Step::extend, 'a', tag, ms(1500));
    env.run();
    const std::string line = "1: EXTEND r " + word('a') + " 1500";
    EXPECT_THAT(redis.take(), ElementsAre(line, line, line));
    redis.reply(":1\r\n:0\r\n:-1\r\n");
    EXPECT_THAT(take_heard(),
                ElementsAre(Heard{1, Outcome::extended, -1}, Heard{2, Outcome::absent, -1},
                            Heard{3, Outcome::taken, -1}));
}

TEST_F(RedisNodeSteps, release_says_released_absent_or_taken_and_is_owed_until_then) {
    for (std::uint32_t tag = 1; tag <= 3; ++tag) ask(Step::release, 'a', tag);
    EXPECT_EQ(node->owed(), 3u);
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'a'), release(1, 'a'), release(1, 'a')));
    redis.reply(":1\r\n:0\r\n:-1\r\n");
    EXPECT_THAT(take_heard(),
                ElementsAre(Heard{1, Outcome::released, -1}, Heard{2, Outcome::absent, -1},
                            Heard{3, Outcome::taken, -1}));
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeSteps, inspect_tells_any_token_and_its_remaining_time) {
    for (std::uint32_t tag = 1; tag <= 4; ++tag) ask(Step::inspect, 'a', tag);
    env.run();
    const auto seen = redis.take();
    ASSERT_EQ(seen.size(), 12u);
    EXPECT_EQ(seen[0], "1: GET r");
    EXPECT_EQ(seen[1], "1: PTTL r");
    EXPECT_EQ(seen[2], "1: GET quorumlock:fence:{r}");
    redis.reply(std::string_view("$5\r\na\0\r\nb\r\n:77\r\n$2\r\n41\r\n", 24));
    EXPECT_THAT(take_heard(), ElementsAre(Heard{1, Outcome::taken, 77, CauseClass::none,
                                                std::string("a\0\r\nb", 5), 41}));
    redis.reply(
        "$-1\r\n:-2\r\n$1\r\n7\r\n$1\r\nx\r\n:-1\r\n$-1\r\n$1\r\nx\r\n:-2\r\n-NOPERM no\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::absent, 0, CauseClass::none, "", 7},
                                          Heard{3, Outcome::taken, -1, CauseClass::none, "x"},
                                          Heard{4, Outcome::absent, 0}));
}

TEST_F(RedisNodeSteps, names_of_any_bytes_and_length_are_sent_as_they_are) {
    const Token mine = token('a');
    const std::string name = std::string("a\0\r\n$3\r\n", 8) + std::string(4088, 'x');
    node->ask({.step = Step::acquire, .resource = name, .token = &mine, .ttl = s(1)}, *this, 1);
    node->undo(name, mine, s(1));
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre("1: SET " + name + " " + word('a') + " NX PX 1000",
                                          "1: RELEASE " + name + " " + word('a')));
}

TEST_F(RedisNodeSteps, all_commands_of_one_turn_stand_in_one_order_and_are_answered_in_it) {
    options.max_backlog = 100000;
    open();
    const int connection = 2;
    constexpr std::uint32_t kMany = 300;  // more than the ring's first size, twice doubled
    for (std::uint32_t tag = 0; tag < kMany; ++tag) acquire('a', tag);
    env.run();
    EXPECT_THAT(redis.take(), ::testing::Each(set(connection, 'a', 10000)));
    std::string replies;
    for (std::uint32_t tag = 0; tag < kMany; ++tag) replies += tag % 3 == 0 ? "+OK\r\n" : "$-1\r\n";
    for (const char byte : replies) env.last().feed(std::string_view(&byte, 1));
    ASSERT_EQ(heard.size(), kMany);
    for (std::uint32_t tag = 0; tag < kMany; ++tag) {
        EXPECT_EQ(heard[tag].tag, tag);
        EXPECT_EQ(heard[tag].outcome, tag % 3 == 0 ? Outcome::granted : Outcome::refused);
    }
}

TEST_F(RedisNodeSteps, what_was_given_up_is_not_answered_and_keeps_its_place) {
    const Ticket first = acquire('a', 1);
    acquire('b', 2);
    env.run();
    node->give_up(first, false);
    EXPECT_EQ(node->status().backlog, 2u);
    redis.reply("+OK\r\n$-1\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::refused, -1}));
    node->give_up(first, true);  // long answered
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeSteps, an_undo_stands_behind_its_acquire_and_before_the_next_one) {
    // Rule N5
    acquire('a', 1);
    undo('a');
    acquire('b', 2);
    EXPECT_EQ(node->owed(), 1u);
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(set(1, 'a', 10000), release(1, 'a'), set(1, 'b', 10000)));
    redis.reply("+OK\r\n:1\r\n+OK\r\n");
    EXPECT_THAT(take_heard(),
                ElementsAre(Heard{1, Outcome::granted, 0}, Heard{2, Outcome::granted, 0}));
    EXPECT_EQ(node->owed(), 0u);
}

TEST_F(RedisNodeSteps, a_listener_may_ask_give_up_and_undo_from_within_an_answer) {
    const Ticket second = (acquire('a', 1), acquire('b', 2));
    bool once = false;
    then = [&] {
        if (std::exchange(once, true)) return;
        node->give_up(second, false);
        undo('b');
        for (std::uint32_t tag = 10; tag < 200; ++tag) ask(Step::release, 'c', tag);
    };
    env.run();
    redis.take();
    redis.reply("+OK\r\n+OK\r\n:1\r\n:0\r\n");
    EXPECT_THAT(take_heard(),
                ElementsAre(Heard{1, Outcome::granted, 0}, Heard{10, Outcome::absent, -1}));
    EXPECT_EQ(redis.take().size(), 191u);
}

}  // namespace
}  // namespace quorumlock::nodes
