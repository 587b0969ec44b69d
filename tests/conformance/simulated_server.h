// The simulated Redis server of tests/sim in real time, behind a port of 127.0.0.1: what the
// simulation believes of a server is then held to the contract, with real threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/sim/sim_redis.h"

namespace quorumlock::testing {

/// Serves from a thread of its own until it is destroyed. What cannot be done ends the program.
class SimulatedServer {
  public:
    SimulatedServer();
    ~SimulatedServer();
    SimulatedServer(const SimulatedServer&) = delete;
    SimulatedServer& operator=(const SimulatedServer&) = delete;

    /// What LockService::open takes.
    std::string uri() const { return "redis://127.0.0.1:" + std::to_string(port_); }

  private:
    struct Connection {
        int socket;
        sim::ClientId id;
        std::string to_send{};
    };

    void serve();
    void accept();
    bool exchange(Connection& connection, short events);
    void end(const Connection& connection);

    sim::SimRedis redis_;
    int listener_ = -1;
    int stop_ = -1;  ///< An eventfd.
    std::uint16_t port_ = 0;
    std::vector<Connection> connections_;
    std::thread thread_;
};

}  // namespace quorumlock::testing
