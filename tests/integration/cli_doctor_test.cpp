// doctor: each deliberately broken set-up is found and named, and nothing else is.
#include "tests/integration/cli_doctor.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/support/free_port.h"

namespace quorumlock::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(CliDoctor, healthy_nodes_are_in_order) {
    const CliEnd end = doctor();
    EXPECT_EQ(end.how, "exit code 0") << end.out;
    EXPECT_EQ(end.err, "");
    EXPECT_THAT(complaints(end), IsEmpty()) << end.out;
    const auto object = end.json();
    EXPECT_EQ(object["exit_code"], 0);
    EXPECT_EQ(object["answered"], 5);
    EXPECT_EQ(object["quorum"], 3);
    ASSERT_EQ(object["nodes"].size(), 5U);
    for (int i = 0; i < kNodes; ++i) {
        const auto& node = object["nodes"][static_cast<std::size_t>(i)];
        EXPECT_EQ(node["node"], server(i).label());
        EXPECT_EQ(node["result"], "ok");
        EXPECT_EQ(node["role"], "master");
        for (const char* check : {"reach", "transport", "role", "version", "writes", "persistence",
                                  "eviction", "memory", "rights"}) {
            (void)said(end, check, "ok", server(i).label());
        }
    }
    for (const char* check : {"quorum", "size", "duplicate", "clock", "drift"}) {
        (void)said(end, check, "ok");
    }
}

TEST_F(CliDoctor, a_table_for_people) {
    server(4).kill9();
    const CliEnd end = cli({"doctor", "--nodes", joined(uris())});
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_EQ(end.err, "");
    EXPECT_THAT(end.out, HasSubstr("NODE"));
    EXPECT_THAT(end.out, HasSubstr("error: " + server(4).label() + ": reach: has no vote: "));
    EXPECT_THAT(end.out, HasSubstr("\n  -> start it, or mend the network"));
    EXPECT_THAT(end.out, HasSubstr("\n1 error, 0 warnings, "));
}

TEST_F(CliDoctor, changes_nothing) {
    ASSERT_EQ(doctor(uris(), {"--resource", "r", "--scan-keys", "*"}).how, "exit code 0");
    for (int i = 0; i < kNodes; ++i) EXPECT_EQ(server(i).dbsize(), "0");
    const std::string set = server(0).command({"SET", "r", "mine", "PX", "60000"});
    ASSERT_EQ(set, "OK");
    ASSERT_EQ(doctor(uris(), {"--resource", "r"}).how, "exit code 0");
    EXPECT_EQ(server(0).command({"GET", "r"}), "mine");
}

TEST_F(CliDoctor, a_dead_node) {
    server(2).kill9();
    const CliEnd end = doctor();
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end), ElementsAre("reach " + server(2).label()));
    EXPECT_THAT(said(end, "reach", "error", server(2).label()), HasSubstr("refused"));
}

TEST_F(CliDoctor, a_frozen_node_is_waited_for_within_its_limit) {
    server(2).freeze();
    const CliEnd end = doctor(uris(), {"--connect-timeout", "300ms"});
    server(2).resume();
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end), ElementsAre("reach " + server(2).label()));
    EXPECT_THAT(said(end, "reach", "error", server(2).label()),
                HasSubstr("no answer within 300 ms"));
}

TEST_F(CliDoctor, no_quorum_is_exit_code_69) {
    for (int i = 0; i < 3; ++i) server(i).kill9();
    const CliEnd end = doctor();
    EXPECT_EQ(end.how, "exit code 69");
    EXPECT_EQ(end.json()["exit_code"], 69);
    EXPECT_THAT(said(end, "quorum", "error"), HasSubstr("2 of 5 nodes answer, 3 are needed"));
}

TEST_F(CliDoctor, one_server_under_two_names) {
    const std::string other = "localhost:" + std::to_string(server(0).port());
    const CliEnd end = doctor(with("redis://" + other));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end), ElementsAre("duplicate " + other));
    EXPECT_THAT(said(end, "duplicate", "error", other),
                AllOf(HasSubstr(server(0).label()), HasSubstr(other)));
}

