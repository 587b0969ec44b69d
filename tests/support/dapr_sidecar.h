// A real Dapr sidecar for tests: on loopback, with one lock component on a Redis of the test's, and
// gone when the test is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace quorumlock::testing {

struct DaprOptions {
    std::uint16_t redis_port = 0;  ///< 0: no component at all.
    std::string app_id = "tests";
    std::string api_token{};  ///< DAPR_API_TOKEN of the sidecar.
    std::string redis_password{};
    std::string key_prefix{};  ///< "name" or "none"; empty: Dapr's default, the app-id.
    bool unix_socket = false;
};

/// Not thread-safe. What cannot be done ends the test program.
class DaprSidecar {
  public:
    /// Starts it and waits until it is well.
    explicit DaprSidecar(DaprOptions options);

    /// Where tools/daprd/build has put the program; QUORUMLOCK_DAPRD overrides it.
    static std::string program();
    static bool available();

    std::uint16_t port() const noexcept { return port_; }
    /// The one component's name.
    static constexpr const char* kStore = "lockstore";
    /// What LockService::open takes, with what `query` adds ("?name=x").
    std::string uri(const std::string& query = {}) const;
    /// "127.0.0.1:port/lockstore", as a node's label names it.
    std::string label() const;
    std::string socket_path() const;
    /// The key in Redis of a resource under the default key prefix.
    std::string key(const std::string& resource) const;

    void kill9();
    void freeze();
    void resume();
    /// On the same port, with the same options; kills what runs.
    void restart();
    std::string log() const;

  private:
    bool launch();
    bool wait_until_well();

    DaprOptions options_;
    TempDir dir_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Process> process_;
};

/// What a test of the sidecar begins with: it is skipped where the program is not built, but never
/// in CI.
#define QL_NEEDS_SIDECAR()                                                           \
    if (!::quorumlock::testing::DaprSidecar::available()) {                          \
        if (std::getenv("CI") != nullptr) {                                          \
            FAIL() << "CI needs the Dapr sidecar: run tools/daprd/build";            \
        }                                                                            \
        GTEST_SKIP() << "no Dapr sidecar here: run tools/daprd/build (it needs Go)"; \
    }                                                                                \
    static_assert(true)

}  // namespace quorumlock::testing
