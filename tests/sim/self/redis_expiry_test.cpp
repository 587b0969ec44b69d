#include "tests/sim/self/redis_fixture.h"

namespace quorumlock::sim {
namespace {

using ::testing::ElementsAre;

// The server's clock begins at a whole millisecond.
using SimRedisExpiry = RedisFixture;

TEST_F(SimRedisExpiry, a_key_lives_through_its_last_millisecond) {
    now += 400;
    say({"SET", "k", "v", "PX", "10"});
    const WallMicros gone = 1'000'000'000 + 11'000;
    EXPECT_EQ(redis.expires("k", now), gone);
    now = gone - 1;
    EXPECT_EQ(say({"PTTL", "k"}), ":0\r\n");
    EXPECT_NE(redis.value("k", now), nullptr);
    EXPECT_EQ(redis.keys(now), 1U);
    now = gone;
    EXPECT_EQ(redis.value("k", now), nullptr);
    EXPECT_EQ(redis.expires("k", now), std::nullopt);
    EXPECT_EQ(redis.keys(now), 0U);
    EXPECT_EQ(say({"PTTL", "k"}), ":-2\r\n");
}

TEST_F(SimRedisExpiry, is_told_when_it_is_found_out_and_once) {
    say({"SET", "k", "v", "PX", "10"});
    EXPECT_THAT(events.changes(), ElementsAre("set k=v until 1000011000 by 1"));
    now += 1'000'000;
    EXPECT_EQ(redis.value("k", now), nullptr);
    EXPECT_TRUE(events.changes().empty());
    const ClientId other = redis.accept(now);
    EXPECT_EQ(say(other, {"GET", "k"}), "$-1\r\n");
    EXPECT_THAT(events.changes(), ElementsAre("gone k=v expired by 2"));
    say({"GET", "k"});
    EXPECT_TRUE(events.changes().empty());
}

TEST_F(SimRedisExpiry, a_name_is_free_once_its_holder_has_expired) {
    say({"SET", "k", "old", "PX", "10"});
    EXPECT_EQ(say({"SET", "k", "new", "NX", "PX", "10"}), "$-1\r\n");
    now += 11'000;
    events.take();
    EXPECT_EQ(say({"SET", "k", "new", "NX", "PX", "10"}), "+OK\r\n");
    EXPECT_THAT(events.changes(),
                ElementsAre("gone k=old expired by 1", "set k=new until 1000022000 by 1"));
}

TEST_F(SimRedisExpiry, a_clock_that_jumps_forward_ends_lives_early) {
    say({"SET", "k", "v", "PX", "60000"});
    now += 3'600'000'000;
    EXPECT_EQ(say({"GET", "k"}), "$-1\r\n");
}

TEST_F(SimRedisExpiry, a_clock_that_jumps_back_lengthens_them) {
    say({"SET", "k", "v", "PX", "60000"});
    now -= 600'000'000;
    EXPECT_EQ(say({"PTTL", "k"}), ":660000\r\n");
    now += 600'000'000 + 60'000'000;
    EXPECT_EQ(say({"GET", "k"}), "$1\r\nv\r\n");
    now += 1'000;
    EXPECT_EQ(say({"GET", "k"}), "$-1\r\n");
}

TEST_F(SimRedisExpiry, times_before_the_epoch_are_counted_too) {
    now = -5'500;
    say({"SET", "k", "v", "PX", "3"});
    EXPECT_EQ(redis.expires("k", now), -2'000);
    now = -2'001;
    EXPECT_EQ(say({"EXISTS", "k"}), ":1\r\n");
    now = -2'000;
    EXPECT_EQ(say({"EXISTS", "k"}), ":0\r\n");
}

TEST_F(SimRedisExpiry, no_expiry_is_none) {
    say({"SET", "k", "v"});
    EXPECT_THAT(events.changes(), ElementsAre("set k=v by 1"));
    EXPECT_EQ(redis.expires("k", now), std::nullopt);
    now += WallMicros{1} << 60;
    EXPECT_NE(redis.value("k", now), nullptr);
}

TEST_F(SimRedisExpiry, time_stands_still_in_a_pipeline_and_in_a_script) {
    redis.receive(me, encoded({"TIME"}) + encoded({"EVAL", "return redis.call('TIME')", "0"}), now);
    const std::string time = "*2\r\n$4\r\n1000\r\n$1\r\n0\r\n";
    EXPECT_EQ(redis.output(me), time + time);
}

}  // namespace
}  // namespace quorumlock::sim
