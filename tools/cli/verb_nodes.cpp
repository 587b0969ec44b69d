// nodes: which can be reached, and what they are.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <quorumlock/observer.h>

#include "tools/cli/node_text.h"
#include "tools/cli/output.h"
#include "tools/cli/table.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

using nlohmann::ordered_json;

/// What the service says once, e.g. that it takes the servers' youth for a first start.
class Notices final : public Observer {
  public:
    void on_notice(const NoticeEvent& event) override {
        if (event.resource.find("(verify=none)") != event.resource.npos)
            return;  // said by all verbs
        lines.push_back(one_line(event.resource));
    }

    std::vector<std::string> lines;  // to be read when the service has ended
};

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

bool print_nodes(const std::vector<NodeInfo>& nodes, const std::vector<std::string>& notices,
                 std::size_t ready, bool json) {
    if (json) {
        ordered_json object{{"ready", ready}, {"quorum", quorum_of(nodes.size())}};
        for (const NodeInfo& info : nodes) object["nodes"].push_back(describe(info));
        if (!notices.empty()) object["notices"] = notices;
        if (const auto warning = app_id_warning(nodes); !warning.empty()) {
            object["warning"] = warning;
        }
        return print_json(object);
    }
    std::vector<std::vector<std::string>> rows{node_columns()};
    for (const NodeInfo& info : nodes) rows.push_back(row_of(info));
    if (std::fputs(table_text(rows).c_str(), stdout) < 0 || std::fflush(stdout) != 0) return false;
    for (const std::string& notice : notices) {
        std::fprintf(stderr, "quorumlock: nodes: note: %s\n", notice.c_str());
    }
    return true;
}

Result<std::vector<NodeInfo>> ask_nodes(const Context& context, std::shared_ptr<Notices> notices) {
    auto service = context.open(std::move(notices));
    if (!service) return std::move(service).error();
    return service->nodes().get();
}

int run_nodes(const Context& context) {
    const auto notices = std::make_shared<Notices>();
    auto nodes = ask_nodes(context, notices);
    if (!nodes) return context.fail("nodes", nodes.error());
    std::vector<NodeReport> missing;
    for (const NodeInfo& info : *nodes) {
        if (!info.ready) missing.push_back({info.node, NodeVote::failed, info.cause});
    }
    const std::size_t ready = nodes->size() - missing.size();
    if (!print_nodes(*nodes, notices->lines, ready, context.json)) {
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

std::size_t quorum_of(std::size_t nodes) { return nodes / 2 + 1; }

Error too_few(std::size_t count, std::size_t all, const char* did, std::vector<NodeReport> nodes) {
    return Error(
        Errc::no_quorum,
        "no quorum: " + std::to_string(count) + " of " + std::to_string(all) + " nodes " + did,
        std::move(nodes), Nanos{-1});
}

void add_nodes(CLI::App& app, Context& context) {
    CLI::App* verb = app.add_subcommand("nodes", "Which nodes can be reached, and what they are");
    verb->footer("A table for people, one object with --json. Exit code 69: no quorum is ready.");
    verb->callback([&context] { context.action = [&context] { return run_nodes(context); }; });
}

}  // namespace quorumlock::cli
