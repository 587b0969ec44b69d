// Everything about one run that is drawn before it begins. Leaving a fault or a client out of a
// plan leaves the rest of it alike.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <quorumlock/options.h>

#include "tests/sim/fault.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_process.h"
#include "tests/sim/sim_server.h"

namespace quorumlock::sim {

inline constexpr int kMostNodes = 7;
/// What a right wall clock shows as a run begins, in us.
inline constexpr WallMicros kWallStart = 1'700'000'000'000'000;
/// The ttl of the last acquires: longer than any network here is slow.
inline constexpr Nanos kLastTtl = std::chrono::seconds(2);

/// What a sidecar puts before a resource: lock||APPID||
inline constexpr const char* kDaprKeys = "lock||sim||";

struct NodePlan {
    ServerTraits server;
    Time base = 0, jitter = 0;  ///< of the way there
    bool by_name = false;
    bool silent_address = false;  ///< The name has a first address where nobody answers.
    bool unix_socket = false;
    enum class Secret : std::uint8_t { none, uri, file, variable } secret = Secret::none;
    bool no_kill = false;
    bool no_info = false;
    bool no_tracking = false;
};

struct ProcessPlan {
    ProcessTraits traits;
    Time longest_lag = 0;
    ServiceOptions options;
};

struct ClientPlan {
    int process = 0;
    int operations = 0;
};

struct Plan {
    std::uint64_t seed = 0;
    bool strict = true;                      ///< No fault of this run excuses two holders.
    bool no_kill = false;                    ///< No server of this run allows CLIENT KILL.
    RestartGuard guard = RestartGuard::off;  ///< Of every process.
    bool dapr = false;  ///< The one node is a Dapr sidecar, the server stands behind it.
    std::vector<NodePlan> nodes;
    std::vector<ProcessPlan> processes;
    std::vector<ClientPlan> clients;
    int vendors = 0;  ///< Clients of another make.
    std::vector<std::string> resources;
    std::vector<Nanos> ttls;  ///< of which clients choose
    Time busy = 0;            ///< Until then clients begin new operations.
    std::uint32_t drift_ppm = 10'000;
    NetworkTraits network;
    std::vector<Fault> faults;

    /// A resource's key on the servers.
    std::string key(const std::string& resource) const {
        return dapr ? kDaprKeys + resource : resource;
    }
    int quorum() const noexcept { return static_cast<int>(nodes.size()) / 2 + 1; }
    /// A restart without the data excuses nothing: rule G1 goes for everybody, without exception.
    bool guarded() const noexcept;
    /// After it two holders may be nobody's fault of ours.
    bool excuses(FaultKind kind) const noexcept;
    /// For how long a server may be without a vote after a restart, by any clock here.
    Time guard_span() const noexcept;

    static Plan draw(std::uint64_t seed);
};

/// Makes of a plan, whose rest is drawn but for its faults, one of a world with a Dapr sidecar. In
/// plan_dapr.cpp.
void become_dapr(Plan& plan, Random& random);

/// Makes of a plan, whose rest is drawn but for its faults, perhaps one in which many of a process
/// wait for one resource, and servers that do not tell of changes. In plan_waiting.cpp.
void draw_waiting(Plan& plan, Random& random);
/// What goes wrong with the second connections, beside other faults.
void draw_push_faults(Plan& plan, Random& random);

/// Draws the faults of a plan whose rest is drawn. In plan_faults.cpp.
void draw_faults(Plan& plan, Random& random);

/// How long a round with this ttl may take: rule T5.
Nanos round_limit(const ServiceOptions& options, Nanos ttl) noexcept;

/// The fastest a server and the slowest a client may run, in ppm, so that rule T2 pays for it.
std::int64_t most_ppm(std::uint32_t drift_ppm) noexcept;

}  // namespace quorumlock::sim
