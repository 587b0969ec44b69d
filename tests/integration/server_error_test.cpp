// What servers answer when they refuse: the right class, a line a person can act on, and on one
// node of five nothing but that vote.
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>

#include "tests/integration/five_redis.h"
#include "tests/support/resp_client.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

/// The test's own connection, opened while the server was well.
using Admin = RespClient;

struct ServerError {
    std::string name;
    Errc code = Errc::no_quorum;  ///< When the only node is so.
    std::vector<std::string> words{};
    std::vector<std::string> config{};
    std::function<void(RedisServer&, Admin&)> begin{};
    std::function<void(RedisServer&, Admin&)> end{};
};

void PrintTo(const ServerError& error, std::ostream* out) { *out << error.name; }

void set_config(Admin& admin, const char* name, const char* value) {
    EXPECT_EQ(admin.command({"CONFIG", "SET", name, value}), "OK") << name;
}

void kill_other_clients(Admin& admin) {
    EXPECT_FALSE(
        admin.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}).starts_with("-"));
}

bool answers_with(RedisServer& server, const std::string& start) {
    return eventually([&] { return server.command({"PING"}).starts_with(start); });
}

ServerError out_of_memory() {
    return {.name = "oom",
            .words = {"OOM", "maxmemory"},
            .begin = [](RedisServer&, Admin& admin) { set_config(admin, "maxmemory", "1"); },
            .end = [](RedisServer&, Admin& admin) { set_config(admin, "maxmemory", "0"); }};
}

ServerError too_few_replicas() {
    return {.name = "noreplicas",
            .words = {"NOREPLICAS", "min-replicas-to-write"},
            .begin = [](RedisServer&, Admin& a) { set_config(a, "min-replicas-to-write", "1"); },
            .end = [](RedisServer&, Admin& a) { set_config(a, "min-replicas-to-write", "0"); }};
}

ServerError cannot_save() {
    return {.name = "misconf",
            .words = {"MISCONF"},
            .begin =
                [](RedisServer& server, Admin& admin) {
                    set_config(admin, "save", "3600 1");
                    std::filesystem::remove_all(server.dir().path());
                    admin.command({"BGSAVE"});
                    EXPECT_TRUE(eventually([&] {
                        return admin.command({"INFO", "persistence"})
                                   .find("rdb_last_bgsave_status:err") != std::string::npos;
                    }));
                },
            .end = [](RedisServer&,
                      Admin& admin) { set_config(admin, "stop-writes-on-bgsave-error", "no"); }};
}

ServerError becomes_replica() {
    return {.name = "readonly",
            .code = Errc::rejected_by_server,
            .words = {"name a primary"},
            .begin =
                [](RedisServer&, Admin& admin) {
                    EXPECT_EQ(admin.command({"REPLICAOF", "127.0.0.1", "1"}), "OK");
                },
            .end =
                [](RedisServer&, Admin& admin) {
                    EXPECT_EQ(admin.command({"REPLICAOF", "NO", "ONE"}), "OK");
                }};
}

ServerError blocked_by_a_script() {
    return {.name = "busy",
            .words = {"BUSY", "SCRIPT KILL"},
            .config = {"busy-reply-threshold 10"},
            .begin =
                [](RedisServer& server, Admin& admin) {
                    ASSERT_TRUE(admin.send({"EVAL", "while true do end", "0"}));
                    EXPECT_TRUE(answers_with(server, "-BUSY"));
                },
            .end =
                [](RedisServer& server, Admin& admin) {
                    EXPECT_EQ(server.command({"SCRIPT", "KILL"}), "OK");
                    (void)admin.reply();
                }};
}

