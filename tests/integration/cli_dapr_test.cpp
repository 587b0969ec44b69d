// The command over a Dapr sidecar.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/integration/cli_program.h"
#include "tests/support/dapr_sidecar.h"
#include "tests/support/redis_server.h"

namespace quorumlock::testing {
namespace {

using ::testing::HasSubstr;

class CliDapr : public ::testing::Test {
  protected:
    void SetUp() override {
        QL_NEEDS_SIDECAR();
        redis_ = std::make_unique<RedisServer>();
        DaprOptions options;
        options.redis_port = redis_->port();
        sidecar_ = std::make_unique<DaprSidecar>(options);
    }
    std::vector<std::string> with_nodes(std::vector<std::string> args) const {
        args.insert(args.begin(), {"--nodes", sidecar_->uri()});
        return args;
    }

    std::unique_ptr<RedisServer> redis_;
    std::unique_ptr<DaprSidecar> sidecar_;
};

TEST_F(CliDapr, run_holds_the_lock_and_a_second_one_is_contended) {
    Process first(cli_argv(with_nodes({"run", "job", "--", "sh", "-c", "echo in; sleep 60"})),
                  cli_options());
    ASSERT_TRUE(first.wait_for_out("in"));
    EXPECT_EQ(first.err(),
              "quorumlock: run: these nodes cannot extend a lease: the command has 30s (--ttl)\n");
    const CliEnd second = cli(with_nodes({"run", "job", "--", "echo", "no"}));
    EXPECT_EQ(second.how, "exit code 75");
    EXPECT_EQ(second.out, "");
    EXPECT_THAT(second.err, HasSubstr("held by another"));
    first.signal(SIGTERM);
    EXPECT_EQ(end_of(first).how, "exit code 143");
    EXPECT_EQ(redis_->dbsize(), "0");
    EXPECT_EQ(cli(with_nodes({"run", "job", "--", "sh", "-c", "exit 7"})).how, "exit code 7");
}

TEST_F(CliDapr, run_ends_the_command_before_its_one_lease_does) {
    const CliEnd end =
        cli(with_nodes({"run", "job", "--ttl", "2s", "--kill-after", "1s", "--", "sh", "-c",
                        "trap 'echo asked; exit 0' TERM; sleep 60 & wait"}));
    EXPECT_EQ(end.how, "exit code 74");
    EXPECT_EQ(end.out, "asked\n");
    EXPECT_EQ(redis_->dbsize(), "0");
}

TEST_F(CliDapr, redis_killed_behind_it_is_69_with_the_sidecars_words) {
    redis_->kill9();
    const CliEnd end = cli(with_nodes({"run", "job", "--", "echo", "no"}));
    EXPECT_EQ(end.how, "exit code 69");
    EXPECT_EQ(end.out, "");
    EXPECT_THAT(end.err, HasSubstr("500 ERR_TRY_LOCK: failed to try acquiring lock: dial tcp"));
}

TEST_F(CliDapr, acquire_and_release_by_token) {
    const CliEnd got = cli(with_nodes({"acquire", "job", "--ttl", "30s"}));
    ASSERT_EQ(got.how, "exit code 0") << got.err;
    const std::string token = got.json()["token"];
    EXPECT_EQ(cli(with_nodes({"release", "job", token})).how, "exit code 0");
    EXPECT_EQ(cli(with_nodes({"release", "job", token})).how, "exit code 1");
    const CliEnd extended = cli(with_nodes({"extend", "job", token}));
    EXPECT_EQ(extended.how, "exit code 64");
    EXPECT_EQ(extended.err, "quorumlock: extend: a dapr node cannot extend a lease\n");
    EXPECT_EQ(cli(with_nodes({"inspect", "job"})).how, "exit code 64");
}

TEST_F(CliDapr, nodes_names_the_application_and_warns_of_a_second_one) {
    const CliEnd one = cli(with_nodes({"nodes"}));
    EXPECT_EQ(one.how, "exit code 0");
    EXPECT_THAT(one.out, HasSubstr("app-id tests"));
    EXPECT_EQ(one.err, "");
    DaprOptions options;
    options.redis_port = redis_->port();
    options.app_id = "another";
    DaprSidecar another(options);
    const std::string both =
        sidecar_->uri("?independent=yes") + "," + another.uri("?independent=yes");
    const CliEnd two = cli({"--nodes", both, "nodes"});
    EXPECT_EQ(two.how, "exit code 0");
    EXPECT_THAT(two.err,
                HasSubstr("warning: the sidecars " + sidecar_->label() + " (app-id tests) and " +
                          another.label() + " (app-id another) do not exclude each other"));
    EXPECT_EQ(cli({"--nodes", both, "nodes", "--json"}).json()["nodes"][1]["app_id"], "another");
}

}  // namespace
}  // namespace quorumlock::testing
