// Wrong usage: exit code 64 and one line that names the option and the bound.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/cli_program.h"

namespace quorumlock::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Wrong {
    std::string name;
    std::vector<std::string> args;
    std::string names;  ///< What the line must contain.
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class CliUsage : public ::testing::TestWithParam<Wrong> {};

TEST_P(CliUsage, is_one_line_and_exit_code_64) {
    const CliEnd end = cli(GetParam().args);
    EXPECT_EQ(end.how, "exit code 64");
    EXPECT_EQ(end.out, "");
    EXPECT_EQ(end.lines_of_err(), 1U) << end.err;
    EXPECT_THAT(end.err, StartsWith("quorumlock: "));
    EXPECT_THAT(end.err, HasSubstr(GetParam().names));
}

TEST_P(CliUsage, is_one_json_object_with_json) {
    std::vector<std::string> args{"--json"};
    args.insert(args.end(), GetParam().args.begin(), GetParam().args.end());
    const CliEnd end = cli(args);
    EXPECT_EQ(end.how, "exit code 64");
    const auto object = nlohmann::json::parse(end.err, nullptr, false);
    ASSERT_TRUE(object.is_object()) << end.err;
    EXPECT_EQ(object["exit_code"], 64);
    EXPECT_THAT(object["message"].get<std::string>(), HasSubstr(GetParam().names));
}

const std::string kLong(5000, 'x');

INSTANTIATE_TEST_SUITE_P(
    , CliUsage,
    ::testing::Values(
        Wrong{"no_verb", {}, "no verb"}, Wrong{"unknown_verb", {"grab", "x"}, "grab"},
        Wrong{"no_resource", {"acquire", "--nodes", "memory:"}, "RESOURCE"},
        Wrong{"empty_resource", {"acquire", "", "--nodes", "memory:"}, "1 to 4096 bytes"},
        Wrong{"long_resource", {"acquire", kLong, "--nodes", "memory:"}, "5000 bytes"},
        Wrong{"long_resource_of_run", {"run", kLong, "--nodes", "memory:", "--", "true"}, "5000"},
        Wrong{"long_resource_to_inspect", {"inspect", kLong, "--nodes", "memory:"}, "5000 bytes"},
        Wrong{"ttl_zero", {"acquire", "x", "--ttl", "0", "--nodes", "memory:"}, "10ms to 60s"},
        Wrong{"ttl_negative", {"acquire", "x", "--ttl", "-1s", "--nodes", "memory:"}, "--ttl: -1s"},
        Wrong{"ttl_short", {"acquire", "x", "--ttl", "9ms", "--nodes", "memory:"}, "10ms to 60s"},
        Wrong{"ttl_above_max_ttl",
              {"acquire", "x", "--ttl", "6s", "--max-ttl", "5s", "--nodes", "memory:"},
              "10ms to 5s"},
        Wrong{"ttl_without_unit", {"acquire", "x", "--ttl", "5", "--nodes", "memory:"}, "unit"},
        Wrong{"ttl_in_parsecs",
              {"acquire", "x", "--ttl", "5 parsecs", "--nodes", "memory:"},
              "--ttl: 5 parsecs"},
        Wrong{"ttl_that_overflows",
              {"acquire", "x", "--ttl", "99999999999999999999999h", "--nodes", "memory:"},
              "out of bounds"},
        Wrong{"empty_value", {"acquire", "x", "--ttl=", "--nodes", "memory:"}, "--ttl="},
        Wrong{"wait_of_years", {"acquire", "x", "--wait", "9000h", "--nodes", "memory:"}, "--wait"},
        Wrong{"max_ttl_of_days", {"nodes", "--max-ttl", "25h", "--nodes", "memory:"}, "24h"},
        Wrong{"restart_guard",
              {"nodes", "--restart-guard", "on", "--nodes", "memory:"},
              "--restart-guard: on is none of auto, strict, off"},
        Wrong{"fence_retention",
              {"nodes", "--fence-retention", "1s", "--nodes", "memory:"},
              "--fence-retention: 1s is out of bounds: 0, or 2m to 8760h"},
        Wrong{"fence_retention_of_max_ttl",
              {"nodes", "--fence-retention", "3m", "--max-ttl", "2m", "--nodes", "memory:"},
              "--fence-retention: 3m is out of bounds: 0, or 4m to 8760h"},
        Wrong{"fence_retention_of_years",
              {"nodes", "--fence-retention", "8761h", "--nodes", "memory:"},
              "to 8760h"},
        Wrong{"drift_factor", {"nodes", "--drift-factor", "0.6", "--nodes", "memory:"}, "0 to 0.5"},
        Wrong{"backlog", {"nodes", "--max-backlog", "15", "--nodes", "memory:"}, "16 to 1000000"},
        Wrong{"client_name", {"nodes", "--client-name", "a b", "--nodes", "memory:"}, "ASCII"},
        Wrong{"no_nodes", {"acquire", "x"}, "QUORUMLOCK_NODES"},
        Wrong{"empty_uri", {"acquire", "x", "--nodes", "memory:,"}, "--nodes"},
        Wrong{"uri_without_host", {"acquire", "x", "--nodes", "redis://"}, "host"},
        Wrong{"unknown_scheme", {"acquire", "x", "--nodes", "http://a"}, "scheme"},
        Wrong{"port_zero", {"acquire", "x", "--nodes", "redis://a:0"}, "1..65535"},
        Wrong{"port_too_large", {"acquire", "x", "--nodes", "redis://a:70000"}, "1..65535"},
        Wrong{"one_uri_twice", {"acquire", "x", "--nodes", "redis://a,redis://a:6379"}, "twice"},
        Wrong{"unknown_option", {"acquire", "x", "--bogus", "--nodes", "memory:"}, "--bogus"},
        Wrong{"token_not_hex", {"release", "x", "TOKEN", "--nodes", "memory:"}, "token"},
        Wrong{"run_without_command", {"run", "x", "--nodes", "memory:"}, "-- COMMAND"},
        Wrong{
            "run_with_nothing_behind_dashes", {"run", "x", "--nodes", "memory:", "--"}, "COMMAND"},
        Wrong{"kill_after",
              {"run", "x", "--ttl", "10s", "--kill-after", "6s", "--nodes", "memory:", "--", "a"},
              "0 to 5s"},
        Wrong{"conflict_exit_code", {"nodes", "--conflict-exit-code", "0"}, "--conflict-exit-code"},
        Wrong{"config_missing", {"nodes", "--config", "/nowhere/x.json"}, "/nowhere/x.json"},
        Wrong{"config_endless", {"nodes", "--config", "/dev/zero"}, "larger than 1 MiB"},
        Wrong{"cluster_count", {"cluster", "up", "--count", "0"}, "--count"}),
    [](const auto& wrong) { return wrong.param.name; });

TEST(Cli, prints_help_and_version_with_exit_code_0) {
    for (const std::string verb :
         {"run", "acquire", "extend", "release", "inspect", "nodes", "bench", "cluster"}) {
        const CliEnd end = cli({verb, "--help"});
        EXPECT_EQ(end.how, "exit code 0") << verb;
        EXPECT_EQ(end.err, "");
        EXPECT_THAT(end.out, HasSubstr("Usage: quorumlock " + verb));
    }
    EXPECT_THAT(cli({"--help"}).out, HasSubstr("Exit codes: 0 done"));
    EXPECT_THAT(cli({"--version"}).out, StartsWith("quorumlock "));
}

TEST(Cli, never_shows_a_password_that_stands_in_the_wrong_place) {
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"nodes", "redis://u:hush@h"},
          {"nodes", "--nodes", "redis://u:hush@h:0"},
          {"nodes", "--nodes", "redis://u:hush@h,redis://v:hush@h"},
          {"nodes", "--nodes", "nodis://u:hush@h"}}) {
        const CliEnd end = cli(args);
        EXPECT_EQ(end.how, "exit code 64");
        EXPECT_THAT(end.err, Not(HasSubstr("hush")));
    }
}

