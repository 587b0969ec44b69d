// Passwords stay where they are needed: no verb, on no way that it can go wrong, shows one, and
// neither do the process's arguments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <mutex>

#include <quorumlock/telemetry/logging.h>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"
#include "tests/support/free_port.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// One for each way to give a password. Pieces of them do not stand in any text of ours.
const std::vector<std::string> kSecrets{"Zq1uriZq", "Zq2fileZq", "Zq3envZq"};

::testing::AssertionResult without_secrets(const std::string& text) {
    for (const std::string& secret : kSecrets) {
        if (text.find(secret) != std::string::npos) {
            return ::testing::AssertionFailure() << secret << " stands in: " << text;
        }
    }
    return ::testing::AssertionSuccess();
}

class Secrets : public ::testing::Test {
  protected:
    /// The same place three times, by one way to give a password each.
    std::vector<std::string> nodes_at(const std::vector<std::string>& places) const {
        return {"redis://:" + kSecrets[0] + "@" + places[0],
                "redis://" + places[1] + "?password_file=" + file_,
                "redis://" + places[2] + "?password_env=ZQ_SECRET"};
    }
    CliEnd run(const std::vector<std::string>& args,
               std::map<std::string, std::string> environment = {}) const {
        environment.emplace("ZQ_SECRET", kSecrets[2]);
        return cli(args, std::move(environment));
    }
    /// Every verb that talks to nodes, as text and as JSON. `how`: as `nodes` ends.
    void expect_kept(const std::vector<std::string>& nodes, const std::string& how,
                     const std::string& word) const {
        const std::string token(32, 'a');
        const std::vector<std::vector<std::string>> verbs{
            {"nodes"},
            {"doctor", "--scan-keys", "*"},
            {"acquire", "x"},
            {"extend", "x", token},
            {"inspect", "x"},
            {"break", "x", "--yes"},
            {"release", "x", token},
            {"run", "y", "--", "true"},
            {"bench", "--seconds", "0.02", "--warmup", "0"}};
        for (const auto& verb : verbs) {
            for (const bool json : {false, true}) {
                std::vector<std::string> args{"--nodes", joined(nodes), "--connect-timeout",
                                              "300ms"};
                if (json) args.emplace_back("--json");
                args.insert(args.end(), verb.begin(), verb.end());
                const CliEnd end = run(args);
                EXPECT_TRUE(without_secrets(end.out)) << verb[0];
                EXPECT_TRUE(without_secrets(end.err)) << verb[0];
                if (verb[0] != "nodes") continue;
                EXPECT_EQ(end.how, how);
                EXPECT_THAT(end.out + end.err, HasSubstr(word));
            }
        }
    }
    std::vector<std::unique_ptr<RedisServer>> three(const std::string& line = "") const {
        std::vector<std::unique_ptr<RedisServer>> servers;
        for (const std::string& secret : kSecrets) {
            RedisOptions options;
            if (line.empty()) {
                options.password = secret;
            } else {
                options.config = {line};
            }
            servers.push_back(std::make_unique<RedisServer>(options));
        }
        return servers;
    }
    static std::vector<std::string> places(
        const std::vector<std::unique_ptr<RedisServer>>& servers) {
        std::vector<std::string> all;
        for (const auto& server : servers) all.push_back(server->label());
        return all;
    }

    const TempDir dir_;
    const std::string file_ = dir_.write("password", kSecrets[1] + "\n");
};

TEST_F(Secrets, where_all_is_well) {
    const auto servers = three();
    expect_kept(nodes_at(places(servers)), "exit code 0", "ready");
}

TEST_F(Secrets, where_the_servers_want_another_password) {
    const auto servers = start_servers(3, {.password = "another"});
    expect_kept(nodes_at(places(servers)), "exit code 69", "WRONGPASS");
}

TEST_F(Secrets, where_the_servers_want_none) {
    const auto servers = start_servers(3);
    expect_kept(nodes_at(places(servers)), "exit code 69", "ERR AUTH");
}

TEST_F(Secrets, where_a_server_repeats_what_it_does_not_know) {
    const auto servers = three("rename-command AUTH \"\"");
    expect_kept(nodes_at(places(servers)), "exit code 69", "unknown command");
}

TEST_F(Secrets, where_a_server_sends_back_what_it_gets) {
    Process echo(
        {"python3", "-c",
         "import socket, threading\n"
         "s = socket.create_server(('127.0.0.1', 0))\n"
         "print('port', s.getsockname()[1], flush=True)\n"
         "def echo(c):\n"
         "    while True:\n"
         "        data = c.recv(65536)\n"
         "        if not data: return\n"
         "        c.sendall(b'-' + data[8:] + data)\n"
         "while True:\n"
         "    threading.Thread(target=echo, args=(s.accept()[0],), daemon=True).start()\n"});
    const std::string place = "127.0.0.1:" + std::to_string(pid_from(echo, "port "));
    std::vector<std::string> nodes = nodes_at({place, place, place});
    for (const std::string& node : nodes) expect_kept({node}, "exit code 69", place);
}

TEST_F(Secrets, where_nobody_is) {
    const std::string place = "127.0.0.1:" + std::to_string(free_port());
    for (const std::string& node : nodes_at({place, place, place})) {
        expect_kept({node}, "exit code 69", "refused");
    }
}

