// bench --hold N --renew: many locks held and renewed against real servers.
#include <gtest/gtest.h>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"

namespace quorumlock::testing {
namespace {

class CliHold : public FiveRedis {
  protected:
    std::vector<std::string> args(const std::string& seconds) const {
        return {"--nodes", joined(uris()), "bench",  "--hold",    "300",  "--renew",
                "--ttl",   "6s",           "--json", "--seconds", seconds};
    }
    /// Held for longer than the ttl, so renewed; all given back.
    void expect_clean(const CliEnd& end) {
        EXPECT_EQ(end.how, "exit code 0") << end.err;
        EXPECT_EQ(end.err, "");
        const auto report = end.json();
        EXPECT_EQ(report["locks"], 300);
        EXPECT_EQ(report["lost"], 0);
        EXPECT_EQ(report["errors"], 0);
        EXPECT_EQ(report["clean"], true);
        EXPECT_GE(report["seconds"], 7.0);
        EXPECT_GT(report["bytes_per_lock"], 0);
        EXPECT_GT(report["cpu_percent"], 0.0);
        EXPECT_GT(report["acquire_seconds"], 0.0);
        EXPECT_TRUE(clean("bench:hold:0"));
        EXPECT_TRUE(clean("bench:hold:299"));
    }
};

TEST_F(CliHold, renewed_locks_outlive_their_ttl) { expect_clean(cli(args("7"))); }

TEST_F(CliHold, a_frozen_node_costs_no_lock) {
    Process bench(cli_argv(args("7")), cli_options());
    ASSERT_TRUE(eventually([&] { return holding("bench:hold:299") >= 3; }));
    server(1).freeze();
    const CliEnd end = end_of(bench);
    server(1).resume();
    expect_clean(end);
}

TEST_F(CliHold, a_lost_lock_is_no_clean_run) {
    Process bench(cli_argv(args("7")), cli_options());
    ASSERT_TRUE(eventually([&] { return holding("bench:hold:299") >= 3; }));
    for (int i = 0; i < kNodes; ++i) (void)server(i).command({"DEL", "bench:hold:7"});
    const CliEnd end = end_of(bench);
    EXPECT_EQ(end.how, "exit code 69") << end.err;
    EXPECT_EQ(end.json()["lost"], 1);
    EXPECT_EQ(end.json()["clean"], false);
}

TEST_F(CliHold, renew_goes_with_hold_alone) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{"--renew"},
                                                 {"--renew", "--hold", "1", "--workers", "2"},
                                                 {"--renew", "--hold", "1", "--contended"}}) {
        std::vector<std::string> args{"--nodes", joined(uris()), "bench"};
        args.insert(args.end(), more.begin(), more.end());
        EXPECT_EQ(cli(args).how, "exit code 64");
    }
}

}  // namespace
}  // namespace quorumlock::testing
