#include "lib/nodes/redis_commands.h"
#include "tests/sim/self/redis_fixture.h"

namespace quorumlock::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using SimRedisRestart = RedisFixture;

TEST_F(SimRedisRestart, another_process_has_another_run_id_and_counts_from_one) {
    const std::string before = redis.run_id();
    EXPECT_EQ(before.size(), 40U);
    EXPECT_THAT(say({"INFO", "server"}), HasSubstr("\r\nrun_id:" + before + "\r\n"));
    redis.accept(now);
    now += 90'000'000;
    redis.restart(false, 8, now);
    EXPECT_TRUE(redis.closing(me));
    EXPECT_NE(redis.run_id(), before);
    EXPECT_EQ(redis.accept(now), 1);
    EXPECT_THAT(say({"INFO", "server"}), HasSubstr("\r\nrun_id:" + redis.run_id() + "\r\n"));
}

TEST_F(SimRedisRestart, its_uptime_is_counted_from_its_start) {
    now += 90'000'000;
    EXPECT_THAT(say({"INFO", "server"}), HasSubstr("\r\nuptime_in_seconds:90\r\n"));
    redis.restart(true, 8, now);
    redis.accept(now);
    now += 2'000'000;
    EXPECT_THAT(say({"INFO", "server"}), HasSubstr("\r\nuptime_in_seconds:2\r\n"));
}

TEST_F(SimRedisRestart, the_same_seed_is_the_same_process) {
    EXPECT_EQ(SimRedis(7, 0, nullptr).run_id(), redis.run_id());
    EXPECT_NE(SimRedis(8, 0, nullptr).run_id(), redis.run_id());
}

TEST_F(SimRedisRestart, data_is_lost_or_kept_and_scripts_are_always_forgotten) {
    say({"SET", "k", "v", "PX", "1000"});
    const std::string sha = say({"SCRIPT", "LOAD", nodes::kReleaseScript}).substr(5, 40);
    events.take();
    redis.restart(true, 8, now);
    redis.accept(now);
    EXPECT_TRUE(events.changes().empty());
    EXPECT_EQ(say({"PTTL", "k"}), ":1000\r\n");
    EXPECT_EQ(say({"EVALSHA", sha, "1", "k", "v"}),
              "-NOSCRIPT No matching script. Please use EVAL.\r\n");
    redis.restart(false, 9, now);
    redis.accept(now);
    EXPECT_THAT(events.changes(), ElementsAre("gone k=v crashed by 0"));
    EXPECT_EQ(say({"EXISTS", "k"}), ":0\r\n");
}

}  // namespace
}  // namespace quorumlock::sim
