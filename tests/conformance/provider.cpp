#include "tests/conformance/provider.h"

#include <cstdlib>

#include <quorumlock/testing/conformance.h>

#include "tests/support/free_port.h"

namespace quorumlock::testing {

OurWorld::OurWorld(int nodes, int dead, bool redis, bool dapr, bool unix_socket) {
    for (int i = 0; i < nodes; ++i) {
        if (dapr) {
            servers.push_back(std::make_unique<RedisServer>());
            DaprOptions options;
            options.redis_port = servers.back()->port();
            options.unix_socket = unix_socket;
            sidecars_.push_back(std::make_unique<DaprSidecar>(options));
            uris_.push_back(sidecars_.back()->uri("?independent=yes&name=s" + std::to_string(i)));
        } else if (!redis) {
            uris_.push_back("memory:?name=m" + std::to_string(i));
        } else if (i < dead) {
            uris_.push_back("redis://127.0.0.1:" + std::to_string(free_port()));
        } else {
            RedisOptions options;
            options.unix_socket = unix_socket;
            servers.push_back(std::make_unique<RedisServer>(options));
            uris_.push_back(servers.back()->uri());
        }
    }
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
    return {.name = "memory_x" + std::to_string(nodes),
            .kind = "memory",
            .nodes = nodes,
            .shared = false,
            .world = [nodes] { return std::make_unique<OurWorld>(nodes, 0, false, false, false); }};
}

Provider redis(std::string name, int nodes, int dead = 0, bool unix_socket = false) {
    return {.name = std::move(name), .kind = "redis", .nodes = nodes, .dead = dead, .world = [=] {
                return std::make_unique<OurWorld>(nodes, dead, true, false, unix_socket);
            }};
}

/// Cannot extend, renew or inspect, and takes only text for names.
Provider dapr(std::string name, int nodes, bool unix_socket = false) {
    const auto world = [=]() -> std::unique_ptr<ProviderWorld> {
        if (DaprSidecar::available()) {
            return std::make_unique<OurWorld>(nodes, 0, false, true, unix_socket);
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
    redis("redis_x1", 1), redis("redis_x2", 2), redis("redis_x3", 3), redis("redis_x4", 4),
    redis("redis_x5", 5), redis("redis_x5_one_dead", 5, 1), redis("unix_socket_x3", 3, 0, true));
const auto kSidecars =
    ::testing::Values(dapr("dapr_x1", 1), dapr("dapr_x3", 3), dapr("dapr_unix_socket_x1", 1, true));

}  // namespace

INSTANTIATE_TEST_SUITE_P(Memory, NodeTest, ::testing::Values(memory(1)), name_of);
INSTANTIATE_TEST_SUITE_P(Redis, NodeTest,
                         ::testing::Values(redis("redis_x1", 1),
                                           redis("unix_socket_x1", 1, 0, true)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Dapr, NodeTest, ::testing::Values(dapr("dapr_x1", 1)), name_of);
INSTANTIATE_TEST_SUITE_P(Memory, ProviderTest, ::testing::Values(memory(1), memory(3)), name_of);
INSTANTIATE_TEST_SUITE_P(Redis, ProviderTest, kServers, name_of);
INSTANTIATE_TEST_SUITE_P(Dapr, ProviderTest, kSidecars, name_of);
INSTANTIATE_TEST_SUITE_P(Redis, ServerTest, kServers, name_of);
INSTANTIATE_TEST_SUITE_P(Dapr, SidecarTest, kSidecars, name_of);

}  // namespace quorumlock::testing
