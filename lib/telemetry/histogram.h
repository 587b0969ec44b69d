// Durations counted into Prometheus buckets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <quorumlock/time.h>

namespace quorumlock::telemetry {

class Histogram {
  public:
    /// Upper ends in microseconds: from a round trip on one machine to a lease held for an hour.
    static constexpr std::array<std::int64_t, 20> kEnds{
        100,       250,        500,        1'000,      2'500,       5'000,        10'000,
        25'000,    50'000,     100'000,    250'000,    500'000,     1'000'000,    2'500'000,
        5'000'000, 10'000'000, 30'000'000, 60'000'000, 600'000'000, 3'600'000'000};

    void add(Nanos duration);
    /// The lines of one series. `labels`: `node="a"`, or nothing.
    void append_to(std::string& text, std::string_view name, std::string_view labels) const;

  private:
    std::array<std::uint64_t, kEnds.size() + 1> counts_{};
    Nanos sum_{0};
};

/// "0.0025", without an exponent and without a zero too many.
std::string seconds_of(Nanos time);

}  // namespace quorumlock::telemetry
