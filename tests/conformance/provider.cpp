#include "tests/conformance/provider.h"

#include <cstdlib>

#include <quorumlock/testing/conformance.h>
#include <quorumlock/testing/scripted_node.h>

#include "tests/support/certificates.h"
#include "tests/support/free_port.h"
#include "tests/support/simulated_server.h"

namespace quorumlock::testing {

OurWorld::OurWorld(const Made& made) {
    for (int i = 0; i < made.nodes; ++i) {
        if (made.of == Of::dapr) {
            servers.push_back(std::make_unique<RedisServer>());
            DaprOptions options;
            options.redis_port = servers.back()->port();
            options.unix_socket = made.unix_socket;
            sidecars_.push_back(std::make_unique<DaprSidecar>(options));
            uris_.push_back(sidecars_.back()->uri("?independent=yes&name=s" + std::to_string(i)));
        } else if (made.of == Of::memory) {
            uris_.push_back("memory:?name=m" + std::to_string(i));
        } else if (i < made.dead) {
            uris_.push_back("redis://127.0.0.1:" + std::to_string(free_port()));
        } else if (i < made.dead + made.frozen) {
            frozen_.push_back(std::make_unique<RedisServer>());
            uris_.push_back(frozen_.back()->uri());
            frozen_.back()->freeze();
        } else {
            RedisOptions options;
            options.unix_socket = made.unix_socket;
            if (made.tls) options.tls = make_certificates(i);
            servers.push_back(std::make_unique<RedisServer>(options));
            uris_.push_back(servers.back()->uri());
        }
    }
}

RedisTls OurWorld::make_certificates(int node) {
    const std::string name = "node" + std::to_string(node);
    const Authority authority(certificates, name + "-ca");
    const CertificateFiles server = authority.issue(name);
    const CertificateFiles client = authority.issue(name + "-client");
    return {.ca = authority.file(),
            .cert = server.cert,
            .key = server.key,
            .auth_clients = true,
            .query = "ca=" + authority.file() + "&cert=" + client.cert + "&key=" + client.key};
}

std::optional<int> OurWorld::holding(std::string_view resource) {
    if (sidecars_.empty()) return std::nullopt;
    int holding = 0;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const std::string key = sidecars_[i]->key(std::string(resource));
        holding += servers[i]->command({"EXISTS", key}) == "1" ? 1 : 0;
    }
    return holding;
}

namespace {

Provider memory(int nodes) {
    return {
        .name = "memory_x" + std::to_string(nodes),
        .kind = "memory",
        .nodes = nodes,
        .shared = false,
        .world = [nodes] { return std::make_unique<OurWorld>(OurWorld::Made{.nodes = nodes}); }};
}

/// The nodes of the testing kit: fresh ones for each service.
class ScriptedWorld final : public ProviderWorld {
  public:
    explicit ScriptedWorld(int nodes) : nodes_(nodes) {}
    std::vector<nodes::NodeFactory> nodes() override {
        const ScriptedNodes fresh(nodes_);
        for (int i = 0; i < nodes_; ++i) fresh[i].fences = true;
        return fresh.factories();
    }

  private:
    const int nodes_;
};

Provider scripted(int nodes) {
    return {.name = "scripted_x" + std::to_string(nodes),
            .kind = "scripted",
            .nodes = nodes,
            .shared = false,
            .world = [nodes] { return std::make_unique<ScriptedWorld>(nodes); }};
}

Provider redis(std::string name, OurWorld::Made made) {
    made.of = OurWorld::Of::redis;
    return {.name = std::move(name),
            .kind = "redis",
            .nodes = made.nodes,
            .dead = made.dead + made.frozen,
            .world = [made] { return std::make_unique<OurWorld>(made); }};
}

/// The simulated Redis servers, without the simulated world around them.
class SimulatedWorld final : public ProviderWorld {
  public:
    explicit SimulatedWorld(int nodes) : servers_(static_cast<std::size_t>(nodes)) {}
    std::vector<std::string> uris() override {
        std::vector<std::string> uris;
        for (const SimulatedServer& server : servers_) uris.push_back(server.uri());
        return uris;
    }

