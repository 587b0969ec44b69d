// Every service option by name, once: flags and the configuration file read the same table.
#pragma once

#include <span>
#include <string_view>

#include <quorumlock/options.h>
#include <quorumlock/result.h>

namespace quorumlock::cli {

struct ServiceOption {
    std::string_view flag;  ///< "max-ttl"; "max_ttl" in a file.
    std::string_view help;
    /// Reads `text` into the options; `shown` is what an error calls the option.
    Result<void> (*apply)(ServiceOptions& options, std::string_view shown, std::string_view text);
};

/// In the order in which they are to be applied: the bounds of some depend on max-ttl.
std::span<const ServiceOption> service_options() noexcept;
/// nullptr: there is no such option. `-` and `_` are the same.
const ServiceOption* find_service_option(std::string_view name) noexcept;

}  // namespace quorumlock::cli
