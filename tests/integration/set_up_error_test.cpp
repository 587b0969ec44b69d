// Nodes that can never vote as they are set up: the caller is told what to change, and one of
// them among five costs its vote only.
#include <functional>
#include <memory>
#include <ostream>

#include "tests/integration/five_redis.h"
#include "tests/support/free_port.h"
#include "tests/support/process.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

/// A server and a URI for it that cannot work.
struct Misnamed {
    std::vector<std::unique_ptr<RedisServer>> servers;
    std::string uri;
    std::string label;
};

struct SetUpError {
    std::string name;
    std::vector<std::string> words;
    std::function<Misnamed()> make;
    Errc code = Errc::rejected_by_server;  ///< When too many nodes are so.
};

void PrintTo(const SetUpError& error, std::ostream* out) { *out << error.name; }

Misnamed wrong_password() {
    Misnamed m{start_servers(1, {.password = "right"}), "", ""};
    m.label = m.servers[0]->label();
    m.uri = "redis://:hush-hush@" + m.label;
    return m;
}

Misnamed no_password() {
    Misnamed m{start_servers(1, {.password = "right"}), "", ""};
    m.label = m.servers[0]->label();
    m.uri = "redis://" + m.label;
    return m;
}

Misnamed password_for_nobody() {
    Misnamed m{start_servers(1), "", ""};
    m.label = m.servers[0]->label();
    m.uri = "redis://nobody:hush-hush@" + m.label;
    return m;
}

Misnamed database_99() {
    Misnamed m{start_servers(1), "", ""};
    m.label = m.servers[0]->label();
    m.uri = "redis://" + m.label + "/99";
    return m;
}

Misnamed replica() {
    Misnamed m{start_servers(1), "", ""};
    m.servers.push_back(
        std::make_unique<RedisServer>(RedisOptions{.replica_of = m.servers[0]->port()}));
    m.label = m.servers[1]->label();
    m.uri = "redis://" + m.label;
    return m;
}

Misnamed tls_port() {
    TempDir dir;
    Process openssl({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                     "/CN=localhost", "-keyout", dir.file("key.pem"), "-out",
                     dir.file("cert.pem")});
    const auto end = openssl.wait();
    EXPECT_TRUE(end && end->code == 0) << openssl.err();
    const std::string port = std::to_string(free_port());
    Misnamed m{start_servers(1, {.config = {"tls-port " + port, "tls-auth-clients no",
                                            "tls-cert-file " + dir.file("cert.pem"),
                                            "tls-key-file " + dir.file("key.pem")}}),
               "", ""};
    m.label = "127.0.0.1:" + port;
    m.uri = "redis://" + m.label;
    return m;
}

class SetUpErrorTest : public ::testing::TestWithParam<SetUpError> {};

}  // namespace

TEST_P(SetUpErrorTest, alone_it_is_rejected_with_its_reason) {
    const Misnamed node = GetParam().make();
    LockService service = open_service({node.uri});
    auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(fails_with(GetParam().code, lock));
    EXPECT_TRUE(says(lock.error(), GetParam().words));
    EXPECT_EQ(report_of(lock.error(), node.label).vote, NodeVote::failed);
    EXPECT_EQ(text_of(lock).find("hush-hush"), std::string::npos) << text_of(lock);
    const NodeInfo info = info_of(service, node.label);
    EXPECT_FALSE(info.ready);
    EXPECT_EQ(info.cause.find("hush-hush"), std::string::npos) << info.cause;
    for (const auto& server : node.servers) EXPECT_EQ(server->dbsize(), "0");
}

