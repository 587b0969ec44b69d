#include "tests/sim/checkers/bounds.h"

#include <algorithm>

#include "lib/service/lease.h"

namespace quorumlock::sim {

namespace {

/// Of commands whose asker is gone, at least: rule N8.
constexpr Nanos kLeastLimit(500 * kMilli);
/// What a node may owe, in terms of max_backlog: ten times that for bare tokens, and what broken
/// connections took with them. All of it may be on its way again at once.
constexpr std::size_t kDebts = 12;
/// A sidecar's undo of what it answered with an error stays owed for a whole ttl (rule D5): as many
/// attempts as are made in one, all clients together.
constexpr std::size_t kSidecarDebts = 10'000;
/// For timers that are late.
constexpr Time kSlack = 100 * kMilli;

Time longest_limit(const SimService& service) {
    const ServiceOptions& options = service.options();
    const Nanos limit =
        std::max({service.round_limit(options.max_ttl), options.connect_timeout, kLeastLimit});
    return limit.count() + service.longest_lag() + kSlack;
}

}  // namespace

void Bounds::report(const SimProcess& process, const std::string& what) {
    verdict_.report("bounds", process.name() + " " + what);
}

void Bounds::look(const SimService& service, int clients) {
    const ServiceStats stats = service.stats();
    const std::size_t most = kPerClient * static_cast<std::size_t>(clients + 1);
    if (stats.leases > most) {
        report(service.process(), "has " + std::to_string(stats.leases) + " leases");
    }
    if (stats.operations > most) {
        report(service.process(), "has " + std::to_string(stats.operations) + " operations");
    }
    const Time silence = service.process().asked_in_silence();
    if (silence > longest_limit(service)) {
        report(service.process(), "asked a node on that had not answered for " + text_of(silence));
    }
    const std::size_t backlog = service.process().longest_backlog();
    if (backlog > service.options().max_backlog) {
        report(service.process(),
               "asked a node on that had " + std::to_string(backlog - 1) + " asks to read");
    }
    const std::size_t instances = service.instances();
    const std::size_t bytes =
        instances * most *
        (sizeof(detail::Lease) + sizeof(detail::Round) + sizeof(detail::OperationState));
    if (stats.pooled_bytes > bytes) {
        report(service.process(), "has pools of " + std::to_string(stats.pooled_bytes) + " bytes");
    }
}

void Bounds::nodes(const SimService& service, const std::vector<NodeInfo>& nodes) {
    const std::size_t most = service.options().max_backlog;
    for (const NodeInfo& node : nodes) {
        if (node.backlog > (3 + kDebts) * most) {
            report(service.process(), "has sent " + std::to_string(node.backlog) + " commands to " +
                                          node.node + " and waits for them");
        }
        const std::size_t debts = node.kind == "dapr" ? kSidecarDebts : kDebts * most;
        if (node.owed_undos > debts) {
            report(service.process(),
                   "owes " + std::to_string(node.owed_undos) + " undos to " + node.node);
        }
    }
}

void Bounds::closed(const SimService& service) {
    const ServiceStats stats = service.stats();
    if (stats.leases != 0) {
        report(service.process(),
               "has " + std::to_string(stats.leases) + " leases after all was closed");
    }
    if (stats.operations != 0) {
        report(service.process(),
               "has " + std::to_string(stats.operations) + " operations after all was closed");
    }
    if (!service.quiet()) {
        report(service.process(), "waits for something after all was closed");
    }
}

void Bounds::gone(const SimProcess& process) {
    if (!process.empty()) report(process, "has timers, tasks or streams when all is gone");
}

}  // namespace quorumlock::sim