ServerError is_loading() {
    return {.name = "loading",
            .words = {"LOADING"},
            .config = {"key-load-delay 1000", "loading-process-events-interval-bytes 1024"},
            .begin =
                [](RedisServer& server, Admin& admin) {
                    EXPECT_EQ(admin.command({"DEBUG", "POPULATE", "3000", "k", "100"}), "OK");
                    ASSERT_TRUE(admin.send({"DEBUG", "RELOAD"}));
                    EXPECT_TRUE(answers_with(server, "-LOADING"));
                },
            .end =
                [](RedisServer& server, Admin& admin) {
                    EXPECT_TRUE(answers_with(server, "PONG"));
                    (void)admin.reply();
                }};
}

ServerError wants_a_password() {
    return {.name = "noauth",
            .code = Errc::rejected_by_server,
            .words = {"NOAUTH", "password"},
            .begin =
                [](RedisServer&, Admin& admin) {
                    set_config(admin, "requirepass", "secret");
                    kill_other_clients(admin);
                },
            .end = [](RedisServer&, Admin& admin) { set_config(admin, "requirepass", ""); }};
}

ServerError too_many_clients() {
    return {.name = "maxclients",
            .words = {"max number of clients", "maxclients"},
            .begin =
                [](RedisServer&, Admin& admin) {
                    set_config(admin, "maxclients", "1");
                    kill_other_clients(admin);
                },
            .end = [](RedisServer&, Admin& admin) { set_config(admin, "maxclients", "100"); }};
}

ServerError forbids_set() {
    return {.name = "noperm",
            .code = Errc::rejected_by_server,
            .words = {"can't run this command", "+set"},
            .begin =
                [](RedisServer&, Admin& admin) {
                    EXPECT_EQ(admin.command({"ACL", "SETUSER", "default", "-set"}), "OK");
                },
            .end =
                [](RedisServer&, Admin& admin) {
                    EXPECT_EQ(admin.command({"ACL", "SETUSER", "default", "+set"}), "OK");
                }};
}

class ServerErrorTest : public ::testing::TestWithParam<ServerError> {
  protected:
    RedisServer broken_{RedisOptions{.config = GetParam().config}};
    Admin admin_{broken_.port(), std::chrono::seconds(30)};
};

}  // namespace