TEST_P(SetUpErrorTest, one_of_five_costs_only_its_vote) {
    const Misnamed node = GetParam().make();
    auto others = start_servers(4);
    auto uris = uris_of(others);
    uris.insert(uris.begin() + 1, node.uri);
    LockService service = open_service(uris);
    for (int i = 0; i < 10; ++i) {
        auto lock = service.try_acquire("r", {.ttl = 30s}).get();
        ASSERT_TRUE(is_ok(lock));
        EXPECT_LE(lock->votes(), 4);
        ASSERT_TRUE(is_ok(lock->extend(40s).get()));
        ASSERT_TRUE(is_ok(lock->release().get()));
    }
    EXPECT_TRUE(eventually([&] {
        const NodeInfo info = info_of(service, node.label);
        return !info.ready && info.cause.find(GetParam().words.front()) != std::string::npos;
    })) << info_of(service, node.label).cause;
}

TEST_P(SetUpErrorTest, three_of_five_are_rejected_node_by_node) {
    std::vector<Misnamed> nodes;
    for (int i = 0; i < 3; ++i) nodes.push_back(GetParam().make());
    auto others = start_servers(2);
    auto uris = uris_of(others);
    for (const Misnamed& node : nodes) uris.push_back(node.uri);
    LockService service = open_service(uris, unguarded());
    auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(fails_with(GetParam().code, lock));
    for (const Misnamed& node : nodes) {
        const NodeReport report = report_of(lock.error(), node.label);
        EXPECT_EQ(report.vote, NodeVote::failed);
        EXPECT_NE(report.cause.find(GetParam().words.front()), std::string::npos) << report.cause;
    }
    for (const auto& server : others) {
        EXPECT_TRUE(eventually([&] { return server->command({"EXISTS", "r"}) == "0"; }));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, SetUpErrorTest,
    ::testing::Values(SetUpError{"wrong_password", {"WRONGPASS", "password"}, wrong_password},
                      SetUpError{"no_password", {"NOAUTH", "password"}, no_password},
                      SetUpError{"unknown_user", {"WRONGPASS"}, password_for_nobody},
                      SetUpError{"database_99", {"out of range", "database"}, database_99},
                      SetUpError{"replica", {"replica", "primary"}, replica},
                      // It resets without a word: only a guess is possible.
                      SetUpError{"tls_port",
                                 {"does the server want TLS? then use rediss://"},
                                 tls_port,
                                 Errc::no_quorum}),
    [](const auto& tested) { return tested.param.name; });

TEST(OpenTest, the_same_server_twice_is_a_duplicate) {
    auto service = LockService::open({"redis://127.0.0.1:7001", "redis://127.0.0.1:7001/1"});
    ASSERT_TRUE(fails_with(Errc::duplicate_node, service));
    EXPECT_TRUE(says(service.error(), {"127.0.0.1:7001"}));
}

TEST(OpenTest, no_nodes_and_too_many_nodes_are_refused_with_the_bound) {
    EXPECT_TRUE(fails_with(Errc::invalid_argument, LockService::open({})));
    auto many = LockService::open(std::vector<std::string>(33, "memory:"));
    ASSERT_TRUE(fails_with(Errc::invalid_argument, many));
    EXPECT_TRUE(says(many.error(), {"33", "32"}));
    EXPECT_TRUE(is_ok(LockService::open(std::vector<std::string>(32, "memory:"))));
}

TEST(OpenTest, a_password_works_and_is_never_shown) {
    RedisServer server({.password = "hush-hush"});
    LockService service = open_service({server.uri()});
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
    const NodeInfo info = info_of(service, server.label());
    EXPECT_TRUE(info.ready) << info.cause;
    server.kill9();
    EXPECT_TRUE(eventually([&] {
        auto lock = service.try_acquire("r").get();
        EXPECT_EQ(text_of(lock).find("hush-hush"), std::string::npos);
        return !lock;
    }));
}

TEST(OpenTest, a_host_name_is_looked_up) {
    RedisServer server;
    LockService service = open_service({"redis://localhost:" + std::to_string(server.port())});
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
}

TEST(OpenTest, a_name_that_does_not_exist_is_told) {
    ServiceOptions options;
    options.connect_timeout = 5s;
    LockService service = open_service({"redis://no-such-host.invalid:7001"}, options);
    auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    EXPECT_TRUE(says(lock.error(), {"no-such-host.invalid"}));
}

}  // namespace quorumlock::testing
