// run on a terminal: Ctrl-C, Ctrl-Z, fg and reading behave as without us.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cli_program.h"
#include "tests/integration/on_terminal.h"

namespace quorumlock::testing {
namespace {

std::vector<std::string> run_sh(const std::string& script) {
    return cli_argv({"run", "x", "--nodes", "memory:", "--", "sh", "-c", script});
}

/// An interactive shell. Texts to wait for are typed with quotes in them, so that their echo does
/// not count. The command is one process: a shell that Ctrl-Z meets inside vfork does not stop.
std::vector<std::string> shell() { return {"bash", "--norc", "--noprofile", "-i"}; }

std::string run_line(const std::string& script, const std::string& flags = "") {
    return cli_path() + " run x --nodes memory: " + flags + " -- sh -c '" + script + "'\n";
}

TEST(CliTerminal, the_command_reads_from_the_terminal) {
    OnTerminal run(run_sh("read line; echo \"got $line\"; exit 6"));
    run.type("hello\n");
    EXPECT_TRUE(run.shows("got hello"));
    EXPECT_EQ(run.exit_code(), 6);
}

TEST(CliTerminal, ctrl_c_reaches_the_command_once) {
    OnTerminal run(run_sh("trap 'echo asked; exit 9' INT; echo ready; sleep 60 & wait"));
    ASSERT_TRUE(run.shows("ready"));
    run.type("\x03");
    EXPECT_TRUE(run.shows("asked"));
    EXPECT_EQ(run.exit_code(), 9);
}

TEST(CliTerminal, ctrl_c_ends_a_command_without_a_handler) {
    OnTerminal run(run_sh("echo ready; exec sleep 60"));
    ASSERT_TRUE(run.shows("ready"));
    run.type("\x03");
    EXPECT_EQ(run.exit_code(), 130);
}

TEST(CliTerminal, ctrl_z_is_ignored_where_no_shell_could_wake_us) {
    OnTerminal run(run_sh("echo ready; read line; echo \"got $line\""));
    ASSERT_TRUE(run.shows("ready"));
    run.type("\x1a");
    run.type("hello\n");
    EXPECT_TRUE(run.shows("got hello"));
    EXPECT_EQ(run.exit_code(), 0);
}

TEST(CliTerminal, a_shell_stops_and_continues_the_job) {
    OnTerminal bash(shell());
    bash.type(run_line("echo re\"\"ady; read line; echo \"g\"\"ot $line\"; exit 5"));
    ASSERT_TRUE(bash.shows("ready"));
    bash.type("\x1a");
    ASSERT_TRUE(bash.shows("Stopped"));
    bash.type("echo shell\"\" has it\n");
    ASSERT_TRUE(bash.shows("shell has it"));
    bash.type("fg\n");
    ASSERT_TRUE(bash.shows("run x"));
    bash.type("hello\n");
    EXPECT_TRUE(bash.shows("got hello"));
    bash.type("echo co\"\"de $?; exit\n");
    EXPECT_TRUE(bash.shows("code 5"));
}

TEST(CliTerminal, a_job_stopped_past_its_lease_is_told_so_when_it_comes_back) {
    OnTerminal bash(shell());
    bash.type(run_line("echo se\"\"lf $$ .; exec sleep 60", "--ttl 400ms"));
    ASSERT_TRUE(bash.shows("self "));
    bash.type("\x1a");
    ASSERT_TRUE(bash.shows("Stopped"));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    bash.type("fg\n");
    EXPECT_TRUE(bash.shows("the lock was lost"));
    bash.type("echo co\"\"de $?; exit\n");
    EXPECT_TRUE(bash.shows("code 74"));
}

TEST(CliTerminal, a_reader_at_the_end_of_a_pipe_keeps_the_terminal) {
    OnTerminal bash(shell());
    std::string line = run_line("echo re\"\"ady; sleep 1");
    line.pop_back();
    bash.type(line + " | sh -c 'cat; read line < /dev/tty; echo \"g\"\"ot $line\"'\n");
    ASSERT_TRUE(bash.shows("ready"));
    bash.type("hello\n");
    EXPECT_TRUE(bash.shows("got hello"));
    bash.type("exit\n");
}

TEST(CliTerminal, ctrl_c_ends_the_whole_script_that_runs_us) {
    OnTerminal bash(shell());
    std::string line = run_line("echo re\"\"ady; exec sleep 60");
    line.pop_back();
    const TempDir dir;
    const std::string script = dir.write("s", line + "\necho af\"\"terwards\n");
    bash.type("bash " + script + "\n");
    ASSERT_TRUE(bash.shows("ready"));
    bash.type("\x03");
    bash.type("echo co\"\"de $?\n");
    EXPECT_TRUE(bash.shows("code 130"));
    bash.type("exit\n");
}

}  // namespace
}  // namespace quorumlock::testing
