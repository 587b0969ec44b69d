#include "lib/nodes/redis_commands.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/resp/writer.h"

namespace quorumlock::nodes {
namespace {

using By = RedisCommands::By;

const std::string kReleaseSha(40, 'a');
const std::string kExtendSha(40, 'b');

Token some_token() {
    Token token;
    token.hex.fill('f');
    return token;
}

std::string command(std::initializer_list<std::string_view> words) {
    std::string out;
    resp::append_command(out, words);
    return out;
}

TEST(RedisCommands, are_the_same_bytes_as_the_general_writers) {
    const Token token = some_token();
    for (const std::size_t size : {1, 9, 10, 64, 65, 999, 1000, 4096}) {
        const std::string name(size, 'n');
        RedisCommands commands;
        commands.set_scripts(
            {.release = kReleaseSha, .extend = kExtendSha, .acquire = {}, .raise = {}});
        commands.acquire(name, token, 86'400'000);
        commands.extend(By::sha, name, token, 10);
        commands.extend(By::text, name, token, 10);
        commands.release(By::sha, name, token);
        commands.release(By::text, name, token);
        commands.pttl(name);
        commands.get(name);
        commands.ping();
        commands.client_kill(1234567890123);
        EXPECT_EQ(commands.bytes(),
                  command({"SET", name, token.view(), "NX", "PX", "86400000"}) +
                      command({"EVALSHA", kExtendSha, "1", name, token.view(), "10"}) +
                      command({"EVAL", kExtendScript, "1", name, token.view(), "10"}) +
                      command({"EVALSHA", kReleaseSha, "1", name, token.view()}) +
                      command({"EVAL", kReleaseScript, "1", name, token.view()}) +
                      command({"PTTL", name}) + command({"GET", name}) + command({"PING"}) +
                      command({"CLIENT", "KILL", "ID", "1234567890123"}));
        commands.clear();
        EXPECT_EQ(commands.bytes(), "");
    }
}

TEST(RedisCommands, are_counted_but_for_those_of_connecting_and_of_being_woken) {
    const Token token = some_token();
    RedisCommands commands;
    commands.set_scripts({});
    commands.client_kill(1);
    commands.tracking(1);
    commands.caching();
    EXPECT_EQ(commands.count(), 0U);
    commands.acquire("r", token, 10);
    commands.pttl("r");
    EXPECT_EQ(commands.count(), 2U) << "a refusal's PTTL is a command of its own";
    commands.acquire(By::sha, "r", token, 10, 0);
    commands.raise(By::text, "r", token, 1);
    commands.transfer(By::sha, "r", token, token, 10, true, 0);
    commands.extend(By::sha, "r", token, 10);
    commands.release(By::text, "r", token);
    EXPECT_EQ(commands.count(), 7U);
    commands.get("r");
    commands.get_counter("r");
    commands.ping();
    EXPECT_EQ(commands.count(), 10U);
    commands.clear();
    EXPECT_EQ(commands.count(), 10U);
}

TEST(RedisCommands, whole_milliseconds_are_rounded_up) {
    EXPECT_EQ(whole_ms(Nanos(0)), 0);
    EXPECT_EQ(whole_ms(Nanos(1)), 1);
    EXPECT_EQ(whole_ms(Nanos(1'000'000)), 1);
    EXPECT_EQ(whole_ms(Nanos(1'000'001)), 2);
    EXPECT_EQ(whole_ms(std::chrono::hours(24)), 86'400'000);
}

TEST(RedisCommands, scripts_have_no_shebang_and_write_last) {
    // Rule N10
    for (const auto script : {kReleaseScript, kExtendScript}) {
        EXPECT_FALSE(script.starts_with("#!"));
        const auto write = std::min(script.find("'DEL'"), script.find("'PEXPIRE'"));
        ASSERT_NE(write, std::string_view::npos);
        EXPECT_LT(script.rfind("'GET'"), write);
        EXPECT_EQ(script.find("redis.call", write), std::string_view::npos);
    }
}

}  // namespace
}  // namespace quorumlock::nodes
