// cluster: up, status and down touch what is theirs and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/integration/cli_program.h"
#include "tests/support/free_port.h"
#include "tests/support/redis_server.h"

namespace quorumlock::testing {
namespace {

using ::testing::HasSubstr;

class CliCluster : public ::testing::Test {
  protected:
    ~CliCluster() override { (void)cluster("down"); }

    CliEnd cluster(const std::string& verb, std::vector<std::string> flags = {}) const {
        flags.insert(flags.begin(), {"cluster", verb, "--dir", dir_.file("c")});
        return cli(flags);
    }
    CliEnd up(int count = 1) const {
        return cluster("up", {"--count", std::to_string(count), "--port", std::to_string(port_)});
    }

    const TempDir dir_;
    const std::uint16_t port_ = free_port();
};

TEST_F(CliCluster, up_starts_servers_that_locks_work_on) {
    const CliEnd end = up(2);
    ASSERT_EQ(end.how, "exit code 0") << end.err;
    const std::string line = end.json()["export"];
    EXPECT_THAT(line, HasSubstr("export QUORUMLOCK_NODES=redis://127.0.0.1:"));
    const std::string nodes = line.substr(line.find('=') + 1);
    EXPECT_EQ(cli({"acquire", "x"}, {{"QUORUMLOCK_NODES", nodes}}).how, "exit code 0");
    EXPECT_EQ(cluster("status").how, "exit code 0");
}

TEST_F(CliCluster, up_twice_leaves_what_runs_alone) {
    const auto first = up().json();
    const auto second = up().json();
    EXPECT_EQ(first, second);
    EXPECT_GT(first["nodes"][0]["pid"], 1);
}

TEST_F(CliCluster, down_ends_them_and_leaves_nothing) {
    const pid_t pid = up().json()["nodes"][0]["pid"];
    EXPECT_EQ(cluster("down").json()["ended"].size(), 1U);
    EXPECT_TRUE(is_gone(pid));
    EXPECT_EQ(::access(dir_.file("c").c_str(), F_OK), -1);
    EXPECT_EQ(cluster("down").how, "exit code 0");
    EXPECT_EQ(cluster("status").how, "exit code 69");
}

TEST_F(CliCluster, down_spares_a_stranger_whose_number_is_in_the_file) {
    const RedisServer stranger;
    const pid_t pid = up().json()["nodes"][0]["pid"];
    const std::string file = dir_.file("c/" + std::to_string(port_) + "/redis.pid");
    std::ofstream(file) << stranger.pid() << "\n";
    EXPECT_EQ(cluster("down").json()["ended"].size(), 0U);
    EXPECT_FALSE(is_gone(stranger.pid()));
    EXPECT_EQ(stranger.command({"PING"}), "PONG");
    ::kill(pid, SIGKILL);
    EXPECT_TRUE(is_gone_within(pid, std::chrono::seconds(5)));
}

TEST_F(CliCluster, a_port_in_use_is_told_and_what_was_started_is_ended) {
    const RedisServer stranger;
    const CliEnd end = cluster("up", {"--count", "1", "--port", std::to_string(stranger.port())});
    EXPECT_EQ(end.how, "exit code 69");
    EXPECT_EQ(end.lines_of_err(), 1U);
    EXPECT_THAT(end.err, HasSubstr(std::to_string(stranger.port())));
    EXPECT_THAT(end.err, HasSubstr("in use"));
    EXPECT_EQ(::access(dir_.file("c").c_str(), F_OK), -1);
}

TEST_F(CliCluster, a_missing_redis_server_is_told_in_one_line) {
    const CliEnd end = cli(
        {"cluster", "up", "--count", "1", "--port", std::to_string(port_), "--dir", dir_.file("c")},
        {{"PATH", "/nowhere"}});
    EXPECT_EQ(end.how, "exit code 69");
    EXPECT_EQ(end.lines_of_err(), 1U);
    EXPECT_THAT(end.err, HasSubstr("not installed"));
}

}  // namespace
}  // namespace quorumlock::testing
