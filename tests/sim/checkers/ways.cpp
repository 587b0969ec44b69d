#include "tests/sim/checkers/ways.h"

#include <algorithm>

#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

Ways::Ways(World& world, const Plan& plan)
    : world_(world), ways_(plan.processes.size() * kMostNodes) {
    // Rule G1 goes for servers that have just started, too.
    for (std::size_t i = 0; i < ways_.size(); ++i) {
        const std::size_t node = i % kMostNodes;
        if (node >= plan.nodes.size()) continue;
        if (plan.nodes[node].server.uptime * kMicro < plan.guard_span()) {
            ways_[i].healed = plan.guard_span();
        }
    }
}

Ways::Way& Ways::way(int process, int node) noexcept {
    return ways_[static_cast<std::size_t>(process * kMostNodes + node)];
}

void Ways::trouble(int process, int node, int by, Time until) {
    Way& between = way(process, node);
    between.troubles += by;
    between.healed = std::max(between.healed, until);
}

void Ways::on_greeted(Link& link) {
    Way& between = way(link.process().index(), link.node());
    between.link = &link;
    between.greeted = world_.now();
    between.all.emplace_back(link.number(), world_.now());
}

void Ways::on_sidecar_trouble(const SimProcess& process, int node, Time pause) {
    Way& between = way(process.index(), node);
    between.asked = std::max(between.asked, world_.now() + pause);
}

Time Ways::sidecar_asked_since(const SimProcess& process, int node) {
    Way& between = way(process.index(), node);
    if (between.troubles > 0) return kNever;
    between.healed = std::max(between.healed, process.asleep_until());
    return std::max(between.healed, between.asked);
}

Time Ways::greeted_behind(int process, int node, std::uint32_t link) const noexcept {
    const Way& between = ways_[static_cast<std::size_t>(process * kMostNodes + node)];
    for (const auto& [number, at] : between.all) {
        if (number > link) return at;
    }
    return between.greeted;
}

Time Ways::greeted(int process, int node) const noexcept {
    return ways_[static_cast<std::size_t>(process * kMostNodes + node)].greeted;
}

Time Ways::in_order_since(const SimProcess& process, int service, int node) {
    Way& between = way(process.index(), node);
    if (between.troubles > 0 || between.link == nullptr) return kNever;
    const Link& link = *between.link;
    if (!link.has_client() || link.peer() != Link::Peer::talking || link.is_dead()) return kNever;
    if (link.service != service) return kNever;
    const bool clogged = link.clogged(world_.now());
    between.healed = std::max({between.healed, process.asleep_until(),
                               clogged ? std::max(world_.now(), link.all_arrived_at()) : Time{0}});
    return std::max(between.healed, between.greeted);
}

Time Ways::in_order_since(const SimProcess& process, int service, int node_count, int needed) {
    std::array<Time, kMostNodes> since;
    since.fill(kNever);
    for (int node = 0; node < node_count; ++node) {
        since[static_cast<std::size_t>(node)] = in_order_since(process, service, node);
    }
    std::sort(since.begin(), since.end());
    return since[static_cast<std::size_t>(needed - 1)];
}

}  // namespace quorumlock::sim
