// run: a command as it behaves without us, and never longer than the lock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/integration/cli_program.h"

namespace quorumlock::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::vector<std::string> run_argv(std::vector<std::string> flags,
                                  const std::vector<std::string>& command) {
    flags.insert(flags.begin(), {"run", "x", "--nodes", "memory:"});
    flags.emplace_back("--");
    flags.insert(flags.end(), command.begin(), command.end());
    return cli_argv(flags);
}

std::vector<std::string> run_sh(const std::string& script, std::vector<std::string> flags = {}) {
    return run_argv(std::move(flags), {"sh", "-c", script});
}

CliEnd ran(const std::vector<std::string>& argv) {
    Process process(argv, cli_options());
    return end_of(process);
}

TEST(CliRun, exits_with_the_commands_own_code) {
    EXPECT_EQ(ran(run_sh("exit 0")).how, "exit code 0");
    EXPECT_EQ(ran(run_sh("exit 7")).how, "exit code 7");
    EXPECT_EQ(ran(run_sh("exit 255")).how, "exit code 255");
    EXPECT_EQ(ran(run_sh("kill -TERM $$")).how, "exit code 143");
    EXPECT_EQ(ran(run_sh("kill -KILL $$")).how, "exit code 137");
}

TEST(CliRun, tells_what_cannot_be_run_as_a_shell_does) {
    const CliEnd missing = ran(run_argv({}, {"no-such-command"}));
    EXPECT_EQ(missing.how, "exit code 127");
    EXPECT_EQ(missing.err, "quorumlock: run: no-such-command: No such file or directory\n");
    const CliEnd plain = ran(run_argv({}, {"/etc/passwd"}));
    EXPECT_EQ(plain.how, "exit code 126");
    EXPECT_EQ(plain.lines_of_err(), 1U);
}

TEST(CliRun, passes_arguments_and_streams_through_unchanged) {
    ProcessOptions options = cli_options();
    options.input = "from stdin";
    Process process(run_argv({}, {"sh", "-c", "cat; printf '|%s' \"$@\"; echo err >&2", "name",
                                  "[a,b]", "", "--ttl", "--", "a b"}),
                    options);
    const CliEnd end = end_of(process);
    EXPECT_EQ(end.how, "exit code 0");
    EXPECT_EQ(end.out, "from stdin|[a,b]||--ttl|--|a b");
    EXPECT_EQ(end.err, "err\n");
}

TEST(CliRun, tells_the_command_what_it_holds) {
    ProcessOptions options = cli_options({{"QUORUMLOCK_FENCE", "of an outer lock"}});
    Process process(run_sh("echo \"$QUORUMLOCK_RESOURCE ${#QUORUMLOCK_TOKEN} "
                           "${QUORUMLOCK_FENCE-none}\""),
                    options);
    // A memory node counts too.
    EXPECT_THAT(end_of(process).out, MatchesRegex("x 32 [1-9][0-9]*\n"));
}

TEST(CliRun, takes_the_fence_of_an_outer_lock_away_where_there_is_none) {
    ProcessOptions options = cli_options({{"QUORUMLOCK_FENCE", "of an outer lock"}});
    Process process(cli_argv({"--no-fence", "run", "x", "--nodes", "memory:", "--", "sh", "-c",
                              "echo \"${QUORUMLOCK_FENCE-none}\""}),
                    options);
    EXPECT_EQ(end_of(process).out, "none\n");
}

TEST(CliRun, gives_the_command_the_signals_and_descriptors_it_has_without_us) {
    const std::string script =
        "grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '";
    Process plain({"sh", "-c", script}, cli_options());
    const CliEnd without = end_of(plain);
    const CliEnd with = ran(run_sh(script));
    EXPECT_EQ(with.out, without.out);
    EXPECT_THAT(with.out, HasSubstr("SigBlk"));
}

TEST(CliRun, forwards_signals_to_the_command) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH}) {
        const std::string n = std::to_string(number);
        Process process(run_sh("trap 'exit " + n + "' " + n + "; echo ready; sleep 60 & wait"),
                        cli_options());
        ASSERT_TRUE(process.wait_for_out("ready"));
        process.signal(number);
        EXPECT_EQ(end_of(process).how, "exit code " + n);
    }
}

