// inspect: looking without touching.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/cli/output.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

using nlohmann::ordered_json;

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

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
    auto resource = std::make_shared<std::string>();
    CLI::App* verb = app.add_subcommand("inspect", "Who holds a lock, node by node, as JSON");
    verb->add_option("RESOURCE", *resource, "what to look at")->required();
    verb->footer(
        "Prints {\"resource\", \"held\", \"holder\", \"remaining_ms\", \"votes\", \"nodes\"}; "
        "remaining_ms null:\nnever ends. Each node may have a \"fence\": the counter that the next "
        "grant counts up.\nWhat is not UTF-8 is printed as base64 in \"resource_base64\", "
        "\"holder_base64\" or\n\"token_base64\". Exit code 69: fewer nodes than a quorum "
        "answered.");
    verb->callback([&context, resource] {
        context.action = [&context, resource] { return run_inspect(context, *resource); };
    });
}

}  // namespace quorumlock::cli