// Hazard 20.
TEST_P(ServerErrorTest, the_only_node_says_why_and_works_again_afterwards) {
    LockService service = open_service({broken_.uri()}, unguarded());
    ASSERT_TRUE(is_ok(service.try_acquire("before").get()));
    ASSERT_TRUE(nothing_left(service, "before"));
    GetParam().begin(broken_, admin_);
    std::string said;
    EXPECT_TRUE(eventually([&] {
        auto lock = service.try_acquire("r", {.ttl = 30s}).get();
        if (lock) return false;
        said = text_of(lock);
        return lock.error().code() == GetParam().code && says(lock.error(), GetParam().words);
    })) << said;
    EXPECT_EQ(said.find("secret"), std::string::npos) << said;
    GetParam().end(broken_, admin_);
    auto lock = service.acquire("r", {.ttl = 30s, .wait = 60s}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_TRUE(is_ok(lock->release().get()));
    EXPECT_TRUE(nothing_left(service, "r"));
}

TEST_P(ServerErrorTest, one_node_of_five_costs_only_its_vote) {
    auto others = start_servers(4);
    auto uris = uris_of(others);
    uris.push_back(broken_.uri());
    LockService service = open_service(uris);
    ASSERT_TRUE(is_ok(service.nodes().get()));
    GetParam().begin(broken_, admin_);
    for (int i = 0; i < 20; ++i) {
        auto lock = service.try_acquire("r", {.ttl = 30s}).get();
        ASSERT_TRUE(is_ok(lock));
        ASSERT_TRUE(is_ok(lock->extend(40s).get()));
        ASSERT_TRUE(is_ok(lock->release().get()));
    }
    GetParam().end(broken_, admin_);
    for (const auto& server : others) {
        EXPECT_TRUE(eventually([&] { return server->command({"EXISTS", "r"}) == "0"; }));
    }
    EXPECT_TRUE(eventually([&] { return broken_.command({"EXISTS", "r"}) == "0"; }));
}

INSTANTIATE_TEST_SUITE_P(Answers, ServerErrorTest,
                         ::testing::Values(out_of_memory(), too_few_replicas(), cannot_save(),
                                           becomes_replica(), blocked_by_a_script(), is_loading(),
                                           wants_a_password(), too_many_clients(), forbids_set()),
                         [](const auto& tested) { return tested.param.name; });

// A full server must still let go of what it holds.
TEST(OneServerTest, a_full_server_still_extends_and_releases) {
    RedisServer server;
    LockService service = open_service({server.uri()});
    auto lock = service.acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    ASSERT_EQ(server.command({"CONFIG", "SET", "maxmemory", "1"}), "OK");
    EXPECT_TRUE(is_ok(lock->extend(50s).get()));
    EXPECT_TRUE(is_ok(lock->release().get()));
    EXPECT_EQ(server.command({"EXISTS", "r"}), "0");
}

TEST(OneServerTest, a_key_of_another_type_refuses_and_is_left_alone) {
    RedisServer server;
    LockService service = open_service({server.uri()});
    ASSERT_EQ(server.command({"RPUSH", "r", "an", "innocent", "list"}), "3");
    EXPECT_TRUE(fails_with(Errc::contended, service.try_acquire("r").get()));
    auto waited = service.acquire("r", {.ttl = 30s, .wait = 300ms}).get();
    ASSERT_TRUE(fails_with(Errc::contended, waited));
    const std::string token(32, 'a');
    auto extended = service.extend("r", token, 10s).get();
    ASSERT_FALSE(extended.has_value());
    EXPECT_TRUE(says(extended.error(), {"WRONGTYPE"}));
    auto released = service.release("r", token).get();
    ASSERT_FALSE(released.has_value());
    EXPECT_TRUE(says(released.error(), {"WRONGTYPE"}));
    auto seen = service.inspect("r").get();
    EXPECT_TRUE(!seen || seen->holder.empty());
    EXPECT_EQ(server.command({"LRANGE", "r", "0", "-1"}), "an\ninnocent\nlist");
}

TEST(OneServerTest, a_server_without_set_is_rejected_by_name) {
    RedisServer server(RedisOptions{.config = {"rename-command SET \"\""}});
    LockService service = open_service({server.uri()});
    for (const bool fence : {true, false}) {
        auto lock = service.try_acquire("r", {.fence = fence}).get();
        ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
        EXPECT_TRUE(says(lock.error(), {"nknown", "command", "SET", server.label()}));
    }
}

// Whether it is told at once or at the release: it is told, and the lock ends with its ttl.
TEST(OneServerTest, a_server_without_evalsha_is_told_and_nothing_stays) {
    RedisServer server(RedisOptions{.config = {"rename-command EVALSHA \"\""}});
    LockService service = open_service({server.uri()});
    auto lock = service.try_acquire("r", {.ttl = 300ms}).get();
    std::string said = text_of(lock);
    if (lock) said = text_of(lock->release().get());
    EXPECT_NE(said.find("EVALSHA"), std::string::npos) << said;
    EXPECT_NE(said.find(errc_name(Errc::rejected_by_server)), std::string::npos) << said;
    EXPECT_TRUE(eventually([&] { return server.dbsize() == "0"; }));
}

// Rule N9: somebody flushed the scripts.
TEST(OneServerTest, flushed_scripts_fail_nothing) {
    auto servers = start_servers(3);
    LockService service = open_service(uris_of(servers));
    for (int i = 0; i < 20; ++i) {
        auto lock = service.try_acquire("r", {.ttl = 30s}).get();
        ASSERT_TRUE(is_ok(lock));
        for (const auto& server : servers) server->command({"SCRIPT", "FLUSH"});
        ASSERT_TRUE(is_ok(lock->extend(40s).get()));
        for (const auto& server : servers) server->command({"SCRIPT", "FLUSH"});
        ASSERT_TRUE(is_ok(lock->release().get()));
        ASSERT_TRUE(nothing_left(service, "r"));
    }
}

}  // namespace quorumlock::testing
