#include "lib/nodes/redis_commands.h"
#include "tests/sim/self/redis_fixture.h"

namespace quorumlock::sim {
namespace {

using ::testing::ElementsAre;

using SimRedisEventsTest = RedisFixture;

TEST_F(SimRedisEventsTest, a_command_is_told_before_what_it_does_and_also_when_it_is_refused) {
    say({"SET", "k", "v"});
    redis.state.busy = true;
    say({"get", "k"});
    say({"NONSENSE"});
    EXPECT_THAT(events.take(),
                ElementsAre("1: SET k v", "set k=v by 1", "1: get k", "1: NONSENSE"));
}

TEST_F(SimRedisEventsTest, every_way_to_write_is_told) {
    say({"SET", "k", "1", "PX", "10"});
    say({"SET", "k", "2"});
    say({"INCR", "k"});
    say({"PEXPIRE", "k", "5"});
    say({"PEXPIRE", "k", "0"});
    say({"RPUSH", "l", "a"});
    say({"RPUSH", "l", "b"});
    say({"DEL", "l", "absent"});
    say({"GET", "k"});
    EXPECT_THAT(
        events.changes(),
        ElementsAre("set k=1 until 1000011000 by 1", "gone k=1 overwritten by 1", "set k=2 by 1",
                    "set k=3 by 1", "set k=3 until 1000006000 by 1", "gone k=3 deleted by 1",
                    "set l= by 1", "set l= by 1", "gone l= deleted by 1"));
}

TEST_F(SimRedisEventsTest, what_a_script_does_is_told_as_its_client_s) {
    say({"SET", "k", "mine", "PX", "10"});
    events.take();
    const ClientId other = redis.accept(now);
    EXPECT_EQ(say(other, {"EVAL", nodes::kExtendScript, "1", "k", "mine", "20"}), ":1\r\n");
    EXPECT_EQ(say(other, {"EVAL", nodes::kReleaseScript, "1", "k", "mine"}), ":1\r\n");
    EXPECT_THAT(events.changes(),
                ElementsAre("set k=mine until 1000021000 by 2", "gone k=mine deleted by 2"));
}

TEST_F(SimRedisEventsTest, a_refused_write_is_not_told) {
    say({"SET", "k", "v"});
    events.take();
    say({"SET", "k", "w", "NX"});
    redis.state.readonly = true;
    say({"DEL", "k"});
    say({"EVAL", "redis.call('DEL',KEYS[1])", "1", "k"});
    EXPECT_TRUE(events.changes().empty());
}

TEST_F(SimRedisEventsTest, what_people_do_by_hand_is_told_as_nobody_s) {
    say({"SET", "a", "1"});
    say({"SET", "b", "2"});
    say({"SET", "c", "3", "PX", "1"});
    events.take();
    redis.plant_list("b", now);
    EXPECT_TRUE(redis.delete_key("a", now));
    EXPECT_FALSE(redis.delete_key("a", now));
    EXPECT_EQ(say({"GET", "b"}),
              "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
    now += 10'000;
    redis.flush_all(now);
    EXPECT_THAT(events.changes(),
                ElementsAre("gone b=2 overwritten by 0", "set b= by 0", "gone a=1 deleted by 0",
                            "gone b= flushed by 0", "gone c=3 expired by 0"));
    EXPECT_EQ(redis.keys(now), 0U);
}

TEST_F(SimRedisEventsTest, a_flush_is_told_key_by_key) {
    say({"SET", "a", "1"});
    say({"SELECT", "2"});
    say({"SET", "b", "2"});
    events.take();
    say({"FLUSHALL"});
    EXPECT_THAT(events.changes(), ElementsAre("gone a=1 flushed by 1", "gone b=2 flushed by 1"));
}

}  // namespace
}  // namespace quorumlock::sim
