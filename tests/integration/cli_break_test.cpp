// break: deletes what it has shown and nothing else, and leaves a larger fence behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"
#include "tests/integration/on_terminal.h"
#include "tests/support/otlp_receiver.h"

namespace quorumlock::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kStranger(32, 'a');

class CliBreak : public FiveRedis {
  protected:
    CliEnd with_nodes(std::vector<std::string> args) const {
        args.insert(args.begin(), {"--nodes", joined(uris())});
        return cli(args);
    }
    nlohmann::json acquired(const std::string& resource) const {
        const CliEnd end = with_nodes({"acquire", resource});
        EXPECT_EQ(end.how, "exit code 0") << end.err;
        return end.json();
    }
    void set_by_hand(int i, const std::string& key, const std::string& value) {
        ASSERT_EQ(server(i).command({"SET", key, value}), "OK");
    }
};

TEST_F(CliBreak, takes_it_away_and_counts_on) {
    const auto lock = acquired("a");
    const CliEnd end = with_nodes({"break", "a", "--yes", "--json"});
    ASSERT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_EQ(end.err, "");
    const auto object = end.json();
    EXPECT_EQ(object["resource"], "a");
    EXPECT_EQ(object["broken"], true);
    EXPECT_EQ(object["token"], lock["token"]);
    EXPECT_EQ(object["votes"], 5);
    EXPECT_GT(object["remaining_ms"], 1000);
    EXPECT_THAT(object["not_asked"], IsEmpty());
    EXPECT_GT(object["fence"].get<std::uint64_t>(), lock["fence"].get<std::uint64_t>());
    EXPECT_FALSE(object.contains("holder"));
    EXPECT_TRUE(clean("a"));
    EXPECT_EQ(with_nodes({"extend", "a", lock["token"]}).how, "exit code 1");
    const auto next = acquired("a");
    EXPECT_GT(next["fence"].get<std::uint64_t>(), object["fence"].get<std::uint64_t>());
}

TEST_F(CliBreak, one_line_for_people_with_a_shortened_token) {
    const std::string token = acquired("a")["token"];
    const CliEnd end = with_nodes({"break", "a", "--yes"});
    EXPECT_EQ(end.how, "exit code 0");
    EXPECT_THAT(end.out,
                AllOf(HasSubstr("broke the lock a of " + token.substr(0, 8) + "..."),
                      HasSubstr("5 of 5 nodes"), HasSubstr("; fence "), Not(HasSubstr(token))));
}

TEST_F(CliBreak, a_running_holder_notices) {
    Process run(cli_argv({"run", "a", "--ttl", "3s", "--nodes", joined(uris()), "--", "sh", "-c",
                          "echo ready; exec sleep 60"}),
                cli_options());
    ASSERT_TRUE(run.wait_for_out("ready"));
    ASSERT_EQ(with_nodes({"break", "a", "--yes"}).how, "exit code 0");
    EXPECT_EQ(end_of(run).how, "exit code 74");
    EXPECT_TRUE(clean("a"));
}

TEST_F(CliBreak, without_a_terminal_it_wants_yes) {
    acquired("a");
    const CliEnd end = with_nodes({"break", "a"});
    EXPECT_EQ(end.how, "exit code 64");
    EXPECT_THAT(end.err, HasSubstr("--yes"));
    EXPECT_GE(holding("a"), 3);
}

TEST_F(CliBreak, nobody_holds_it) {
    const CliEnd end = with_nodes({"break", "a", "--yes"});
    EXPECT_EQ(end.how, "exit code 1");
    EXPECT_EQ(end.out, "");
    EXPECT_THAT(end.err, HasSubstr("nobody holds a"));
    EXPECT_EQ(with_nodes({"break", "", "--yes"}).how, "exit code 64");
}

TEST_F(CliBreak, what_a_terminal_shows_and_yes) {
    const std::string token = acquired("a")["token"];
    OnTerminal terminal(cli_argv({"break", "a", "--nodes", joined(uris())}));
    ASSERT_TRUE(terminal.shows("a is held by " + token.substr(0, 8) + "... on 5 of 5 nodes, for "));
    ASSERT_TRUE(terminal.shows("Break it? [y/N] "));
    EXPECT_GE(holding("a"), 3);
    terminal.type("y\n");
    EXPECT_TRUE(terminal.shows("broke the lock a"));
    EXPECT_EQ(terminal.exit_code(), 0);
    EXPECT_TRUE(clean("a"));
}

TEST_F(CliBreak, no_is_what_everything_else_means) {
    acquired("a");
    for (const char* answer : {"n\n", "\n", "maybe\n", "\x04"}) {
        OnTerminal terminal(cli_argv({"break", "a", "--nodes", joined(uris())}));
        ASSERT_TRUE(terminal.shows("[y/N] "));
        terminal.type(answer);
        EXPECT_TRUE(terminal.shows("nothing was deleted"));
        EXPECT_EQ(terminal.exit_code(), 1);
    }
    EXPECT_GE(holding("a"), 3);
}

