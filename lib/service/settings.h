// A service's options after they were checked, and the checks of what a single call may ask.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/node.h>
#include <quorumlock/options.h>
#include <quorumlock/result.h>

#include "lib/base/node_set.h"
#include "lib/protocol/timing.h"

namespace quorumlock::detail {

struct Settings {
    ServiceOptions options;
    std::uint32_t drift_ppm = 10'000;  // drift_factor, whole millionths: the same on every machine
    /// What a quorum of the nodes can do; of names and patience, what the pickiest of them needs.
    nodes::Abilities abilities{};
    NodeSet healers{};     ///< Who can put a lost key back.
    std::string unable{};  ///< The kind of those that cannot extend or inspect.

    protocol::Terms terms(Nanos ttl) const { return {ttl, drift_ppm, options.min_validity}; }
};

/// Every option within its documented bounds, or invalid_argument naming the option and the bound.
Result<Settings> check_options(const ServiceOptions& options);

/// The same with what these nodes can do.
Settings with_nodes(Settings settings, const std::vector<std::unique_ptr<nodes::Node>>& nodes);

/// What is wrong with one call's arguments; nullopt when nothing is. Rules A1, T2, D1.
std::optional<Error> check_resource(std::string_view resource, const Settings& settings);
std::optional<Error> check_ttl(Nanos ttl, const Settings& settings);
std::optional<Error> check_extend(Nanos ttl, const Settings& settings);
std::optional<Error> check_inspect(const Settings& settings);
std::optional<Error> check_acquire(const AcquireOptions& options, const Settings& settings);

}  // namespace quorumlock::detail
