#include <thread>

#include "lib/nodes/redis_commands.h"
#include "tests/sim/redis_sha1.h"
#include "tests/sim/self/redis_fixture.h"

namespace quorumlock::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SimRedisScripts : public RedisFixture {
  protected:
    std::string eval(std::string_view script) { return say({"EVAL", script, "0"}); }
};

TEST_F(SimRedisScripts, each_server_knows_its_own) {
    SimRedis other(1, now, nullptr);
    const ClientId there = other.accept(now);
    const std::string sha = sha1_hex(nodes::kReleaseScript);
    EXPECT_EQ(say({"SCRIPT", "LOAD", nodes::kReleaseScript}), "$40\r\n" + sha + "\r\n");
    EXPECT_EQ(say({"SCRIPT", "EXISTS", sha}), "*1\r\n:1\r\n");
    other.receive(there, encoded({"EVALSHA", sha, "1", "k", "v"}), now);
    EXPECT_THAT(other.output(there), StartsWith("-NOSCRIPT"));
    redis.flush_scripts();
    EXPECT_EQ(say({"SCRIPT", "EXISTS", sha}), "*1\r\n:0\r\n");
}

TEST_F(SimRedisScripts, a_sha_is_the_known_one) {
    EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(eval("return redis.sha1hex('abc')"),
              "$40\r\na9993e364706816aba3e25717850c26c9cd0d89d\r\n");
}

TEST_F(SimRedisScripts, an_error_names_the_script_and_the_line) {
    const std::string script = "\nerror('boom')";
    EXPECT_EQ(eval(script),
              "-ERR user_script:2: boom script: " + sha1_hex(script) + ", on @user_script:2.\r\n");
}

TEST_F(SimRedisScripts, nothing_is_left_for_the_next_run_or_the_next_server) {
    for (const char* script :
         {"x = 1", "redis = nil", "redis.call = nil", "string.rep = nil", "KEYS = 1", "_G.x = 1",
          "rawset(_G,'x',1)", "rawset(redis,'x',1)", "setmetatable(_G,{})",
          "setmetatable(redis,{})", "getmetatable('').__index = nil"}) {
        EXPECT_THAT(eval(script), StartsWith("-ERR ")) << script;
    }
    for (const char* script : {"return x", "return setfenv", "return getfenv", "return print",
                               "return collectgarbage", "return os", "return debug"}) {
        EXPECT_THAT(eval(script), HasSubstr("nonexistent global variable")) << script;
    }
    eval("KEYS.left = 1 ARGV.left = 1");
    EXPECT_EQ(eval("return {KEYS.left or 'no', ARGV.left or 'no', redis.x or 'no'}"),
              "*3\r\n$2\r\nno\r\n$2\r\nno\r\n$2\r\nno\r\n");
}

TEST_F(SimRedisScripts, there_is_no_chance) {
    EXPECT_THAT(eval("return math.random()"), StartsWith("-ERR "));
    EXPECT_THAT(eval("math.randomseed(1)"), StartsWith("-ERR "));
}

TEST_F(SimRedisScripts, values_cross_both_ways) {
    say({"RPUSH", "list", "a"});
    say({"SET", "text", "a"});
    EXPECT_EQ(eval("return {1.9, 'b', true, false, {ok='fine'}, {err='E x'}, {{}}}"),
              "*7\r\n:1\r\n$1\r\nb\r\n:1\r\n$-1\r\n+fine\r\n-E x\r\n*1\r\n*0\r\n");
    EXPECT_EQ(eval("return {redis.call('GET','absent'), redis.call('GET','text'), "
                   "redis.call('EXISTS','text'), redis.call('PING'), redis.pcall('GET','list')}"),
              "*5\r\n$-1\r\n$1\r\na\r\n:1\r\n+PONG\r\n"
              "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
}

TEST_F(SimRedisScripts, a_deep_answer_is_cut_with_an_error) {
    EXPECT_THAT(eval("local t = {} t[1] = t return t"), HasSubstr("-ERR reached lua stack limit"));
}

TEST_F(SimRedisScripts, every_thread_runs_its_own) {
    EXPECT_EQ(say({"EVAL", nodes::kReleaseScript, "1", "k", "v"}), ":0\r\n");
    std::thread([this] {
        SimRedis other(1, now, nullptr);
        const ClientId there = other.accept(now);
        other.receive(there, encoded({"EVAL", nodes::kReleaseScript, "1", "k", "v"}), now);
        EXPECT_EQ(other.output(there), ":0\r\n");
    }).join();
}

}  // namespace
}  // namespace quorumlock::sim