TEST(Cli, takes_global_flags_before_and_behind_the_verb_and_a_verb_as_resource) {
    EXPECT_EQ(cli({"--nodes", "memory:", "acquire", "run"}).json()["resource"], "run");
    EXPECT_EQ(cli({"acquire", "acquire", "--nodes", "memory:"}).json()["resource"], "acquire");
    EXPECT_EQ(cli({"acquire", "--nodes=memory:", "--", "--x"}).json()["resource"], "--x");
    EXPECT_EQ(cli({"acquire", "[a,b]", "--nodes", "memory:"}).json()["resource"], "[a,b]");
    EXPECT_EQ(cli({"--no-fence", "acquire", "x", "--nodes", "memory:"}).how, "exit code 0");
}

TEST(Cli, tells_a_name_that_is_not_utf8_as_base64) {
    const auto object = cli({"acquire", "a\xff\xfe", "--nodes", "memory:"}).json();
    EXPECT_EQ(object["resource_base64"], "Yf/+");
    EXPECT_FALSE(object.contains("resource"));
}

TEST(Cli, takes_nodes_from_flag_before_environment_before_file) {
    const TempDir dir;
    const std::string file =
        dir.write("c.json", R"({"nodes": ["memory:?name=file"], "max_ttl": "5s"})");
    const auto label = [](const CliEnd& end) { return end.json()["nodes"].at(0); };
    EXPECT_EQ(label(cli({"acquire", "x", "--config", file})), "file");
    const std::map<std::string, std::string> set{{"QUORUMLOCK_NODES", "memory:?name=env"}};
    EXPECT_EQ(label(cli({"acquire", "x", "--config", file}, set)), "env");
    EXPECT_EQ(label(cli({"acquire", "x", "--config", file, "--nodes", "memory:?name=flag"}, set)),
              "flag");
    EXPECT_THAT(cli({"acquire", "x", "--ttl", "6s", "--config", file}).err, HasSubstr("5s"));
    const CliEnd longer = cli({"acquire", "x", "--ttl", "6s", "--config", file, "--max-ttl", "7s"});
    EXPECT_EQ(longer.how, "exit code 0") << longer.err;
}

