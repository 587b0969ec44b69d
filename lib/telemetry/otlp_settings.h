// Where spans go and with what, checked: options first, then OpenTelemetry's variables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <quorumlock/result.h>
#include <quorumlock/telemetry/otlp.h>

#include "lib/env/env.h"

namespace quorumlock::telemetry {

struct OtlpEndpoint {
    std::string host;  ///< A name or a numeric address; to be looked up.
    std::uint16_t port = 80;
    std::string authority;  ///< For the Host header.
    std::string target;     ///< "/v1/traces"
};

struct OtlpSettings {
    OtlpOptions options;
    OtlpEndpoint to;
    std::vector<std::string> headers;  ///< Whole lines.
    std::vector<std::string> secrets;  ///< What no message may contain.
    std::string service_name;
};

/// invalid_argument names the option or the variable, and what it may be; never its value.
Result<OtlpSettings> read_otlp_settings(OtlpOptions options, env::Env& env);

}  // namespace quorumlock::telemetry
