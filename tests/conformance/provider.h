// The kinds of nodes that come with the library, for the conformance suite, and the servers behind
// them for what only a foreign client can see.
#pragma once

#include <cstdint>
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
    enum class Of : std::uint8_t { memory, redis, dapr };
    struct Made {
        int nodes = 1;
        int dead = 0;    ///< Redis: so many are addresses where nobody listens,
        int frozen = 0;  ///< and so many more got SIGSTOP before anybody connects.
        Of of = Of::memory;
        bool unix_socket = false;
        /// Each server and its clients have certificates of an authority of their own.
        bool tls = false;
    };
    explicit OurWorld(const Made& made);

    std::vector<std::string> uris() override { return uris_; }
    /// Behind Dapr: how many of its servers.
    std::optional<int> holding(std::string_view resource) override;

    std::vector<std::unique_ptr<RedisServer>> servers;  ///< The live ones.
    TempDir certificates;

  private:
    RedisTls make_certificates(int node);
    std::vector<std::unique_ptr<RedisServer>> frozen_;
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
