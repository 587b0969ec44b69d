// A server as on another machine: in a network of its own (a network namespace), with one link to
// ours that can be unplugged. What is sent then is lost, and nobody is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/support/fault_proxy.h"
#include "tests/support/resp_client.h"

namespace quorumlock::testing::faults {

class FarNetwork {
  public:
    /// Throws Skip where the system does not allow one, or has no `ip`.
    FarNetwork();
    ~FarNetwork();
    FarNetwork(const FarNetwork&) = delete;
    FarNetwork& operator=(const FarNetwork&) = delete;

    /// A listening socket there, on any port, and its address.
    FaultProxy::Listener listen() const;
    void unplug() const { set_link("down"); }
    void plug() const { set_link("up"); }

  private:
    explicit FarNetwork(unsigned number);
    /// Runs `f` on a thread that is there, and hands on what it throws.
    void inside(const std::function<void()>& f) const;
    void set_link(const char* state) const;

    std::string near_link_, far_link_, near_address_, far_address_;
    int namespace_ = -1;
};

/// Its end of each connection is there; the server that it passes everything on to is here, where
/// the test can still talk to it.
struct FarServer {
    explicit FarServer(std::uint16_t server_port) : proxy(server_port, network.listen()) {}
    /// Within 200 ms.
    bool answers() const {
        return RespClient(proxy.port(), std::chrono::milliseconds(200), proxy.host())
                   .command({"PING"}) == "PONG";
    }

    FarNetwork network{};
    FaultProxy proxy;
};

}  // namespace quorumlock::testing::faults
