// What `bench --contended` says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iterator>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"

namespace quorumlock::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliBench : public FiveRedis {
  protected:
    CliEnd contended(std::vector<std::string> more, const std::string& nodes) const {
        std::vector<std::string> args{"bench", "--contended", "--warmup", "5", "--nodes", nodes};
        args.insert(args.end(), more.begin(), more.end());
        return cli(args);
    }
    CliEnd contended(std::vector<std::string> more) const {
        return contended(std::move(more), joined(uris()));
    }
};

void expect_waits(const nlohmann::json& said) {
    EXPECT_EQ(said["clean"], true);
    EXPECT_EQ(said["errors"], 0);
    EXPECT_GT(said["throughput"], 0);
    EXPECT_GT(said["wait_p50_us"], 0);
    EXPECT_GE(said["wait_p99_us"], said["wait_p50_us"]);
    EXPECT_GE(said["wait_p999_us"], said["wait_p99_us"]);
    EXPECT_GE(said["wait_max_us"], said["wait_p999_us"]);
    EXPECT_LE(said["wait_p50_us"], said["p50_us"]) << "the grant comes before the release";
}

TEST_F(CliBench, one_process_tells_waits_and_commands) {
    const CliEnd end = contended({"--workers", "4", "--cycles", "40", "--json"});
    ASSERT_EQ(end.how, "exit code 0") << end.err;
    const auto said = end.json();
    expect_waits(said);
    EXPECT_EQ(said["mode"], "async contended");
    EXPECT_EQ(said["cycles"], 40);
    EXPECT_EQ(said["fair_share_min"], 1);
    // Handed over it is one, acquired and released two.
    EXPECT_GT(said["commands_per_node_per_acquisition"], 0.5);
    EXPECT_LT(said["commands_per_node_per_acquisition"], 4);
}

TEST_F(CliBench, processes_count_over_the_same_seconds) {
    const CliEnd end =
        contended({"--processes", "3", "--workers", "2", "--seconds", "1", "--json"});
    ASSERT_EQ(end.how, "exit code 0") << end.err;
    const auto said = end.json();
    expect_waits(said);
    EXPECT_EQ(said["mode"], "processes contended");
    EXPECT_EQ(said["seconds"], 1.0) << "not the longest of each process's own";
    EXPECT_GT(said["fair_share_min"], 0);
    EXPECT_LE(said["fair_share_min"], 1);
    EXPECT_GT(said["commands_per_node_per_acquisition"], 0.5);
}

TEST_F(CliBench, threads_tell_the_same) {
    const CliEnd end = contended({"--threads", "3", "--cycles", "30", "--json"});
    ASSERT_EQ(end.how, "exit code 0") << end.err;
    expect_waits(end.json());
    EXPECT_EQ(end.json()["mode"], "threads contended");
}

TEST_F(CliBench, people_are_told_in_lines) {
    const CliEnd end = contended({"--workers", "2", "--cycles", "20"});
    EXPECT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_THAT(end.out, HasSubstr("\nwait for the lock:    p50 "));
    EXPECT_THAT(end.out, HasSubstr("\nfairness:             the process that got least got 1.00"));
    EXPECT_THAT(end.out, HasSubstr(" per node and acquisition\n"));
    EXPECT_THAT(cli({"bench", "--cycles", "20", "--json", "--nodes", joined(uris())}).out,
                Not(HasSubstr("wait_p50_us")));
}

TEST_F(CliBench, nodes_that_do_not_count_tell_no_commands) {
    const CliEnd end = contended({"--workers", "2", "--cycles", "20", "--json"}, "memory:");
    ASSERT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_EQ(end.json()["commands_per_node_per_acquisition"], 0);
}

TEST_F(CliBench, a_run_without_a_quorum_ends_and_is_not_clean) {
    for (int i = 0; i < 3; ++i) server(i).kill9();
    const CliEnd end =
        contended({"--processes", "2", "--wait", "100ms", "--seconds", "0.2", "--json"});
    EXPECT_EQ(end.how, "exit code 69");
    EXPECT_EQ(end.json()["clean"], false);
}

// The other would wait for it for ever.
TEST_F(CliBench, a_process_that_dies_ends_the_run_unclean) {
    Process bench(cli_argv({"bench", "--contended", "--processes", "2", "--warmup", "1000000000",
                            "--json", "--nodes", joined(uris())}),
                  cli_options());
    const std::string pid = std::to_string(bench.pid());
    std::vector<pid_t> children;
    ASSERT_TRUE(eventually([&] {
        std::ifstream file("/proc/" + pid + "/task/" + pid + "/children");
        children.assign(std::istream_iterator<pid_t>(file), {});
        return children.size() == 2;
    }));
    ::kill(children[0], SIGKILL);
    const CliEnd end = end_of(bench);
    EXPECT_EQ(end.how, "exit code 69") << end.err;
    EXPECT_EQ(end.json()["clean"], false) << end.out;
}

}  // namespace
}  // namespace quorumlock::testing