TEST_F(CliDoctor, one_uri_twice) {
    const CliEnd end = doctor(with(server(0).uri()));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end), ElementsAre("duplicate " + server(0).label()));
}

TEST_F(CliDoctor, an_even_number) {
    std::vector<std::string> four = uris();
    four.pop_back();
    const CliEnd end = doctor(four);
    EXPECT_EQ(end.how, "exit code 1");
    EXPECT_THAT(complaints(end), ElementsAre("size "));
    EXPECT_THAT(said(end, "size", "warning"), HasSubstr("4 nodes survive the loss of 1, as 3 do"));
}

TEST_F(CliDoctor, a_replica_and_its_primary) {
    const RedisServer replica({.replica_of = server(0).port()});
    ASSERT_TRUE(eventually([&] {
        return server(0).command({"INFO", "replication"}).find("state=online") != std::string::npos;
    }));
    const CliEnd end = doctor(with(replica.uri()));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end),
                ElementsAre("role " + server(0).label(), "role " + replica.label()));
    EXPECT_THAT(said(end, "role", "warning", server(0).label()),
                AllOf(HasSubstr("1 replica"), HasSubstr("failover")));
    EXPECT_THAT(said(end, "role", "error", replica.label()),
                HasSubstr("is a replica of 127.0.0.1:" + std::to_string(server(0).port())));
    std::vector<std::string> three = uris();
    three.resize(3);
    EXPECT_EQ(doctor(three).how, "exit code 1");
}

TEST_F(CliDoctor, a_server_of_a_cluster) {
    const RedisServer one({.config = {"cluster-enabled yes"}});
    const CliEnd end = doctor(with(one.uri()));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(said(end, "role", "error", one.label()), HasSubstr("cluster mode"));
}

TEST_F(CliDoctor, eviction) {
    ASSERT_EQ(server(1).command({"CONFIG", "SET", "maxmemory-policy", "volatile-lru"}), "OK");
    CliEnd end = doctor();
    EXPECT_EQ(end.how, "exit code 1");
    EXPECT_THAT(complaints(end), ElementsAre("eviction " + server(1).label()));
    ASSERT_EQ(server(1).command({"CONFIG", "SET", "maxmemory", "100mb"}), "OK");
    end = doctor();
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(said(end, "eviction", "error", server(1).label()),
                AllOf(HasSubstr("volatile-lru"), HasSubstr("throws away locks")));
}

TEST_F(CliDoctor, no_persistence_without_the_guard) {
    const RedisServer second({.config = {"appendonly yes", "appendfsync everysec"}});
    const RedisServer always({.config = {"appendonly yes", "appendfsync always"}});
    const std::vector<std::string> nodes{server(0).uri(), second.uri(), always.uri()};
    const CliEnd end = doctor(nodes, {"--restart-guard", "off"});
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end),
                ElementsAre("persistence " + server(0).label(), "persistence " + second.label()));
    EXPECT_THAT(said(end, "persistence", "error", server(0).label()),
                HasSubstr("no append-only file"));
    EXPECT_THAT(said(end, "persistence", "error", second.label()), HasSubstr("everysec"));
    const CliEnd guarded = doctor(nodes);
    EXPECT_EQ(guarded.how, "exit code 0");
    EXPECT_THAT(said(guarded, "persistence", "ok", server(0).label()), HasSubstr("the guard"));
}

TEST_F(CliDoctor, memory_nearly_used_up_and_used_up) {
    ASSERT_EQ(server(3).command({"SET", "filler", std::string(20'000'000, 'x')}), "OK");
    ASSERT_EQ(server(3).command({"CONFIG", "SET", "maxmemory", "22mb"}), "OK");
    CliEnd end = doctor();
    EXPECT_EQ(end.how, "exit code 1");
    EXPECT_THAT(complaints(end), ElementsAre("memory " + server(3).label()));
    EXPECT_THAT(said(end, "memory", "warning", server(3).label()), HasSubstr("% of maxmemory"));
    ASSERT_EQ(server(3).command({"CONFIG", "SET", "maxmemory", "10mb"}), "OK");
    end = doctor();
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(said(end, "writes", "error", server(3).label()), HasSubstr("OOM"));
}

