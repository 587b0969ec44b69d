#include "tools/cli/service_options.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "tools/cli/durations.h"

namespace quorumlock::cli {
namespace {

using std::chrono::seconds;

Result<void> duration(Nanos& into, std::string_view shown, std::string_view text, Bounds bounds) {
    auto value = parse_duration(shown, text, bounds);
    if (!value) return std::move(value).error();
    into = *value;
    return {};
}

Result<void> max_ttl(ServiceOptions& o, std::string_view shown, std::string_view text) {
    return duration(o.max_ttl, shown, text, {limits::kMinTtl, limits::kMaxMaxTtl});
}

Result<void> node_timeout(ServiceOptions& o, std::string_view shown, std::string_view text) {
    return duration(o.node_timeout, shown, text,
                    {limits::kMinNodeTimeout, limits::kMaxNodeTimeout, true});
}

Result<void> connect_timeout(ServiceOptions& o, std::string_view shown, std::string_view text) {
    return duration(o.connect_timeout, shown, text,
                    {limits::kMinNodeTimeout, limits::kMaxNodeTimeout});
}

Result<void> min_validity(ServiceOptions& o, std::string_view shown, std::string_view text) {
    return duration(o.min_validity, shown, text, {Nanos{0}, limits::kMaxMaxTtl});
}

Result<void> drift_factor(ServiceOptions& o, std::string_view shown, std::string_view text) {
    auto value = parse_fraction(shown, text, 0.0, 0.5);
    if (!value) return std::move(value).error();
    o.drift_factor = *value;
    return {};
}

Result<void> retry_delay(ServiceOptions& o, std::string_view shown, std::string_view text) {
    return duration(o.retry_delay, shown, text, {Nanos{0}, seconds(60)});
}

Result<void> retry_delay_max(ServiceOptions& o, std::string_view shown, std::string_view text) {
    return duration(o.retry_delay_max, shown, text, {Nanos{0}, seconds(60)});
}

Result<void> drain_timeout(ServiceOptions& o, std::string_view shown, std::string_view text) {
    return duration(o.drain_timeout, shown, text, {Nanos{0}, seconds(60)});
}

Result<void> max_backlog(ServiceOptions& o, std::string_view shown, std::string_view text) {
    auto value = parse_integer(shown, text, 16, 1'000'000);
    if (!value) return std::move(value).error();
    o.max_backlog = static_cast<std::size_t>(*value);
    return {};
}

Result<void> client_name(ServiceOptions& o, std::string_view shown, std::string_view text) {
    const auto allowed = [](char c) { return c > ' ' && c < 0x7f; };
    if (text.empty() || text.size() > 64 || !std::all_of(text.begin(), text.end(), allowed)) {
        return Error(Errc::invalid_argument,
                     std::string(shown) + ": use 1 to 64 printable ASCII characters, no spaces");
    }
    o.client_name = text;
    return {};
}

Result<void> fence_retention(ServiceOptions& o, std::string_view shown, std::string_view text) {
    return duration(o.fence_retention, shown, text, {2 * o.max_ttl, limits::kMaxWait, true});
}

Result<void> restart_guard(ServiceOptions& o, std::string_view shown, std::string_view text) {
    if (text == "auto") {
        o.restart_guard = RestartGuard::automatic;
    } else if (text == "strict") {
        o.restart_guard = RestartGuard::strict;
    } else if (text == "off") {
        o.restart_guard = RestartGuard::off;
    } else {
        return Error(Errc::invalid_argument, std::string(shown) + ": " + std::string(text) +
                                                 " is none of auto, strict, off");
    }
    return {};
}

constexpr std::array<ServiceOption, 12> kOptions{{
    {"max-ttl", "longest ttl any client of these nodes uses, 10ms..24h [60s]", max_ttl},
    {"fence-retention", "how long an unused fencing counter is kept; 0: 1h or 2*max-ttl [0]",
     fence_retention},
    {"restart-guard", "no vote after a restart: auto, strict, off [auto]", restart_guard},
    {"node-timeout", "a node silent this long has no vote; 0: ttl/20 [0]", node_timeout},
    {"connect-timeout", "what the first round waits for connections [1s]", connect_timeout},
    {"min-validity", "an acquire with less validity left has failed [0]", min_validity},
    {"drift-factor", "how much clocks may differ in speed, 0..0.5 [0.01]", drift_factor},
    {"retry-delay", "first pause between two attempts [10ms]", retry_delay},
    {"retry-delay-max", "the longest pause between two attempts [200ms]", retry_delay_max},
    {"drain-timeout", "time for undoing what is open at the end [1s]", drain_timeout},
    {"max-backlog", "commands that may wait for a silent node [1024]", max_backlog},
    {"client-name", "shown by CLIENT LIST on the servers [quorumlock]", client_name},
}};

}  // namespace

std::span<const ServiceOption> service_options() noexcept { return kOptions; }

const ServiceOption* find_service_option(std::string_view name) noexcept {
    const auto same = [](char a, char b) { return (a == '_' ? '-' : a) == (b == '_' ? '-' : b); };
    for (const ServiceOption& option : kOptions) {
        if (std::equal(option.flag.begin(), option.flag.end(), name.begin(), name.end(), same)) {
            return &option;
        }
    }
    return nullptr;
}

}  // namespace quorumlock::cli