TEST_F(CliBreak, a_holder_that_came_meanwhile_is_not_touched) {
    const std::string token = acquired("a")["token"];
    OnTerminal terminal(cli_argv({"break", "a", "--nodes", joined(uris())}));
    ASSERT_TRUE(terminal.shows("[y/N] "));
    ASSERT_EQ(with_nodes({"release", "a", token}).how, "exit code 0");
    ASSERT_TRUE(clean("a"));
    const std::string next = acquired("a")["token"];
    terminal.type("y\n");
    EXPECT_TRUE(terminal.shows("the holder has changed"));
    EXPECT_TRUE(terminal.shows(next.substr(0, 8)));
    EXPECT_EQ(terminal.exit_code(), 1);
    for (int i = 0; i < kNodes; ++i) EXPECT_EQ(server(i).command({"GET", "a"}), next);
}

TEST_F(CliBreak, a_key_without_an_end) {
    for (int i = 0; i < kNodes; ++i) set_by_hand(i, "a", kStranger);
    const CliEnd end = with_nodes({"break", "a", "--yes", "--json"});
    EXPECT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_TRUE(end.json()["remaining_ms"].is_null());
    EXPECT_TRUE(clean("a"));
}

TEST_F(CliBreak, what_another_program_made_is_left_to_a_person) {
    for (int i = 0; i < kNodes; ++i) set_by_hand(i, "a", "made by hand");
    const CliEnd end = with_nodes({"break", "a", "--yes"});
    EXPECT_EQ(end.how, "exit code 64");
    EXPECT_THAT(end.err, AllOf(HasSubstr("no token of quorumlock's"), HasSubstr("by hand")));
    EXPECT_EQ(holding("a"), 5);
}

TEST_F(CliBreak, several_tokens_without_a_quorum) {
    const std::string other(32, 'b');
    set_by_hand(0, "a", kStranger);
    set_by_hand(1, "a", kStranger);
    set_by_hand(2, "a", other);
    const CliEnd end = with_nodes({"break", "a", "--yes"});
    EXPECT_EQ(end.how, "exit code 1");
    EXPECT_THAT(end.err, AllOf(HasSubstr(kStranger + " on 2"), HasSubstr(other + " on 1"),
                               HasSubstr("--token")));
    EXPECT_EQ(holding("a"), 3);
    const CliEnd broken = with_nodes({"break", "a", "--yes", "--token", kStranger, "--json"});
    EXPECT_EQ(broken.how, "exit code 0") << broken.err;
    EXPECT_EQ(broken.json()["votes"], 2);
    EXPECT_EQ(holding("a"), 1);
    EXPECT_EQ(server(2).command({"GET", "a"}), other);
    EXPECT_EQ(with_nodes({"break", "a", "--yes", "--token", kStranger}).how, "exit code 1");
}

TEST_F(CliBreak, who_did_it_is_told_to_people_machines_and_telemetry) {
    acquired("a");
    const CliEnd people = cli({"--nodes", joined(uris()), "break", "a", "--yes"},
                              {{"SUDO_USER", "joe"}, {"USER", "root"}});
    EXPECT_THAT(people.out, HasSubstr(" by joe@"));
    const std::string token = acquired("a")["token"];
    const OtlpReceiver receiver;
    const std::string base = "http://127.0.0.1:" + std::to_string(receiver.port());
    const CliEnd end =
        cli({"--nodes", joined(uris()), "break", "a", "--yes", "--json", "--by", "ann, on call"},
            {{"OTEL_EXPORTER_OTLP_ENDPOINT", base}});
    EXPECT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_EQ(end.err, "");
    EXPECT_EQ(end.json()["by"], "ann, on call");
    std::string all;
    for (const std::string& request : receiver.requests()) all += request;
    EXPECT_THAT(all, AllOf(HasSubstr("DistributedLock.Break"), HasSubstr("lock.broken_by"),
                           HasSubstr("ann, on call"), Not(HasSubstr(token))));
    EXPECT_EQ(with_nodes({"break", "a", "--yes", "--by", std::string(257, 'x')}).how,
              "exit code 64");
}

TEST_F(CliBreak, what_is_left_while_nodes_are_down) {
    acquired("a");
    server(0).kill9();
    server(1).kill9();
    const CliEnd end = with_nodes({"break", "a", "--yes", "--json"});
    EXPECT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_EQ(end.json()["not_asked"].size(), 2U);
    EXPECT_TRUE(clean("a"));
    server(2).kill9();
    EXPECT_EQ(with_nodes({"break", "a", "--yes"}).how, "exit code 69");
}

}  // namespace
}  // namespace quorumlock::testing
