#include "tests/sim/sim_service.h"

#include <algorithm>

#include "lib/base/check.h"
#include "lib/nodes/node_uri.h"

namespace quorumlock::sim {

std::string password_file(std::size_t node) { return "/secrets/node" + std::to_string(node); }
std::string password_variable(std::size_t node) { return "NODE" + std::to_string(node); }
std::string password(std::size_t node, bool changed) {
    return (changed ? "changed-" : "secret-") + std::to_string(node);
}

SimService::SimService(SimProcess& process, const Plan& plan)
    : process_(process),
      world_plan_(plan),
      plan_(plan.processes[static_cast<std::size_t>(process.index())]) {}

SimService::~SimService() = default;

std::string SimService::uri(std::size_t i) const {
    const NodePlan& node = world_plan_.nodes[i];
    const std::string number = std::to_string(i);
    std::string query = "?name=node" + number;
    if (node.secret == NodePlan::Secret::file) query += "&password_file=" + password_file(i);
    if (node.secret == NodePlan::Secret::variable) query += "&password_env=" + password_variable(i);
    if (node.unix_socket) {
        if (node.server.database != 0) query += "&db=" + std::to_string(node.server.database);
        return "unix:///run/node" + number + query;
    }
    if (world_plan_.dapr) {
        const std::string host = node.by_name ? "node" + number + ".example" : "10.0.0." + number;
        return "dapr://" + host + ":3500/lockstore" + query;
    }
    std::string text = "redis://";
    if (node.secret == NodePlan::Secret::uri) text += ":" + password(i, false) + "@";
    text += node.by_name ? "node" + number + ".example" : "10.0.0." + number;
    if (node.server.database != 0) text += "/" + std::to_string(node.server.database);
    return text + query;
}

void SimService::open() {
    QL_CHECK(!locks_);
    auto settings = detail::check_options(plan_.options);
    const nodes::NodeOptions node_options{plan_.options.connect_timeout, plan_.options.max_backlog,
                                          plan_.options.client_name};
    detail::ServiceState::Nodes nodes;
    for (std::size_t i = 0; i < world_plan_.nodes.size(); ++i) {
        auto parsed = nodes::parse_node_uri(uri(i));
        nodes.push_back(nodes::make_node(std::move(*parsed), node_options, process_));
    }
    auto runner = std::make_unique<SimRunner>(process_, plan_.longest_lag);
    SimRunner* const kept = runner.get();
    auto state = std::make_shared<detail::ServiceState>(std::move(runner), process_, nullptr,
                                                        std::move(*settings), std::move(nodes));
    instances_.push_back({kept, state});
    process_.service = ++number_;
    closing_ = false;
    process_.lead([&] { locks_.emplace(detail::make_service(std::move(state))); });
    opened_at_ = process_.reading();
}

Operation<void> SimService::close() {
    closing_ = true;
    return locks_->close();
}

void SimService::closed(const Result<void>& result, Leftovers& leftovers) {
    std::uint32_t named = 0;
    if (!result) {
        for (const NodeReport& line : result.error().nodes()) {
            named |= 1U << std::stoi(line.node.substr(4));
        }
    }
    leftovers.closed(process_.index(), number_, named);
    locks_.reset();
}

Nanos SimService::round_limit(Nanos ttl) const noexcept {
    return sim::round_limit(plan_.options, ttl);
}

Nanos SimService::first_connections() const noexcept {
    const Nanos gone(process_.reading() - opened_at_);
    return std::max(plan_.options.connect_timeout - gone, Nanos{0});
}

ServiceStats SimService::stats() const {
    ServiceStats all;
    for (const Instance& instance : instances_) {
        const ServiceStats one = instance.state->stats();
        all.leases += one.leases;
        all.operations += one.operations;
        all.pooled_bytes += one.pooled_bytes;
    }
    return all;
}

bool SimService::quiet() const noexcept {
    return std::all_of(instances_.begin(), instances_.end(), [](const Instance& instance) {
        const SimRunner& runner = *instance.runner;
        return runner.idle() && !runner.alive() && runner.expected() == 0;
    });
}

void SimService::resume() {
    for (const Instance& instance : instances_) instance.runner->resume();
}

bool SimService::dismantle() {
    for (Instance& instance : instances_) {
        if (instance.state.use_count() != 1 || !instance.runner->idle()) return false;
    }
    instances_.clear();
    return true;
}

}  // namespace quorumlock::sim
