// A service's options after they were checked, and the checks of what a single call may ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <quorumlock/options.h>
#include <quorumlock/result.h>

#include "lib/protocol/timing.h"

namespace quorumlock::detail {

struct Settings {
    ServiceOptions options;
    std::uint32_t drift_ppm = 10'000;  // drift_factor, whole millionths: the same on every machine

    protocol::Terms terms(Nanos ttl) const { return {ttl, drift_ppm, options.min_validity}; }
};

/// Every option within its documented bounds, or invalid_argument naming the option and the bound.
Result<Settings> check_options(const ServiceOptions& options);

/// What is wrong with one call's arguments; nullopt when nothing is. Rules A1, T2.
std::optional<Error> check_resource(std::string_view resource);
std::optional<Error> check_ttl(Nanos ttl, const Settings& settings);
std::optional<Error> check_acquire(const AcquireOptions& options, const Settings& settings);

}  // namespace quorumlock::detail