TEST_F(Secrets, in_wrong_usage) {
    const std::string secret = kSecrets[0];
    for (const std::string& uri :
         {"redis://:" + secret + "@", "redis://:" + secret + "@host:99999",
          "redis://:" + secret + "@host/x", "redis://:" + secret + "@host:x",
          "redis://:" + secret + "@ho st", "redis://u:" + secret + "@host?nonsense=1",
          "redis://u:" + secret + "@host?name=a&name=b", "http://u:" + secret + "@host",
          "redis://u:" + secret + "%zz@host", "redis://u:" + secret + "@[::1",
          "rediss://:" + secret + "@host", "redis:/:" + secret + "@host", ":" + secret + "@host",
          "redis://u:" + secret + "@host?password_file=/x", "redis://u:" + secret + "/@host",
          "redis://host?password=" + secret, "unix:///s?password=" + secret,
          "redis://u:" + secret + "@a,redis://u:" + secret + "@a"}) {
        for (const std::string verb : {"nodes", "doctor"}) {
            const CliEnd end = run({verb, "--nodes", uri});
            EXPECT_TRUE(without_secrets(end.out + end.err)) << uri;
            const CliEnd json = run({verb, "--json"}, {{"QUORUMLOCK_NODES", uri}});
            EXPECT_TRUE(without_secrets(json.out + json.err)) << uri;
        }
    }
    const std::string uri = "redis://u:" + secret + "@host";
    for (const auto& args :
         std::vector<std::vector<std::string>>{{uri},
                                               {"nodes", uri},
                                               {"--nodes", uri},
                                               {"--nodes", uri, "nodes", "--bogus"},
                                               {"acquire", "--nodes", uri},
                                               {"acquire", "x", "--ttl", uri, "--nodes", uri},
                                               {"nodes", "--config", uri},
                                               {"--nodes=" + uri, "grab"}}) {
        const CliEnd end = run(args);
        EXPECT_EQ(end.how, "exit code 64");
        EXPECT_TRUE(without_secrets(end.out + end.err));
    }
}

TEST_F(Secrets, in_a_configuration_that_is_wrong) {
    const std::string uri = "redis://u:" + kSecrets[0] + "@host";
    for (const std::string& text :
         {"{\"nodes\": [\"" + uri + "\"", "{\"nodes\": \"" + uri + "\"}",
          "{\"nodes\": [\"" + uri + ":x\"]}", "{\"nodez\": [\"" + uri + "\"]}",
          "{\"max_ttl\": \"" + uri + "\"}", "{\"" + uri + "\": 1}", "[\"" + uri + "\"]"}) {
        const CliEnd end = run({"nodes", "--config", dir_.write("c.json", text)});
        EXPECT_EQ(end.how, "exit code 64") << text;
        EXPECT_TRUE(without_secrets(end.out + end.err));
    }
    const CliEnd gone = run({"nodes", "--nodes", "redis://h?password_file=" + dir_.path()});
    EXPECT_TRUE(without_secrets(gone.out + gone.err));
}

TEST_F(Secrets, in_the_arguments_of_the_process_and_when_it_crashes) {
    const auto servers = three();
    const std::vector<std::string> nodes = nodes_at(places(servers));
    Process run(cli_argv({"run", "x", "--nodes=" + joined(nodes), "--nodes", nodes[0] + "/0?name=b",
                          "--restart-guard", "off", "--", "sh", "-c", "echo ready; exec sleep 60"}),
                cli_options({{"ZQ_SECRET", kSecrets[2]}}));
    // Refused, as one is named twice; what matters comes before that.
    ASSERT_EQ(end_of(run).how, "exit code 64") << run.err();
    EXPECT_TRUE(without_secrets(run.out() + run.err()));

    Process held(cli_argv({"run", "x", "--nodes=" + joined(nodes), "--restart-guard", "off", "--",
                           "sh", "-c", "echo ready; exec sleep 60"}),
                 cli_options({{"ZQ_SECRET", kSecrets[2]}}));
    ASSERT_TRUE(held.wait_for_out("ready"));
    std::ifstream file("/proc/" + std::to_string(held.pid()) + "/cmdline");
    const std::string shown{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_THAT(shown, HasSubstr("--nodes=redis://***@" + servers[0]->label() + ",redis://" +
                                 servers[1]->label()));
    EXPECT_THAT(shown, HasSubstr("exec sleep 60"));
    EXPECT_TRUE(without_secrets(shown));
    held.signal(SIGABRT);
    EXPECT_EQ(end_of(held).how, "signal 6");
    EXPECT_TRUE(without_secrets(held.out() + held.err()));
}

TEST_F(Secrets, in_what_an_observer_logs) {
    const auto servers = start_servers(3, {.password = "another"});
    std::mutex mutex;
    std::string lines;
    ServiceOptions options;
    options.observer = std::make_shared<LoggingObserver>(
        [&](LogLevel, std::string_view line) {
            const std::lock_guard guard(mutex);
            lines += line;
            lines += '\n';
        },
        LogOptions{.least = LogLevel::debug, .lines_per_second = 1000});
    const std::vector<std::string> all = nodes_at(places(servers));
    {
        auto service = LockService::open({all[0], all[1]}, options);
        ASSERT_TRUE(service) << text_of(service);
        const auto refused = service->acquire("x").get();
        ASSERT_FALSE(refused);
        EXPECT_TRUE(without_secrets(refused.error().to_string()));
        EXPECT_TRUE(service->close().get());
    }
    EXPECT_THAT(lines, HasSubstr("acquire"));
    EXPECT_TRUE(without_secrets(lines));
}

}  // namespace
}  // namespace quorumlock::testing
