// A fault of the table: what it is, and how it begins and ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/redis_server.h"

namespace quorumlock::testing::faults {

class World;

/// What the workload may be asked while the fault lasts.
enum class Reach : std::uint8_t {
    minority,  ///< Grants go on.
    all,       ///< They may stop, and go on when it is over.
};

struct FaultCase {
    std::string name;  ///< Lower case, with dashes.
    std::string what;  ///< One line: what is done, to how many of the five.
    Reach reach = Reach::minority;
    /// Each server behind a proxy (World::proxy).
    bool proxied = false;
    /// The workload uses only locks that have so many votes.
    int votes = 0;
    std::function<RedisOptions(World&, int server)> options{};
    /// Behind the start of the servers; may change the World's uris.
    std::function<void(World&)> prepare{};
    /// Throws std::runtime_error where the fault does not strike: the row would show nothing.
    std::function<void(World&)> begin{};
    /// Again and again while it lasts, every kAgain.
    std::function<void(World&)> during{};
    /// After it all five can vote again.
    std::function<void(World&)> end{};
};

inline constexpr std::chrono::milliseconds kAgain{100};

/// What a fault does to a server, done to two of them or to all.
std::function<void(World&)> on_victims(void (*f)(World&, int));
std::function<void(World&)> on_all(void (*f)(World&, int));

/// All of them, in the order of the table.
const std::vector<FaultCase>& all_faults();

std::vector<FaultCase> process_faults();
std::vector<FaultCase> network_faults();
std::vector<FaultCase> link_faults();
std::vector<FaultCase> refusal_faults();
std::vector<FaultCase> data_faults();
std::vector<FaultCase> client_faults();

}  // namespace quorumlock::testing::faults