TEST_F(CliDoctor, a_wrong_password_is_named_and_not_shown) {
    const RedisServer locked({.password = "right"});
    const CliEnd end = doctor(with("redis://:hush-hush@" + locked.label()));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end), ElementsAre("login " + locked.label()));
    EXPECT_THAT(said(end, "login", "error", locked.label()), HasSubstr("WRONGPASS"));
    EXPECT_THAT(end.out, Not(HasSubstr("hush-hush")));
    const CliEnd none = doctor(with("redis://" + locked.label()));
    EXPECT_THAT(said(none, "login", "error", locked.label()), HasSubstr("NOAUTH"));
}

TEST_F(CliDoctor, a_user_without_one_permission) {
    ASSERT_EQ(server(0).command({"ACL", "SETUSER", "default", "-getex"}), "OK");
    const CliEnd end = doctor();
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end), ElementsAre("rights " + server(0).label()));
    EXPECT_THAT(said(end, "rights", "error", server(0).label()),
                AllOf(HasSubstr("lacks +getex"), HasSubstr("no fencing numbers")));
    EXPECT_EQ(doctor(uris(), {"--no-fence"}).how, "exit code 0");
}

TEST_F(CliDoctor, keys_out_of_reach) {
    ASSERT_EQ(server(0).command(
                  {"ACL", "SETUSER", "default", "resetkeys", "~quorumlock:fence:*", "~mine:*"}),
              "OK");
    EXPECT_EQ(doctor(uris(), {"--resource", "mine:a"}).how, "exit code 0");
    const CliEnd other = doctor(uris(), {"--resource", "yours:a"});
    EXPECT_EQ(other.how, "exit code 2");
    EXPECT_THAT(said(other, "rights", "error", server(0).label()), HasSubstr("lacks ~yours:a"));
    ASSERT_EQ(server(0).command({"ACL", "SETUSER", "default", "resetkeys", "~mine:*"}), "OK");
    EXPECT_THAT(said(doctor(), "rights", "error", server(0).label()),
                HasSubstr("lacks ~quorumlock:fence:*"));
}

TEST_F(CliDoctor, keys_without_an_end_are_looked_for_when_asked) {
    ASSERT_EQ(server(0).command({"SET", "orders:7", "made by hand"}), "OK");
    ASSERT_EQ(server(0).command({"SET", "orders:8", "made by hand", "EX", "900"}), "OK");
    ASSERT_EQ(server(0).command({"SET", "other:9", "made by hand"}), "OK");
    ASSERT_EQ(cli({"acquire", "orders:1", "--nodes", joined(uris())}).how, "exit code 0");
    EXPECT_EQ(doctor().how, "exit code 0");
    const CliEnd end = doctor(uris(), {"--scan-keys", "orders:*"});
    EXPECT_EQ(end.how, "exit code 1");
    EXPECT_THAT(complaints(end), ElementsAre("keys " + server(0).label()));
    EXPECT_THAT(said(end, "keys", "warning", server(0).label()),
                AllOf(HasSubstr("orders:7 (never ends)"), HasSubstr("orders:8"),
                      Not(HasSubstr("orders:1")), Not(HasSubstr("other:9"))));
}

TEST_F(CliDoctor, a_scan_is_bounded) {
    std::vector<std::string> many{"MSET"};
    for (int i = 0; i < 5000; ++i) {
        many.push_back("k" + std::to_string(i));
        many.emplace_back("v");
    }
    ASSERT_EQ(server(0).command(many), "OK");
    const std::vector<std::string> flags{"--scan-keys", "nothing*", "--scan-limit", "1000"};
    EXPECT_THAT(said(doctor(uris(), flags), "keys", "note", server(0).label()),
                HasSubstr("about 1000 keys were looked at, and there are more"));
}

TEST_F(CliDoctor, servers_that_have_just_started_are_guarded) {
    const CliEnd end = doctor(uris(), {"--restart-guard", "strict"});
    EXPECT_EQ(end.how, "exit code 1");
    ASSERT_EQ(complaints(end).size(), 5U) << end.out;
    EXPECT_THAT(said(end, "guard", "warning", server(0).label()), HasSubstr("does not vote for "));
    EXPECT_THAT(said(doctor(), "guard", "note"), HasSubstr("first start"));
}

