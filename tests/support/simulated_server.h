// The simulated Redis server of tests/sim in real time, behind a port of 127.0.0.1: what the
// simulation believes of a server is then held to the contract, with real threads. It may also lie.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/sim/sim_redis.h"

namespace quorumlock::testing {

/// What a server does that no honest one would. Called and read in the server's own thread.
struct Lies {
    /// Changes the reply to one whole command, given as its bytes, on this connection.
    std::function<void(std::string_view command, std::string& reply, std::int64_t connection)>
        answer{};
    /// Sent over and over, as fast as it is taken, to connections that have sent this word.
    std::string endless{}, after_command{};
};

/// Serves from a thread of its own until it is destroyed. What cannot be done ends the program.
class SimulatedServer {
  public:
    explicit SimulatedServer(Lies lies = {});
    ~SimulatedServer();
    SimulatedServer(const SimulatedServer&) = delete;
    SimulatedServer& operator=(const SimulatedServer&) = delete;

    /// What LockService::open takes.
    std::string uri() const { return "redis://" + label(); }
    std::string label() const { return "127.0.0.1:" + std::to_string(port_); }
    std::uint16_t port() const noexcept { return port_; }

  private:
    struct Connection {
        int socket;
        sim::ClientId id;
        std::string to_send{}, received{};
        bool flooded = false;
    };

    void serve();
    void accept();
    void execute(Connection& connection, std::string_view bytes);
    bool exchange(Connection& connection, short events);
    void end(const Connection& connection);

    const Lies lies_;
    sim::SimRedis redis_;
    int listener_ = -1;
    int stop_ = -1;  ///< An eventfd.
    std::uint16_t port_ = 0;
    std::vector<Connection> connections_;
    std::thread thread_;
};

}  // namespace quorumlock::testing
