// The network between client processes and servers: who has which address, how long messages
// take, and which ways are closed.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/env/env.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_link.h"

namespace quorumlock::sim {

/// Between one process and one server, each way for itself.
struct Path {
    Time base = 0;                   ///< Every message takes at least this long,
    Time jitter = 0;                 ///< and up to so much longer.
    std::array<int, 2> blocked{};    ///< Faults that close this way.
    std::array<Time, 2> extra{};     ///< Fault: up to so much longer still.
    std::array<int, 2> trickling{};  ///< Faults that cut messages into crumbs.
    Random luck{0};
};

/// What is alike for a whole run.
struct NetworkTraits {
    std::size_t window = 64 * 1024;  ///< Bytes on a connection that its receiver has not taken.
    bool small_reads = false;        ///< The client reads a few bytes at a time.
    Time first_retransmit = 200 * kMilli;
    Time longest_retransmit = kSecond;
};

class Network {
  public:
    Network(World& world, std::uint64_t seed, int processes, int servers, NetworkTraits traits);
    ~Network();

    World& world() noexcept { return world_; }
    const NetworkTraits& traits() const noexcept { return traits_; }
    Path& path(int process, int server) noexcept {
        return paths_[static_cast<std::size_t>(process * servers_ + server)];
    }

    /// `server` null: an address of nobody; `silent`: where nobody even refuses.
    void add_address(std::string address, std::uint16_t port, SimServer* server, bool silent);
    void add_path(std::string path, SimServer* server);
    /// What a Stream of a process is made of.
    Link& connect(SimProcess& process, const env::Endpoint& to, SimStream& stream);
    const std::vector<std::unique_ptr<Link>>& links() const noexcept { return links_; }

    /// Called when a round command leaves a process for a server.
    std::function<void(int process, int server)> on_round;
    void round_sent(Link& link);

    /// How long one message takes without a link.
    Time way(int process, int server, Way way);

    // ---- what links ask ----
    bool blocked(const Link& link, Way way);
    Time delay(Link& link, Way way);
    std::size_t piece_size(Link& link, Way way);
    Time trickle_gap(Link& link, Way way);
    std::size_t read_size(Link& link);
    std::size_t window() const noexcept { return traits_.window; }
    Time first_retransmit() const noexcept { return traits_.first_retransmit; }
    Time longest_retransmit() const noexcept { return traits_.longest_retransmit; }
    /// 1..size bytes.
    std::size_t part_of(std::size_t size) noexcept { return 1 + luck_.below(size); }
    bool chance(std::uint64_t some, std::uint64_t of) noexcept { return luck_.chance(some, of); }
    std::string& scratch() noexcept { return scratch_; }

  private:
    struct Address {
        std::string text;  ///< an address, or a unix socket's path
        std::uint16_t port;
        SimServer* server;
        bool silent;
    };
    Path& path_of(Link& link) noexcept;

    World& world_;
    const NetworkTraits traits_;
    const int servers_;
    Random luck_;
    std::vector<Path> paths_;
    std::vector<Address> addresses_;
    std::vector<std::unique_ptr<Link>> links_;
    std::string scratch_;
};

}  // namespace quorumlock::sim