TEST(Cli, judges_the_fence_retention_by_the_max_ttl_that_goes_wherever_either_stands) {
    const TempDir dir;
    const std::string file = dir.write("c.json", R"({"nodes": ["memory:"], "fence_retention": "20s",
                                "max_ttl": "10s", "restart_guard": "strict"})");
    EXPECT_EQ(cli({"nodes", "--config", file}).how, "exit code 0");
    EXPECT_THAT(cli({"nodes", "--config", file, "--max-ttl", "11s"}).err,
                HasSubstr("fence_retention: 20s is out of bounds: 0, or 22s"));
    EXPECT_EQ(cli({"nodes", "--config", file, "--max-ttl", "11s", "--fence-retention", "22s"}).how,
              "exit code 0");
}

TEST(Cli, names_the_key_of_a_configuration_file_that_is_wrong) {
    const TempDir dir;
    const std::map<std::string, std::string> files{
        {"[]", "JSON object"},
        {"{", "JSON object"},
        {R"({"nodes": "redis://:hush@h"})", "nodes"},
        {R"({"nodes": ["memory:"], "max_tttl": 1})", "max_tttl"},
        {R"({"nodes": ["memory:"], "max_ttl": "1"})", "max_ttl: 1"},
        {R"({"nodes": ["memory:"], "max_ttl": []})", "max_ttl"},
        {R"({"nodes": ["memory:"], "restart_guard": "on"})", "restart_guard: on"},
        {R"({"nodes": ["memory:"], "fence_retention": "9s"})", "fence_retention: 9s"}};
    for (const auto& [content, names] : files) {
        const CliEnd end = cli({"nodes", "--config", dir.write("c.json", content)});
        EXPECT_EQ(end.how, "exit code 64") << content;
        EXPECT_EQ(end.lines_of_err(), 1U) << end.err;
        EXPECT_THAT(end.err, HasSubstr(names));
        EXPECT_THAT(end.err, Not(HasSubstr("hush")));
    }
}

}  // namespace
}  // namespace quorumlock::testing
