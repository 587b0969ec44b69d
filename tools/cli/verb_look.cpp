// inspect and nodes: looking without touching.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/cli/output.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

using nlohmann::ordered_json;

/// Rule Q1.
std::size_t quorum_of(std::size_t nodes) { return nodes / 2 + 1; }

Error too_few(std::size_t count, std::size_t all, const char* did, std::vector<NodeReport> nodes) {
    return Error(
        Errc::no_quorum,
        "no quorum: " + std::to_string(count) + " of " + std::to_string(all) + " nodes " + did,
        std::move(nodes), Nanos{-1});
}

void put_remaining(ordered_json& object, const std::optional<Nanos>& remaining) {
    if (remaining) {
        object["remaining_ms"] = milliseconds(*remaining);
    } else {
        object["remaining_ms"] = nullptr;  // The key never ends.
    }
}

ordered_json describe(const NodeInspection& node) {
    ordered_json object{{"node", node.node}, {"answered", node.answered}};
    if (!node.answered) {
        object["cause"] = one_line(node.cause);
        return object;
    }
    object["present"] = node.present;
    if (node.present) {
        put_bytes(object, "token", node.token);
        put_remaining(object, node.remaining);
    }
    if (node.fence != 0) object["fence"] = node.fence;
    if (!node.cause.empty()) object["cause"] = one_line(node.cause);
    return object;
}

int run_inspect(const Context& context, const std::string& resource) {
    auto checked = check_resource(resource);
    if (!checked) return context.fail("inspect", checked.error());
    auto service = context.open();
    if (!service) return context.fail("inspect", service.error());
    auto seen = service->inspect(resource).get();
    if (!seen) return context.fail("inspect", seen.error());

    ordered_json object;
    put_bytes(object, "resource", resource);
    object["held"] = !seen->holder.empty();
    if (!seen->holder.empty()) {
        put_bytes(object, "holder", seen->holder);
        put_remaining(object, seen->remaining);
    }
    object["votes"] = seen->votes;
    std::vector<NodeReport> silent;
    for (const NodeInspection& node : seen->nodes) {
        object["nodes"].push_back(describe(node));
        if (!node.answered) silent.push_back({node.node, NodeVote::failed, node.cause});
    }
    if (!print_json(object)) {
        return context.fail("inspect", Error(Errc::closed, "stdout cannot be written"));
    }
    const std::size_t answered = seen->nodes.size() - silent.size();
    if (answered >= quorum_of(seen->nodes.size())) return kOk;
    return context.fail("inspect",
                        too_few(answered, seen->nodes.size(), "answered", std::move(silent)));
}

/// How far its clock is ahead of this machine's, where that is worth a word.
std::optional<Nanos> clock_off(const NodeInfo& info) {
    constexpr Nanos kWorthAWord = std::chrono::seconds(1);
    if (!info.clock_ahead) return std::nullopt;
    const Nanos off = *info.clock_ahead;
    if (off <= kWorthAWord && off >= -kWorthAWord) return std::nullopt;
    return off;
}

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
    if (info.guarded > Nanos{0}) object["guarded_ms"] = milliseconds(info.guarded);
    if (const auto off = clock_off(info)) object["clock_ahead_ms"] = milliseconds(*off);
    return object;
}

/// Columns as wide as their longest cell, two spaces between, nothing behind the last.
bool print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
}

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

/// A sidecar's place is told by its application.
std::string role_of(const NodeInfo& info) {
    if (!info.app_id.empty()) return "app-id " + one_line(info.app_id);
    return or_dash(info.role);
}

/// Several sidecars in one set: each is a vote of its own only for clients of the same app-ids.
std::string app_id_warning(const std::vector<NodeInfo>& nodes) {
    const NodeInfo* first = nullptr;
    for (const NodeInfo& info : nodes) {
        if (info.app_id.empty()) continue;
        if (first == nullptr) first = &info;
        if (info.app_id == first->app_id) continue;
        return one_line("the sidecars " + first->node + " (app-id " + first->app_id + ") and " +
                        info.node + " (app-id " + info.app_id +
                        ") do not exclude each other under Dapr's default keyPrefix, which is the "
                        "app-id; set keyPrefix to name or none in the lock component");
    }
    return "";
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

std::vector<std::string> row_of(const NodeInfo& info) {
    char round_trip[32];
    std::snprintf(round_trip, sizeof round_trip, "%.3f ms", milliseconds(info.round_trip));
    return {one_line(info.node),   info.kind,     info.ready ? "ready" : "not ready",
            or_dash(info.version), role_of(info), info.round_trip > Nanos{0} ? round_trip : "-",
            cause_of(info)};
}

bool print_nodes(const std::vector<NodeInfo>& nodes, std::size_t ready, bool json) {
    if (json) {
        ordered_json object{{"ready", ready}, {"quorum", quorum_of(nodes.size())}};
        for (const NodeInfo& info : nodes) object["nodes"].push_back(describe(info));
        if (const auto warning = app_id_warning(nodes); !warning.empty()) {
            object["warning"] = warning;
        }
        return print_json(object);
    }
    std::vector<std::vector<std::string>> rows{
        {"NODE", "KIND", "STATE", "VERSION", "ROLE", "ROUND TRIP", "CAUSE"}};
    for (const NodeInfo& info : nodes) rows.push_back(row_of(info));
    return print_table(rows);
}

int run_nodes(const Context& context) {
    auto service = context.open();
    if (!service) return context.fail("nodes", service.error());
    auto nodes = service->nodes().get();
    if (!nodes) return context.fail("nodes", nodes.error());
    std::vector<NodeReport> missing;
    for (const NodeInfo& info : *nodes) {
        if (!info.ready) missing.push_back({info.node, NodeVote::failed, info.cause});
    }
    const std::size_t ready = nodes->size() - missing.size();
    if (!print_nodes(*nodes, ready, context.json)) {
        return context.fail("nodes", Error(Errc::closed, "stdout cannot be written"));
    }
    const std::string warning = app_id_warning(*nodes);
    if (!warning.empty() && !context.json) {
        std::fprintf(stderr, "quorumlock: nodes: warning: %s\n", warning.c_str());
    }
    if (ready >= quorum_of(nodes->size())) return kOk;
    return context.fail("nodes", too_few(ready, nodes->size(), "are ready", std::move(missing)));
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
    auto resource = std::make_shared<std::string>();
    CLI::App* verb = app.add_subcommand("inspect", "Who holds a lock, node by node, as JSON");
    verb->add_option("RESOURCE", *resource, "what to look at")->required();
    verb->footer(
        "Prints {\"resource\", \"held\", \"holder\", \"remaining_ms\", \"votes\", \"nodes\"}; "
        "remaining_ms null:\nnever ends. What is not UTF-8 is printed as base64 in "
        "\"resource_base64\", \"holder_base64\"\nor \"token_base64\". Exit code 69: fewer nodes "
        "than a quorum answered.");
    verb->callback([&context, resource] {
        context.action = [&context, resource] { return run_inspect(context, *resource); };
    });
}

void add_nodes(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("nodes", "Which nodes can be reached, and what they are");
    verb->footer("A table for people, one object with --json. Exit code 69: no quorum is ready.");
    verb->callback([&context] { context.action = [&context] { return run_nodes(context); }; });
}

}  // namespace quorumlock::cli
