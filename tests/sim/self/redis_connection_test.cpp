#include "tests/sim/redis_request.h"
#include "tests/sim/self/redis_fixture.h"

namespace quorumlock::sim {
namespace {

using SimRedisConnection = RedisFixture;

TEST_F(SimRedisConnection, ids_count_from_one_and_are_never_given_twice) {
    EXPECT_EQ(me, 1);
    const ClientId second = redis.accept(now);
    EXPECT_EQ(second, 2);
    redis.disconnect(second);
    const ClientId third = redis.accept(now);
    EXPECT_EQ(third, 3);
    EXPECT_EQ(say(third, {"CLIENT", "ID"}), ":3\r\n");
}

TEST_F(SimRedisConnection, one_too_many_is_told_closed_and_not_counted) {
    redis.state.max_clients = 2;
    const ClientId second = redis.accept(now);
    const ClientId refused = redis.accept(now);
    EXPECT_LT(refused, 0);
    EXPECT_EQ(redis.output(refused), "-ERR max number of clients reached\r\n");
    EXPECT_TRUE(redis.closing(refused));
    EXPECT_NE(redis.accept(now), refused);
    redis.disconnect(second);
    EXPECT_EQ(redis.accept(now), 3);
}

TEST_F(SimRedisConnection, a_killed_one_executes_nothing_more_and_its_replies_are_lost) {
    const ClientId other = redis.accept(now);
    redis.receive(other, encoded({"SET", "before", "1"}) + "*3\r\n$3\r\nSET\r\n$5\r\nafter", now);
    EXPECT_EQ(redis.output(other), "+OK\r\n");
    EXPECT_FALSE(redis.closing(other));
    EXPECT_EQ(say({"CLIENT", "KILL", "ID", "2"}), ":1\r\n");
    EXPECT_TRUE(redis.closing(other));
    EXPECT_EQ(redis.output(other), "");
    redis.receive(other, "\r\n$1\r\n1\r\n", now);
    EXPECT_EQ(redis.output(other), "");
    EXPECT_NE(redis.value("before", now), nullptr);
    EXPECT_EQ(redis.value("after", now), nullptr);
    EXPECT_EQ(say({"CLIENT", "KILL", "ID", "2"}), ":0\r\n");
    redis.disconnect(other);
    EXPECT_TRUE(redis.closing(other));
}

TEST_F(SimRedisConnection, killing_oneself_answers_and_then_closes) {
    redis.receive(
        me, encoded({"CLIENT", "KILL", "ID", "1", "SKIPME", "no"}) + encoded({"SET", "k", "v"}),
        now);
    EXPECT_EQ(redis.output(me), ":1\r\n");
    EXPECT_TRUE(redis.closing(me));
    EXPECT_EQ(redis.keys(now), 0U);
}

TEST_F(SimRedisConnection, the_default_is_not_to_kill_oneself) {
    EXPECT_EQ(say({"CLIENT", "KILL", "ID", "1"}), ":0\r\n");
    EXPECT_FALSE(redis.closing(me));
}

TEST_F(SimRedisConnection, bytes_of_a_connection_that_is_gone_are_ignored) {
    redis.disconnect(me);
    redis.receive(me, encoded({"SET", "k", "v"}), now);
    EXPECT_EQ(redis.keys(now), 0U);
    EXPECT_TRUE(events.take().empty());
}

TEST_F(SimRedisConnection, commands_wait_until_they_are_whole) {
    const std::string bytes = encoded({"SET", "k", std::string_view("a\r\n\0b", 5)});
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        redis.receive(me, bytes.substr(i, 1), now);
        EXPECT_EQ(redis.output(me), "");
    }
    redis.receive(me, bytes.substr(bytes.size() - 1), now);
    EXPECT_EQ(redis.output(me), "+OK\r\n");
    EXPECT_EQ(*redis.value("k", now), std::string("a\r\n\0b", 5));
}

TEST_F(SimRedisConnection, a_pipeline_is_answered_in_order) {
    redis.receive(me,
                  encoded({"SET", "k", "1"}) + encoded({"INCR", "k"}) + encoded({"GET", "k"}) +
                      "*1\r\n$4\r\nPI",
                  now);
    EXPECT_EQ(redis.output(me), "+OK\r\n:2\r\n$1\r\n2\r\n");
    redis.output(me).clear();
    redis.receive(me, "NG\r\n", now);
    EXPECT_EQ(redis.output(me), "+PONG\r\n");
}

TEST_F(SimRedisConnection, what_is_no_request_is_answered_and_closes) {
    redis.receive(me, encoded({"PING"}) + "*1\r\n:5\r\n" + encoded({"PING"}), now);
    EXPECT_EQ(redis.output(me), "+PONG\r\n-ERR Protocol error: expected '$', got ':'\r\n");
    EXPECT_TRUE(redis.closing(me));
}

TEST_F(SimRedisConnection, inline_commands_are_refused) {
    redis.receive(me, "PING\r\n", now);
    EXPECT_EQ(redis.output(me), "-ERR Protocol error: inline commands are not simulated\r\n");
    EXPECT_TRUE(redis.closing(me));
}

TEST_F(SimRedisConnection, what_waits_is_bounded) {
    redis.receive(me, "*2\r\n$4\r\nPING\r\n$500000000\r\n", now);
    const std::string piece(RequestParser::kMostWaiting / 4, 'x');
    for (int i = 0; i < 3; ++i) {
        redis.receive(me, piece, now);
        EXPECT_FALSE(redis.closing(me));
    }
    redis.receive(me, piece, now);
    EXPECT_TRUE(redis.closing(me));
    EXPECT_EQ(redis.output(me), "");
}

}  // namespace
}  // namespace quorumlock::sim