  private:
    std::vector<SimulatedServer> servers_;
};

Provider simulated(int nodes) {
    return {.name = "sim_redis_x" + std::to_string(nodes),
            .kind = "redis",
            .nodes = nodes,
            .world = [nodes] { return std::make_unique<SimulatedWorld>(nodes); }};
}

/// Cannot extend, renew or inspect, and takes only text for names.
Provider dapr(std::string name, int nodes, bool unix_socket = false) {
    const auto world = [=]() -> std::unique_ptr<ProviderWorld> {
        if (DaprSidecar::available()) {
            return std::make_unique<OurWorld>(OurWorld::Made{
                .nodes = nodes, .of = OurWorld::Of::dapr, .unix_socket = unix_socket});
        }
        if (std::getenv("CI") != nullptr) {
            ADD_FAILURE() << "CI needs the Dapr sidecar: run tools/daprd/build";
        }
        return nullptr;
    };
    return {.name = std::move(name),
            .kind = "dapr",
            .nodes = nodes,
            .cannot = {.extend = true,
                       .inspect = true,
                       .fence = true,
                       .heal = true,
                       .transfer = true,
                       .any_name = true,
                       .tell_remaining = true},
            .world = world};
}

const auto kServers = ::testing::Values(
    redis("redis_x1", {.nodes = 1}), redis("redis_x2", {.nodes = 2}),
    redis("redis_x3", {.nodes = 3}), redis("redis_x4", {.nodes = 4}),
    redis("redis_x5", {.nodes = 5}), redis("redis_x5_one_dead", {.nodes = 5, .dead = 1}),
    redis("redis_x5_one_frozen", {.nodes = 5, .frozen = 1}),
    redis("unix_socket_x3", {.nodes = 3, .unix_socket = true}),
    redis("redis_tls_x3", {.nodes = 3, .tls = true}));
const auto kSidecars =
    ::testing::Values(dapr("dapr_x1", 1), dapr("dapr_x3", 3), dapr("dapr_unix_socket_x1", 1, true));

}  // namespace

INSTANTIATE_TEST_SUITE_P(Memory, NodeTest, ::testing::Values(memory(1)), name_of);
INSTANTIATE_TEST_SUITE_P(Redis, NodeTest,
                         ::testing::Values(redis("redis_x1", {.nodes = 1}),
                                           redis("unix_socket_x1",
                                                 {.nodes = 1, .unix_socket = true}),
                                           redis("redis_tls_x1", {.nodes = 1, .tls = true})),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Dapr, NodeTest, ::testing::Values(dapr("dapr_x1", 1)), name_of);
INSTANTIATE_TEST_SUITE_P(Memory, ProviderTest, ::testing::Values(memory(1), memory(3)), name_of);
INSTANTIATE_TEST_SUITE_P(Scripted, NodeTest, ::testing::Values(scripted(1)), name_of);
INSTANTIATE_TEST_SUITE_P(Scripted, ProviderTest,
                         ::testing::Values(scripted(1), scripted(3), scripted(5)), name_of);
INSTANTIATE_TEST_SUITE_P(SimRedis, NodeTest, ::testing::Values(simulated(1)), name_of);
INSTANTIATE_TEST_SUITE_P(SimRedis, ProviderTest, ::testing::Values(simulated(1), simulated(3)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Redis, ProviderTest, kServers, name_of);
INSTANTIATE_TEST_SUITE_P(Dapr, ProviderTest, kSidecars, name_of);
INSTANTIATE_TEST_SUITE_P(Redis, ServerTest, kServers, name_of);
INSTANTIATE_TEST_SUITE_P(Dapr, SidecarTest, kSidecars, name_of);

}  // namespace quorumlock::testing
