#include "tools/cli/node_text.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>

#include <nlohmann/json.hpp>

#include "tools/cli/output.h"

namespace quorumlock::cli {
namespace {

using nlohmann::ordered_json;

/// How far its clock is ahead of this machine's, where that is worth a word.
std::optional<Nanos> clock_off(const NodeInfo& info) {
    constexpr Nanos kWorthAWord = std::chrono::seconds(1);
    if (!info.clock_ahead) return std::nullopt;
    const Nanos off = *info.clock_ahead;
    if (off <= kWorthAWord && off >= -kWorthAWord) return std::nullopt;
    return off;
}

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

/// A sidecar's place is told by its application.
std::string role_of(const NodeInfo& info) {
    if (!info.app_id.empty()) return "app-id " + one_line(info.app_id);
    return or_dash(info.role);
}

/// What the cause does not say already (it does tell the time that is left of a guard).
std::string cause_of(const NodeInfo& info) {
    std::string cause = one_line(info.cause);
    if (const auto off = clock_off(info)) {
        char text[64];
        std::snprintf(text, sizeof text, "its clock is %.1f s %s", std::abs(seconds(*off)),
                      *off > Nanos{0} ? "ahead" : "behind");
        if (!cause.empty()) cause += "; ";
        cause += text;
    }
    return cause;
}

}  // namespace

ordered_json describe(const NodeInfo& info) {
    ordered_json object{{"node", info.node}, {"kind", info.kind}, {"ready", info.ready}};
    if (!info.cause.empty()) object["cause"] = one_line(info.cause);
    if (!info.version.empty()) object["version"] = info.version;
    if (!info.role.empty()) object["role"] = info.role;
    if (!info.run_id.empty()) object["run_id"] = info.run_id;
    if (!info.app_id.empty()) object["app_id"] = info.app_id;
    object["round_trip_ms"] = milliseconds(info.round_trip);
    object["backlog"] = info.backlog;
    object["owed_undos"] = info.owed_undos;
    if (info.commands > 0) object["commands"] = info.commands;
    if (info.guarded > Nanos{0}) object["guarded_ms"] = milliseconds(info.guarded);
    if (const auto off = clock_off(info)) object["clock_ahead_ms"] = milliseconds(*off);
    return object;
}

std::vector<std::string> node_columns() {
    return {"NODE", "KIND", "STATE", "VERSION", "ROLE", "ROUND TRIP", "CAUSE"};
}

std::vector<std::string> row_of(const NodeInfo& info) {
    char round_trip[32];
    std::snprintf(round_trip, sizeof round_trip, "%.3f ms", milliseconds(info.round_trip));
    return {one_line(info.node),   info.kind,     info.ready ? "ready" : "not ready",
            or_dash(info.version), role_of(info), info.round_trip > Nanos{0} ? round_trip : "-",
            cause_of(info)};
}

}  // namespace quorumlock::cli
