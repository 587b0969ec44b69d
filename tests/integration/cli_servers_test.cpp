// What the command says of servers that are named twice, or have all just started. Rules G1 and G2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"
#include "tests/support/fault_proxy.h"

namespace quorumlock::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CliServers : public ::testing::Test {
  protected:
    /// Whoever wants to lock is told both names, and nothing is written.
    void expect_refused(const std::string& nodes, const std::string& one,
                        const std::string& other) {
        for (const std::vector<std::string>& verb : {std::vector<std::string>{"acquire", "x"},
                                                     {"run", "x", "--", "echo", "ran"},
                                                     {"release", "x", std::string(32, 'a')},
                                                     {"inspect", "x"}}) {
            std::vector<std::string> args{"--nodes", nodes};
            args.insert(args.end(), verb.begin(), verb.end());
            const CliEnd end = cli(args);
            EXPECT_EQ(end.how, "exit code 64") << verb[0];
            EXPECT_EQ(end.out, "") << verb[0];
            EXPECT_THAT(end.err, AllOf(HasSubstr(one), HasSubstr(other))) << verb[0];
        }
        for (const auto& server : servers_) EXPECT_EQ(server->dbsize(), "0");
    }

    const std::vector<std::unique_ptr<RedisServer>> servers_ = start_servers(3);
};

TEST_F(CliServers, the_same_uri_twice_is_refused) {
    const std::string one = servers_[0]->uri();
    expect_refused(joined({one, servers_[1]->uri(), one}), servers_[0]->label(),
                   servers_[0]->label());
}

TEST_F(CliServers, one_server_by_two_names_is_refused_naming_both) {
    const std::string port = std::to_string(servers_[0]->port());
    const std::string nodes =
        joined({"redis://localhost:" + port, "redis://127.0.0.1:" + port, servers_[1]->uri()});
    expect_refused(nodes, "localhost:" + port, "127.0.0.1:" + port);
    // Which can still be looked at.
    EXPECT_THAT(cli({"--nodes", nodes, "nodes"}).out, HasSubstr("is the same server as"));
}

TEST_F(CliServers, a_forwarded_port_of_the_same_server_is_refused_naming_both) {
    const FaultProxy twin(servers_[0]->port());
    expect_refused(joined({servers_[0]->uri(), servers_[1]->uri(), twin.uri()}),
                   servers_[0]->label(), twin.label());
}

TEST_F(CliServers, a_first_start_works_at_once_and_nodes_says_so_once) {
    const std::string nodes = joined(uris_of(servers_));
    EXPECT_EQ(cli({"--nodes", nodes, "acquire", "x"}).how, "exit code 0");
    const CliEnd table = cli({"--nodes", nodes, "nodes"});
    EXPECT_EQ(table.how, "exit code 0");
    EXPECT_EQ(table.lines_of_err(), 1U) << table.err;
    EXPECT_THAT(table.err, HasSubstr("taken for a first start of them all"));
    const auto object = cli({"--nodes", nodes, "nodes", "--json"}).json();
    EXPECT_EQ(object["ready"], 3);
    ASSERT_EQ(object["notices"].size(), 1U);
    const CliEnd strict = cli({"--nodes", nodes, "--restart-guard", "strict", "nodes", "--json"});
    EXPECT_EQ(strict.how, "exit code 69");
    EXPECT_FALSE(strict.json().contains("notices"));
}

}  // namespace
}  // namespace quorumlock::testing
