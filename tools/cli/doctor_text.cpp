#include "tools/cli/doctor_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "lib/nodes/redis_info.h"
#include "tools/cli/output.h"
#include "tools/cli/table.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

using nlohmann::ordered_json;

std::string told(const DoctorNode& node, std::string_view key) {
    return node.redis ? one_line(nodes::info_field(node.redis->info, key)) : std::string();
}

std::string version_of(const DoctorNode& node) {
    const std::string valkey = told(node, "valkey_version");
    if (!valkey.empty()) return "valkey " + valkey;
    return node.redis ? told(node, "redis_version") : one_line(node.told.version);
}

std::string role_of(const DoctorNode& node) {
    if (!node.told.app_id.empty()) return "app-id " + one_line(node.told.app_id);
    const std::string role = told(node, "role");
    return role == "slave" ? "replica" : role;
}

Nanos round_trip_of(const DoctorNode& node) {
    return node.redis ? node.redis->round_trip : node.told.round_trip;
}

Severity worst_of(int index, const std::vector<Finding>& findings) {
    Severity worst = Severity::ok;
    for (const Finding& finding : findings) {
        if (finding.node == index) worst = std::max(worst, finding.severity);
    }
    return worst;
}

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

/// Of the certificate that ends first; empty: there is none.
std::string certificate_of(const DoctorNode& node) {
    if (node.certificates.empty()) return "";
    std::int64_t least = days_left(node.certificates.front(), node);
    for (const DoctorCertificate& one : node.certificates) {
        least = std::min(least, days_left(one, node));
    }
    return least < 0 ? "expired" : std::to_string(least) + " d";
}

ordered_json certificates_json(const DoctorNode& node) {
    ordered_json all = ordered_json::array();
    for (const DoctorCertificate& one : node.certificates) {
        all.push_back({{"whose", whose_name(one.whose)},
                       {"subject", one_line(one.it.subject)},
                       {"ends", date_text(one.it.end)},
                       {"days_left", days_left(one, node)}});
    }
    return all;
}

std::vector<std::string> row_of(int index, const DoctorNode& node,
                                const std::vector<Finding>& findings) {
    char trip[32] = "-";
    if (round_trip_of(node) > Nanos{0}) {
        std::snprintf(trip, sizeof trip, "%.3f ms", milliseconds(round_trip_of(node)));
    }
    char clock[32] = "-";
    if (node.redis && node.redis->last_clock) {
        std::snprintf(clock, sizeof clock, "%+.3f s",
                      static_cast<double>(node.redis->last_clock->ahead.count()) / 1e9);
    }
    return {one_line(node.label),
            node.kind,
            severity_name(worst_of(index, findings)),
            or_dash(version_of(node)),
            or_dash(role_of(node)),
            trip,
            clock,
            or_dash(certificate_of(node))};
}

std::string line_of(const Finding& finding, const std::vector<DoctorNode>& nodes) {
    std::string line = std::string(severity_name(finding.severity)) + ": ";
    if (finding.node >= 0) {
        line += one_line(nodes[static_cast<std::size_t>(finding.node)].label) + ": ";
    }
    line += finding.check + ": " + one_line(finding.means) + "\n";
    if (!finding.advice.empty()) line += "  -> " + one_line(finding.advice) + "\n";
    return line;
}

}  // namespace

std::string doctor_text(const std::vector<DoctorNode>& nodes,
                        const std::vector<Finding>& findings) {
    std::vector<std::vector<std::string>> rows{
        {"NODE", "KIND", "STATE", "VERSION", "ROLE", "ROUND TRIP", "CLOCK", "CERTIFICATE"}};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        rows.push_back(row_of(static_cast<int>(i), nodes[i], findings));
    }
    std::string text = table_text(rows);
    std::array<std::size_t, 4> counts{};
    for (const Severity severity :
         {Severity::error, Severity::warning, Severity::note, Severity::ok}) {
        for (const Finding& finding : findings) {
            if (finding.severity != severity) continue;
            ++counts[static_cast<std::size_t>(severity)];
            if (severity != Severity::ok) text += line_of(finding, nodes);
        }
    }
    const auto count = [&](Severity severity, const char* what) {
        const std::size_t n = counts[static_cast<std::size_t>(severity)];
        return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
    };
    text += count(Severity::error, "error") + ", " + count(Severity::warning, "warning") + ", " +
            count(Severity::note, "note") + ", " +
            std::to_string(counts[static_cast<std::size_t>(Severity::ok)]) + " in order\n";
    return text;
}

ordered_json doctor_json(const std::vector<DoctorNode>& nodes, const std::vector<Finding>& findings,
                         int exit_code) {
    ordered_json object{{"result", severity_name(worst(findings))},
                        {"exit_code", exit_code},
                        {"answered", answered(nodes)},
                        {"quorum", quorum_of(nodes.size())}};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const DoctorNode& node = nodes[i];
        ordered_json one{{"node", one_line(node.label)},
                         {"kind", node.kind},
                         {"answered", node.answered()},
                         {"result", severity_name(worst_of(static_cast<int>(i), findings))}};
        if (!version_of(node).empty()) one["version"] = version_of(node);
        if (!role_of(node).empty()) one["role"] = role_of(node);
        if (round_trip_of(node) > Nanos{0}) {
            one["round_trip_ms"] = milliseconds(round_trip_of(node));
        }
        if (node.redis && node.redis->last_clock) {
            one["clock_ahead_ms"] = milliseconds(node.redis->last_clock->ahead);
        }
        if (!node.certificates.empty()) one["certificates"] = certificates_json(node);
        object["nodes"].push_back(std::move(one));
    }
    for (const Finding& finding : findings) {
        ordered_json one{{"check", finding.check}, {"severity", severity_name(finding.severity)}};
        if (finding.node >= 0) {
            one["node"] = one_line(nodes[static_cast<std::size_t>(finding.node)].label);
        }
        one["means"] = one_line(finding.means);
        if (!finding.advice.empty()) one["advice"] = one_line(finding.advice);
        object["findings"].push_back(std::move(one));
    }
    return object;
}

}  // namespace quorumlock::cli
