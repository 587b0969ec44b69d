// run against real servers: released at the end, and ended when the lock is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"

namespace quorumlock::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class CliRunLoss : public FiveRedis {
  protected:
    std::vector<std::string> run_sh(const std::string& script,
                                    std::vector<std::string> flags) const {
        flags.insert(flags.begin(), {"run", "x", "--nodes", joined(uris())});
        flags.insert(flags.end(), {"--", "sh", "-c", script});
        return cli_argv(flags);
    }
};

TEST_F(CliRunLoss, holds_while_the_command_runs_and_releases_before_it_exits) {
    Process process(run_sh("echo ready; read line; exit 3", {}), [] {
        ProcessOptions options = cli_options();
        options.input = "go\n";
        return options;
    }());
    EXPECT_EQ(end_of(process).how, "exit code 3");
    EXPECT_EQ(holding("x"), 0);
    Process holder(run_sh("echo ready; exec sleep 60", {}), cli_options());
    ASSERT_TRUE(holder.wait_for_out("ready"));
    EXPECT_EQ(holding("x"), kNodes);
    EXPECT_EQ(cli({"acquire", "x", "--nodes", joined(uris())}).how, "exit code 75");
    holder.signal(SIGTERM);
    EXPECT_EQ(end_of(holder).how, "exit code 143");
    EXPECT_EQ(holding("x"), 0);
}

TEST_F(CliRunLoss, proven_loss_ends_the_command_at_once) {
    Process process(run_sh("trap 'echo asked; exit 0' TERM; echo ready; sleep 60 & wait",
                           {"--ttl", "3s", "--kill-after", "1500ms"}),
                    cli_options());
    ASSERT_TRUE(process.wait_for_out("ready"));
    for (int i = 0; i < 3; ++i) server(i).command({"DEL", "x"});
    const CliEnd end = end_of(process);
    EXPECT_EQ(end.how, "exit code 74");
    EXPECT_EQ(end.out, "ready\nasked\n");
    EXPECT_THAT(end.err, HasSubstr("a quorum of nodes says that it is gone"));
    EXPECT_EQ(holding("x"), 0);
}

TEST_F(CliRunLoss, a_command_that_ignores_sigterm_is_killed_by_the_end_of_the_lease) {
    Process process(run_sh("trap '' TERM; echo self $$; while :; do sleep 1; done",
                           {"--ttl", "2s", "--kill-after", "500ms"}),
                    cli_options());
    const pid_t self = pid_from(process, "self ");
    ASSERT_GT(self, 0);
    for (int i = 0; i < 3; ++i) server(i).freeze();
    const CliEnd end = end_of(process);
    for (int i = 0; i < 3; ++i) server(i).resume();
    EXPECT_EQ(end.how, "exit code 74");
    EXPECT_THAT(end.err, HasSubstr("not renewed"));
    EXPECT_TRUE(is_gone(self));
}

TEST_F(CliRunLoss, renewal_survives_two_frozen_nodes) {
    Process process(run_sh("echo ready; sleep 3; exit 4", {"--ttl", "2s"}), cli_options());
    ASSERT_TRUE(process.wait_for_out("ready"));
    for (int i = 0; i < 2; ++i) server(i).freeze();
    const CliEnd end = end_of(process);
    for (int i = 0; i < 2; ++i) server(i).resume();
    EXPECT_EQ(end.how, "exit code 4") << end.err;
}

TEST_F(CliRunLoss, a_lock_that_is_found_gone_at_the_end_is_a_lost_one) {
    Process process(run_sh("echo ready; sleep 0.5", {"--ttl", "30s"}), cli_options());
    ASSERT_TRUE(process.wait_for_out("ready"));
    for (int i = 0; i < kNodes; ++i) server(i).command({"SET", "x", "stranger"});
    const CliEnd end = end_of(process);
    EXPECT_EQ(end.how, "exit code 74");
    EXPECT_THAT(end.err, HasSubstr("lost while the command ran"));
    EXPECT_EQ(holding("x"), kNodes);
}

}  // namespace
}  // namespace quorumlock::testing
