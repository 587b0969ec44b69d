// Durations as people write them: a number and a unit.
#pragma once

#include <string>
#include <string_view>

#include <quorumlock/result.h>
#include <quorumlock/time.h>

namespace quorumlock::cli {

/// Inclusive bounds of a duration option.
struct Bounds {
    Nanos min{0};
    Nanos max = Nanos::max();
    bool zero_allowed = false;  ///< 0 means "choose for me", whatever `min` says.
};

/// "30s", "500ms", "1.5m", "2h", "100us", "0". Anything else, or a value out of `bounds`, is
/// invalid_argument with one line that names `option`, what was given and the bound.
Result<Nanos> parse_duration(std::string_view option, std::string_view text, Bounds bounds);

/// The shortest exact form: "1.5s", "10ms", "24h".
std::string format_duration(Nanos value);

/// A double within min..max, with errors as above.
Result<double> parse_fraction(std::string_view option, std::string_view text, double min,
                              double max);
/// A whole number within min..max, with errors as above.
Result<long long> parse_integer(std::string_view option, std::string_view text, long long min,
                                long long max);

}  // namespace quorumlock::cli
