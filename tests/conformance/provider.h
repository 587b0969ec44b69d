// The kinds of nodes that come with the library, for the conformance suite, and the servers behind
// them for what only a foreign client can see.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/testing/conformance/provider.h>

#include "tests/support/dapr_sidecar.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace quorumlock::testing {

/// Memory nodes, Redis servers, or Dapr sidecars with a Redis of their own each.
class OurWorld final : public ProviderWorld {
  public:
    OurWorld(int nodes, int dead, bool redis, bool dapr, bool unix_socket, bool tls = false);

    std::vector<std::string> uris() override { return uris_; }
    /// Behind Dapr: how many of its servers.
    std::optional<int> holding(std::string_view resource) override;

    std::vector<std::unique_ptr<RedisServer>> servers;  ///< The live ones.
    TempDir certificates;

  private:
    RedisTls make_certificates(int node);

    std::vector<std::unique_ptr<DaprSidecar>> sidecars_;
    std::vector<std::string> uris_;
};

/// For kinds with servers of their own.
class ServerTest : public ProviderTest {
  protected:
    std::vector<std::unique_ptr<RedisServer>>& servers() {
        return static_cast<OurWorld&>(world()).servers;
    }
};

/// For those behind Dapr.
class SidecarTest : public ProviderTest {};

}  // namespace quorumlock::testing