TEST_F(CliDoctor, memory_nodes_beside_others) {
    const CliEnd end = doctor(with("memory:"));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(said(end, "kind", "error"), HasSubstr("this process only"));
    EXPECT_EQ(doctor({"memory:"}).how, "exit code 0");
}

TEST_F(CliDoctor, wrong_usage) {
    EXPECT_EQ(doctor({"redis://"}).how, "exit code 64");
    EXPECT_EQ(doctor(uris(), {"--scan-limit", "0"}).how, "exit code 64");
    EXPECT_EQ(doctor(uris(), {"--resource", ""}).how, "exit code 0");
}

/// Runs the usual server with something in its way.
std::string script_in(const TempDir& dir, const std::string& line) {
    const std::string path = dir.write("server", "#!/bin/sh\n" + line + "\n");
    ::chmod(path.c_str(), 0700);
    return path;
}

TEST_F(CliDoctor, a_server_that_is_too_old) {
    // The same server, saying that it is 5 instead of what it is.
    const TempDir dir;
    const std::string make =
        "set -e; v=$(redis-server --version | sed 's/.* v=\\([^ ]*\\) .*/\\1/'); "
        "LC_ALL=C sed \"s/$v/5${v#?}/g\" \"$(readlink -f \"$(command -v redis-server)\")\" >" +
        dir.file("old") + "; chmod 700 " + dir.file("old");
    Process making({"sh", "-c", make});
    ASSERT_EQ(end_of(making).how, "exit code 0") << making.err();
    const RedisServer old({.program = dir.file("old")});
    const CliEnd end = doctor(with(old.uri()));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end), ElementsAre("version " + old.label()));
    EXPECT_THAT(said(end, "version", "error", old.label()), HasSubstr("too old"));
    EXPECT_THAT(end.out, HasSubstr("upgrade to Redis 6.2 or newer"));
}

class CliDoctorClock : public CliDoctor {
  protected:
    /// A server that is shown another wall clock; `setting` as clock_shift.cpp takes it.
    std::unique_ptr<RedisServer> shifted(const std::string& setting) {
        const std::string script = script_in(dir_, "export LD_PRELOAD=" QUORUMLOCK_CLOCK_SHIFT " " +
                                                       setting + "\nexec redis-server \"$@\"");
        return std::make_unique<RedisServer>(RedisOptions{.program = script});
    }

    const TempDir dir_;
};

TEST_F(CliDoctorClock, thirty_seconds_ahead) {
    const auto off = shifted("CLOCK_SHIFT_S=30");
    const CliEnd end = doctor(with(off->uri()));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(complaints(end), ElementsAre("clock " + off->label()));
    EXPECT_THAT(said(end, "clock", "error", off->label()),
                AllOf(HasSubstr("30.0 s ahead"), HasSubstr("has no vote for resources")));
}

TEST_F(CliDoctorClock, three_seconds_behind) {
    const auto off = shifted("CLOCK_SHIFT_S=-3");
    const CliEnd end = doctor(with(off->uri()));
    EXPECT_EQ(end.how, "exit code 1");
    EXPECT_THAT(complaints(end), ElementsAre("clock " + off->label()));
    EXPECT_THAT(said(end, "clock", "warning", off->label()), HasSubstr("3.0 s behind"));
}

TEST_F(CliDoctorClock, all_servers_agree_against_this_machine) {
    const auto one = shifted("CLOCK_SHIFT_S=30"), two = shifted("CLOCK_SHIFT_S=31");
    const CliEnd end = doctor({one->uri(), two->uri(), server(0).uri()});
    EXPECT_EQ(end.how, "exit code 1");
    EXPECT_THAT(said(end, "clock", "warning", one->label()), HasSubstr("another server agrees"));
}

TEST_F(CliDoctorClock, one_that_runs_twice_as_fast) {
    const auto fast = shifted("CLOCK_SPEED=2");
    const CliEnd end = doctor(with(fast->uri()));
    EXPECT_EQ(end.how, "exit code 2");
    EXPECT_THAT(said(end, "drift", "error", fast->label()), HasSubstr("gained"));
}

}  // namespace
}  // namespace quorumlock::testing
