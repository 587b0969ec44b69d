// The plans of worlds with a Dapr sidecar.
#include <algorithm>

#include "tests/sim/plan.h"

namespace quorumlock::sim {

void become_dapr(Plan& plan, Random& random) {
    plan.dapr = true;
    // Beyond ten times that many undos a refusal is believed, be it a lie or not.
    for (ProcessPlan& process : plan.processes) process.options.max_backlog = 1024;
    plan.nodes.resize(1);
    NodePlan& node = plan.nodes[0];
    node.unix_socket = false;
    node.secret = NodePlan::Secret::none;
    node.server.database = 0;
    node.no_info = false;
    node.no_kill = true;  // There is no connection of ours to kill: undos are repeated (rule D5).
    for (std::size_t i = 0; i < plan.resources.size(); ++i) {
        plan.resources[i] =
            "r" + std::to_string(i) + (random.chance(1, 8) ? "\"\\ \n\xc3\xa9" : "");
    }
    // Leases are whole seconds, so some that are longer than that.
    plan.ttls.push_back(std::chrono::milliseconds(random.scaled(2'000, 60'000)));
    for (ProcessPlan& process : plan.processes) {
        ServiceOptions& options = process.options;
        options.max_ttl =
            std::max({*std::max_element(plan.ttls.begin(), plan.ttls.end()), kLastTtl});
        // Rule D6, or what somebody wants who has no such patience.
        options.node_timeout =
            Nanos(random.chance(1, 2) ? 8 * kSecond : random.scaled(100 * kMilli, 4 * kSecond));
    }
}

}  // namespace quorumlock::sim
