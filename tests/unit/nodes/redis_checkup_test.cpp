// A checkup ends in bounded time, whatever the server does, and is told once.
#include "lib/nodes/redis_checkup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_env.h"

namespace quorumlock::nodes {
namespace {

using namespace std::chrono_literals;
using quorumlock::testing::FakeEnv;
using ::testing::HasSubstr;
using ::testing::Not;

class Checkup : public ::testing::Test, private CheckupEvents {
  protected:
    RedisCheckup& start(const std::string& uri = "redis://:hush@127.0.0.1") {
        auto parsed = parse_node_uri(uri);
        EXPECT_TRUE(parsed);
        CheckupOptions options;
        options.time_limit = 100ms;
        options.clock_span = 250ms;
        options.client_name = "quorumlock";
        CheckupEvents& events = *this;
        checkup_.emplace(std::move(*parsed), std::move(options), env_, events);
        checkup_->start();
        env_.run();
        return *checkup_;
    }
    const RedisFacts& facts() const { return checkup_->facts(); }
    /// So many answers of the kind that tells nothing.
    void answer(int count, const std::string& reply = "+OK\r\n") {
        std::string all;
        for (int i = 0; i < count; ++i) all += reply;
        env_.last().feed(all);
        env_.run();
    }

    FakeEnv env_;
    std::optional<RedisCheckup> checkup_;
    int told_ = 0;

  private:
    void on_checked() override { ++told_; }
};

constexpr int kFirst = 20;  ///< AUTH, SETNAME, INFO, CONFIG and 16 rights.

TEST_F(Checkup, nobody_accepts) {
    start();
    env_.advance(99ms);
    EXPECT_EQ(told_, 0);
    env_.advance(1ms);
    EXPECT_EQ(told_, 1);
    EXPECT_EQ(facts().failed.kind, CauseClass::unreachable);
    EXPECT_FALSE(env_.last().alive());
}

TEST_F(Checkup, nobody_answers) {
    start();
    env_.last().open();
    env_.run();
    env_.advance(100ms);
    EXPECT_EQ(told_, 1);
    EXPECT_EQ(facts().failed.kind, CauseClass::silent);
    EXPECT_THAT(facts().failed.text, HasSubstr("no answer within 100 ms (127.0.0.1:6379)"));
    EXPECT_EQ(env_.timers(), 0U);
}

TEST_F(Checkup, a_server_that_stops_half_way) {
    start();
    env_.last().open();
    env_.run();
    env_.advance(60ms);
    answer(4);
    env_.advance(60ms);
    EXPECT_EQ(told_, 0);
    env_.advance(40ms);
    EXPECT_EQ(told_, 1);
    EXPECT_EQ(facts().failed.kind, CauseClass::silent);
}

TEST_F(Checkup, looks_at_the_clock_twice_and_ends) {
    start();
    env_.last().open();
    env_.run();
    answer(kFirst);
    for (int i = 0; i < 3; ++i) answer(1, "*2\r\n$1\r\n0\r\n$1\r\n0\r\n");
    EXPECT_TRUE(facts().first_clock);
    EXPECT_FALSE(facts().last_clock);
    env_.advance(250ms);  // beyond the time limit: nothing is open
    EXPECT_EQ(told_, 0);
    for (int i = 0; i < 3; ++i) answer(1, "*2\r\n$1\r\n0\r\n$1\r\n0\r\n");
    EXPECT_EQ(told_, 0);
    answer(1);  // SUBSCRIBE
    EXPECT_EQ(told_, 1);
    EXPECT_EQ(facts().failed.kind, CauseClass::none);
    EXPECT_TRUE(facts().last_clock);
    EXPECT_EQ(env_.timers(), 0U);
}

TEST_F(Checkup, a_clock_beyond_measure_is_bounded_and_one_that_is_none_is_not_seen) {
    const auto time = [](std::string seconds, std::string micros) {
        return "*2\r\n$" + std::to_string(seconds.size()) + "\r\n" + seconds + "\r\n$" +
               std::to_string(micros.size()) + "\r\n" + micros + "\r\n";
    };
    start();
    env_.last().open();
    env_.run();
    answer(kFirst);
    answer(1, time("5", "1000000"));
    answer(1, time("-5", "0"));
    EXPECT_FALSE(facts().first_clock);
    answer(1, time("9223372036854775807", "999999"));
    ASSERT_TRUE(facts().first_clock);
    EXPECT_GT(facts().first_clock->ahead, Nanos{0});
    EXPECT_LT(facts().first_clock->ahead, std::chrono::hours(24 * 365 * 100));
}

TEST_F(Checkup, what_is_no_redis) {
    for (const std::string bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x15\x03\x01"}) {
        told_ = 0;
        start();
        env_.last().open();
        env_.run();
        env_.last().feed(bytes);
        env_.run();
        EXPECT_EQ(told_, 1);
        EXPECT_EQ(facts().failed.kind, CauseClass::broken);
    }
}

TEST_F(Checkup, an_answer_to_nothing) {
    start();
    env_.last().open();
    env_.run();
    answer(kFirst);
    for (int i = 0; i < 3; ++i) answer(1);
    EXPECT_EQ(told_, 0);
    answer(1);
    EXPECT_EQ(told_, 1);
    EXPECT_EQ(facts().failed.kind, CauseClass::broken);
}

TEST_F(Checkup, logs_in_as_the_user_of_the_uri) {
    start("redis://joe:hush@127.0.0.1");
    env_.last().open();
    env_.run();
    EXPECT_THAT(env_.last().received(),
                ::testing::StartsWith("*3\r\n$4\r\nAUTH\r\n$3\r\njoe\r\n$4\r\nhush\r\n"));
}

TEST_F(Checkup, a_password_file_that_is_not_there) {
    start("redis://127.0.0.1?password_file=/nowhere");
    EXPECT_EQ(told_, 1);
    EXPECT_EQ(facts().failed.kind, CauseClass::rejected);
    EXPECT_TRUE(env_.connections.empty());
}

TEST_F(Checkup, the_next_address_where_the_first_does_not_answer) {
    env_.names["db"] = {"10.0.0.1", "10.0.0.2"};
    start("redis://db");
    env_.last().close("connection refused");
    env_.run();
    ASSERT_EQ(env_.connections.size(), 2U);
    env_.last().open();
    env_.run();
    EXPECT_EQ(facts().address, "10.0.0.2");
    env_.last().close();
    env_.run();
    EXPECT_EQ(told_, 1);
}

TEST_F(Checkup, a_refused_password_ends_it_without_showing_it) {
    start();
    env_.last().open();
    env_.run();
    env_.last().feed("-ERR unknown command `AUTH`, with args beginning with: `hush`\r\n");
    env_.run();
    EXPECT_EQ(told_, 1);
    EXPECT_EQ(facts().failed.kind, CauseClass::rejected);
    EXPECT_THAT(facts().failed.text, Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace quorumlock::nodes