TEST(CliRun, dies_as_the_command_does_when_it_has_no_handler) {
    Process process(run_sh("echo ready; exec sleep 60"), cli_options());
    ASSERT_TRUE(process.wait_for_out("ready"));
    process.signal(SIGTERM);
    EXPECT_EQ(end_of(process).how, "exit code 143");
}

TEST(CliRun, ends_what_the_command_left_running) {
    Process process(run_sh("sleep 60 & echo left $!; exit 5"), cli_options());
    EXPECT_EQ(end_of(process).how, "exit code 5");
    EXPECT_TRUE(is_gone(pid_from(process, "left ")));
}

TEST(CliRun, kills_what_does_not_heed_sigterm_after_kill_after) {
    Process process(run_sh("(trap '' TERM; echo left $(sh -c 'echo $PPID'); while :; do sleep 1; "
                           "done) & sleep 0.2; exit 5",
                           {"--kill-after", "100ms"}),
                    cli_options());
    EXPECT_EQ(end_of(process).how, "exit code 5");
    EXPECT_TRUE(is_gone(pid_from(process, "left ")));
}

TEST(CliRun, ends_command_and_descendants_when_it_is_killed_itself) {
    Process process(run_sh("trap '' TERM HUP; sleep 60 & echo child $!; echo self $$; wait"),
                    cli_options());
    const pid_t child = pid_from(process, "child ");
    const pid_t self = pid_from(process, "self ");
    ASSERT_GT(child, 0);
    ASSERT_GT(self, 0);
    process.signal(SIGKILL);
    EXPECT_EQ(end_of(process).how, "signal 9");
    EXPECT_TRUE(is_gone_within(self, seconds(10)));
    EXPECT_TRUE(is_gone_within(child, seconds(10)));
}

TEST(CliRun, renews_as_long_as_the_command_runs) {
    const CliEnd end = ran(run_sh("sleep 2; echo done", {"--ttl", "1s"}));
    EXPECT_EQ(end.how, "exit code 0") << end.err;
    EXPECT_EQ(end.out, "done\n");
    EXPECT_EQ(end.err, "");
}

TEST(CliRun, asks_the_command_to_end_when_max_hold_is_over) {
    const CliEnd end = ran(run_sh("trap 'echo asked; exit 0' TERM; sleep 60 & wait",
                                  {"--ttl", "2s", "--kill-after", "1s", "--max-hold", "100ms"}));
    EXPECT_EQ(end.how, "exit code 74");
    EXPECT_EQ(end.out, "asked\n");
    EXPECT_THAT(end.err, HasSubstr("not renewed"));
    EXPECT_EQ(end.lines_of_err(), 1U);
}

TEST(CliRun, kills_the_command_at_the_end_of_the_lease_at_the_latest) {
    Process process(run_sh("trap '' TERM; echo self $$; while :; do sleep 1; done",
                           {"--ttl", "400ms", "--max-hold", "100ms"}),
                    cli_options());
    EXPECT_EQ(end_of(process).how, "exit code 74");
    EXPECT_TRUE(is_gone(pid_from(process, "self ")));
}

TEST(CliRun, a_command_does_not_outlive_the_lease_while_run_is_stopped) {
    Process process(run_sh("echo self $$; exec sleep 60", {"--ttl", "400ms"}), cli_options());
    const pid_t self = pid_from(process, "self ");
    ASSERT_GT(self, 0);
    process.signal(SIGSTOP);
    EXPECT_TRUE(is_gone_within(self, seconds(10)));
    process.signal(SIGCONT);
    const CliEnd end = end_of(process);
    EXPECT_EQ(end.how, "exit code 74");
    EXPECT_THAT(end.err, HasSubstr("the lock was lost"));
}

TEST(CliRun, a_short_stop_of_run_does_no_harm) {
    Process process(run_sh("echo ready; sleep 0.5; echo done", {"--ttl", "20s"}), cli_options());
    ASSERT_TRUE(process.wait_for_out("ready"));
    process.signal(SIGSTOP);
    ASSERT_TRUE(process.wait_for_out("done"));
    process.signal(SIGCONT);
    EXPECT_EQ(end_of(process).how, "exit code 0");
}

}  // namespace
}  // namespace quorumlock::testing
