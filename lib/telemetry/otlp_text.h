// Spans as OTLP JSON, and what a receiver's answer to them means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <quorumlock/telemetry/tracing.h>

#include "lib/env/http.h"

namespace quorumlock::telemetry {

/// A span that waits for its way out.
struct FinishedSpan {
    std::string name;
    Nanos start{0}, end{0};
    std::vector<std::pair<std::string, std::variant<std::string, double, bool>>> attributes;
    bool ok = true;
    std::uint64_t trace_high = 0, trace_low = 0, id = 0;  ///< id and one of the others are not 0.
};

FinishedSpan finished(const Span& span);

/// The body of one export request. Bytes that are no UTF-8 are written as "\xNN".
std::string otlp_request(std::span<const FinishedSpan> spans, const std::string& service_name);

struct OtlpVerdict {
    enum class What : std::uint8_t {
        taken,    ///< All, but for `rejected`.
        again,    ///< Not now: to be sent once more.
        refused,  ///< And will be again; or it may have been taken and must not be sent twice.
    };
    What what = What::refused;
    std::size_t rejected = 0;
    std::string why;  ///< One printable line; empty where there is nothing to say.
    Nanos pause{0};   ///< What the receiver asks for before the next request.
};

/// `secrets` are blanked in what the receiver said.
OtlpVerdict read_otlp_answer(const env::HttpAnswer& answer, std::span<const std::string> secrets);

}  // namespace quorumlock::telemetry
