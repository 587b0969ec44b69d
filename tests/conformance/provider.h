// The kinds of nodes the contract holds for. One suite, ProviderTest, states the contract through
// the public LockService; every kind has to keep every sentence of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/lock_service.h>

#include "tests/support/dapr_sidecar.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing {

struct ProviderKind {
    std::string name;
    int nodes = 1;
    int dead = 0;        ///< So many of them are not running.
    bool redis = false;  ///< Real servers, which a foreign client can reach too.
    bool unix_socket = false;
    /// Each through a Dapr sidecar with a Redis of its own. Such nodes cannot extend, renew or
    /// inspect, and take only text for names: the suite then asks for the plain refusal.
    bool dapr = false;

    /// Servers of our own stand behind the nodes.
    bool real() const { return redis || dapr; }
    int quorum() const { return nodes / 2 + 1; }
    int live() const { return nodes - dead; }
};

inline void PrintTo(const ProviderKind& kind, std::ostream* out) { *out << kind.name; }

class ProviderTest : public ::testing::TestWithParam<ProviderKind> {
  protected:
    static constexpr auto kLongTtl = std::chrono::seconds(30);
    static constexpr auto kLongWait = std::chrono::seconds(60);

    void SetUp() override;

    const ProviderKind& kind() const { return GetParam(); }
    /// A service on the nodes; memory nodes belong to one service, servers to all.
    LockService& service() { return *service_; }
    /// Another view of the same nodes: for servers a service of its own, as another process
    /// would have it; for memory nodes the same service.
    LockService& rival();
    /// Opens the service again with other options. Memory nodes start empty.
    void reopen(ServiceOptions options);

    Lock must_acquire(std::string_view resource, AcquireOptions options = {});
    /// Takes the lock away behind the holder's back.
    void take_away(const Lock& lock);
    /// Waits, by the lock's own clock, until its validity has ended.
    static void wait_until_not_held(const Lock& lock);

    /// How many nodes say that somebody holds the resource; behind Dapr: how many of its servers.
    int nodes_holding(LockService& service, std::string_view resource);
    ::testing::AssertionResult nothing_left(LockService& service, std::string_view resource);
    /// For tests of what this kind cannot do: true when it can; else the refusals were checked.
    bool can_extend();

    std::vector<std::unique_ptr<RedisServer>> servers_;  ///< The live ones.
    std::vector<std::unique_ptr<DaprSidecar>> sidecars_;
    std::vector<std::string> uris_;

  private:
    std::optional<LockService> service_;
    std::optional<LockService> rival_;
};

}  // namespace quorumlock::testing
