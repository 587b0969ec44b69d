// acquire, extend, release, inspect and nodes against real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"

namespace quorumlock::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliLock : public FiveRedis {
  protected:
    CliEnd with_nodes(std::vector<std::string> args) const {
        args.insert(args.begin(), {"--nodes", joined(uris())});
        return cli(args);
    }
    std::string acquired(const std::string& resource) const {
        const CliEnd end = with_nodes({"acquire", resource});
        EXPECT_EQ(end.how, "exit code 0") << end.err;
        return end.json().value("token", "");
    }
};

TEST_F(CliLock, acquire_prints_the_lock_and_leaves_it_held) {
    const CliEnd end = with_nodes({"acquire", "a", "--ttl", "20s"});
    EXPECT_EQ(end.how, "exit code 0");
    EXPECT_EQ(end.err, "");
    EXPECT_EQ(end.lines_of_err(), 0U);
    const auto object = end.json();
    EXPECT_EQ(object["resource"], "a");
    EXPECT_EQ(object["token"].get<std::string>().size(), 32U);
    // Microseconds since 1970: a counter starts at the servers' clock.
    EXPECT_GT(object.value("fence", std::uint64_t{0}), 1'600'000'000'000'000U);
    EXPECT_GT(object["validity_ms"], 10'000);
    EXPECT_LT(object["validity_ms"], 19'800);
    EXPECT_GE(object["nodes"].size(), 3U);
    EXPECT_GE(holding("a"), 3);
}

TEST_F(CliLock, a_held_lock_is_contended_with_exit_code_75_or_the_one_asked_for) {
    acquired("a");
    const CliEnd end = with_nodes({"acquire", "a"});
    EXPECT_EQ(end.how, "exit code 75");
    EXPECT_EQ(end.out, "");
    EXPECT_THAT(end.err, HasSubstr("quorumlock: acquire: "));
    EXPECT_THAT(end.err, HasSubstr("refused"));
    EXPECT_EQ(with_nodes({"acquire", "a", "--wait", "50ms"}).how, "exit code 75");
    EXPECT_EQ(with_nodes({"--conflict-exit-code", "9", "acquire", "a"}).how, "exit code 9");
    EXPECT_EQ(with_nodes({"run", "a", "--", "true"}).how, "exit code 75");
    const CliEnd json = with_nodes({"acquire", "a", "--json"});
    EXPECT_EQ(nlohmann::json::parse(json.err)["error"], "contended");
}

TEST_F(CliLock, wait_takes_the_lock_when_it_is_released) {
    const std::string token = acquired("a");
    Process waiting(cli_argv({"acquire", "a", "--wait", "20s", "--nodes", joined(uris())}),
                    cli_options());
    EXPECT_FALSE(waiting.wait(std::chrono::milliseconds(100)));
    EXPECT_EQ(with_nodes({"release", "a", token}).how, "exit code 0");
    const CliEnd end = end_of(waiting);
    EXPECT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_NE(end.json()["token"], token);
}

TEST_F(CliLock, release_frees_it_once_and_then_says_not_held) {
    const std::string token = acquired("a");
    const CliEnd end = with_nodes({"release", "a", token});
    EXPECT_EQ(end.how, "exit code 0");
    EXPECT_EQ(end.json()["released"], true);
    EXPECT_TRUE(clean("a"));
    EXPECT_EQ(with_nodes({"release", "a", token}).how, "exit code 1");
}

TEST_F(CliLock, release_of_another_token_frees_nothing) {
    acquired("a");
    EXPECT_EQ(with_nodes({"release", "a", std::string(32, '0')}).how, "exit code 1");
    EXPECT_GE(holding("a"), 3);
}

TEST_F(CliLock, extend_makes_it_last_and_says_what_it_proves) {
    const std::string token = acquired("a");
    const CliEnd end = with_nodes({"extend", "a", token, "--ttl", "60s"});
    EXPECT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_THAT(end.json()["note"].get<std::string>(), HasSubstr("not proven"));
    EXPECT_GT(with_nodes({"inspect", "a"}).json()["remaining_ms"], 45'000);
    const CliEnd other = with_nodes({"extend", "a", std::string(32, '0')});
    EXPECT_EQ(other.how, "exit code 1");
    EXPECT_EQ(other.out, "");
}

TEST_F(CliLock, inspect_tells_the_holder_node_by_node) {
    const CliEnd taken = with_nodes({"acquire", "a"});
    ASSERT_EQ(taken.how, "exit code 0") << taken.err;
    const std::string token = taken.json()["token"];
    const auto object = with_nodes({"inspect", "a"}).json();
    EXPECT_EQ(object["held"], true);
    EXPECT_EQ(object["holder"], token);
    EXPECT_EQ(object["votes"], 5);
    EXPECT_GT(object["remaining_ms"], 10'000);
    ASSERT_EQ(object["nodes"].size(), 5U);
    EXPECT_EQ(object["nodes"][4]["node"], servers_[4]->label());
    EXPECT_EQ(object["nodes"][4]["token"], token);
    // A quorum has reached the fence, and may have been raised to more since; the others need not.
    const std::uint64_t fence = taken.json()["fence"];
    EXPECT_GE(std::count_if(
                  object["nodes"].begin(), object["nodes"].end(),
                  [&](const auto& node) { return node.value("fence", std::uint64_t{0}) >= fence; }),
              3);
    const auto free = with_nodes({"inspect", "b"}).json();
    EXPECT_EQ(free["held"], false);
    EXPECT_FALSE(free.contains("holder"));
    EXPECT_FALSE(free["nodes"][0].contains("fence"));
}

TEST_F(CliLock, two_dead_nodes_change_nothing) {
    servers_[0]->kill9();
    servers_[1]->kill9();
    const std::string token = acquired("a");
    EXPECT_EQ(with_nodes({"inspect", "a"}).how, "exit code 0");
    EXPECT_EQ(with_nodes({"nodes"}).how, "exit code 0");
    EXPECT_EQ(with_nodes({"extend", "a", token}).how, "exit code 0");
    EXPECT_EQ(with_nodes({"release", "a", token}).how, "exit code 0");
}

TEST_F(CliLock, three_dead_nodes_are_no_quorum_with_a_line_for_each) {
    for (int i = 0; i < 3; ++i) servers_[static_cast<std::size_t>(i)]->kill9();
    const std::string token(32, 'a');
    const std::vector<std::vector<std::string>> verbs{
        {"acquire", "a"}, {"extend", "a", token},    {"release", "a", token}, {"inspect", "a"},
        {"nodes"},        {"run", "a", "--", "true"}};
    for (const auto& args : verbs) {
        const CliEnd end = with_nodes(args);
        EXPECT_EQ(end.how, "exit code 69") << args[0] << end.err;
        EXPECT_THAT(end.err, HasSubstr("quorumlock: " + args[0] + ": no quorum: "));
        EXPECT_THAT(end.err, HasSubstr("\n  " + servers_[0]->label() + ": ")) << args[0];
    }
    EXPECT_TRUE(clean("a"));
}

TEST_F(CliLock, a_refused_password_is_told_without_being_shown) {
    RedisServer guarded({.password = "hush-hush"});
    const std::string right = guarded.uri();
    std::string wrong = right;
    wrong.replace(wrong.find("hush-hush"), 9, "hushed-up");
    EXPECT_EQ(cli({"acquire", "a", "--nodes", right}).how, "exit code 0");
    for (const std::string verb : {"acquire", "inspect"}) {
        const CliEnd end = cli({verb, "a", "--nodes", wrong});
        EXPECT_EQ(end.how, "exit code 69") << end.err;
        EXPECT_THAT(end.err, HasSubstr(guarded.label()));
        EXPECT_THAT(end.err + end.out, Not(HasSubstr("hush")));
    }
}

TEST_F(CliLock, ctrl_c_while_waiting_leaves_nothing_behind) {
    const std::string token = acquired("a");
    Process waiting(cli_argv({"acquire", "a", "--wait", "1h", "--nodes", joined(uris())}),
                    cli_options());
    // Connected: it has taken charge of its signals.
    ASSERT_TRUE(eventually([&] {
        const std::string clients = server(0).command({"CLIENT", "LIST"});
        return clients.find("name=quorumlock") != std::string::npos;
    }));
    waiting.signal(SIGINT);
    const CliEnd end = end_of(waiting);
    EXPECT_EQ(end.how, "exit code 130");
    EXPECT_EQ(end.out, "");
    EXPECT_EQ(with_nodes({"release", "a", token}).how, "exit code 0");
    EXPECT_TRUE(clean("a"));
}

TEST_F(CliLock, a_token_that_cannot_be_told_is_released) {
    Process process({"sh", "-c", "exec \"$0\" acquire a --nodes \"$1\" > /dev/full", cli_path(),
                     joined(uris())},
                    cli_options());
    const CliEnd end = end_of(process);
    EXPECT_EQ(end.how, "exit code 70");
    EXPECT_THAT(end.err, HasSubstr("the lock was released"));
    EXPECT_TRUE(clean("a"));
}

TEST_F(CliLock, nodes_is_a_table_for_people_and_an_object_with_json) {
    servers_[1]->kill9();
    const CliEnd table = with_nodes({"nodes"});
    EXPECT_THAT(table.out, HasSubstr("NODE"));
    EXPECT_THAT(table.out, HasSubstr(servers_[0]->label() + "  redis  ready"));
    EXPECT_THAT(table.out, HasSubstr(servers_[1]->label() + "  redis  not ready"));
    const auto object = with_nodes({"nodes", "--json"}).json();
    EXPECT_EQ(object["ready"], 4);
    EXPECT_EQ(object["quorum"], 3);
    EXPECT_EQ(object["nodes"][0]["role"], "master");
    EXPECT_EQ(object["nodes"][1]["ready"], false);
    EXPECT_NE(object["nodes"][1]["cause"], "");
    EXPECT_FALSE(object["nodes"][0].contains("guarded_ms"));
}

TEST_F(CliLock, nodes_tells_how_long_a_guard_lasts_and_the_flag_turns_it_off) {
    const CliEnd table = with_nodes({"nodes", "--restart-guard", "strict"});
    EXPECT_EQ(table.how, "exit code 69");
    EXPECT_THAT(table.out, HasSubstr("does not vote for"));
    const auto object = with_nodes({"nodes", "--json", "--restart-guard", "strict"}).json();
    ASSERT_EQ(object["nodes"].size(), 5U);
    for (const auto& node : object["nodes"]) {
        EXPECT_EQ(node["ready"], false);
        EXPECT_GT(node.value("guarded_ms", 0.0), 1'000.0);
        EXPECT_LT(node.value("guarded_ms", 0.0), 62'000.0);
    }
    EXPECT_EQ(with_nodes({"nodes", "--restart-guard", "off"}).how, "exit code 0");
}

}  // namespace
}  // namespace quorumlock::testing
