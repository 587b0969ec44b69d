// What a foreign client of the same servers sees.
#include <string>

#include "tests/conformance/provider.h"
#include "tests/support/resp_client.h"

namespace quorumlock::testing {

// The wire form is everybody's: SET key token NX PX on a majority.
TEST_P(ServerTest, a_foreign_client_and_we_exclude_each_other) {
    const auto majority = static_cast<std::size_t>(provider().quorum());
    for (std::size_t i = 0; i < majority; ++i) {
        ASSERT_EQ(servers()[i]->command({"SET", "r", "foreign", "NX", "PX", "30000"}), "OK");
    }
    EXPECT_TRUE(fails_with(Errc::contended, service().try_acquire("r").get()));
    for (std::size_t i = 0; i < majority; ++i) {
        EXPECT_EQ(servers()[i]->command({"GET", "r"}), "foreign");
        ASSERT_EQ(servers()[i]->command({"DEL", "r"}), "1");
    }
    ASSERT_TRUE(nothing_left(service(), "r"));

    Lock ours = must_acquire("r", {.ttl = kLongTtl});
    int foreign = 0;
    for (const auto& server : servers()) {
        foreign += server->command({"SET", "r", "foreign", "NX", "PX", "30000"}) == "OK" ? 1 : 0;
    }
    EXPECT_LT(foreign, provider().quorum());
    EXPECT_TRUE(ours.held());
}

TEST_P(ServerTest, the_key_is_the_resource_and_its_value_the_token) {
    Lock lock = must_acquire("orders:42", {.ttl = kLongTtl, .fence = false});
    ASSERT_TRUE(eventually([&] { return lock.votes() == provider().live(); }));
    for (const auto& server : servers()) {
        EXPECT_EQ(server->command({"GET", "orders:42"}), lock.token());
        EXPECT_GT(std::stol(server->command({"PTTL", "orders:42"})), 0);
        EXPECT_LE(std::stol(server->command({"PTTL", "orders:42"})), 30'000);
        EXPECT_EQ(server->dbsize(), "1");
    }
}

TEST_P(ServerTest, nodes_tell_what_server_they_are) {
    auto nodes = service().nodes().get();
    ASSERT_TRUE(is_ok(nodes));
    for (const NodeInfo& node : *nodes) {
        EXPECT_EQ(node.app_id, "");
        if (!node.ready) continue;
        EXPECT_EQ(node.version.substr(0, 2), "7.");
        EXPECT_EQ(node.role, "master");
        EXPECT_EQ(node.run_id.size(), 40U);
        EXPECT_GT(node.round_trip, 0ns);
    }
}

TEST_P(ServerTest, close_leaves_no_key_behind) {
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    EXPECT_TRUE(is_ok(service().close().get()));
    for (const auto& server : servers()) EXPECT_EQ(server->command({"EXISTS", "r"}), "0");
}

TEST_P(SidecarTest, nodes_tell_whose_sidecar_they_are) {
    auto nodes = service().nodes().get();
    ASSERT_TRUE(is_ok(nodes));
    for (const NodeInfo& node : *nodes) {
        EXPECT_EQ(node.app_id, "tests");
        EXPECT_GT(node.round_trip, 0ns);
    }
}

}  // namespace quorumlock::testing
