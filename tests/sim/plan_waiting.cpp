// The plans of worlds in which many wait, and what goes wrong with what wakes them.
#include <algorithm>
#include <chrono>

#include "tests/sim/plan.h"

namespace quorumlock::sim {

namespace {

/// So long that a waiter who was not woken is seen to wait for its end.
constexpr Nanos kLongTtl = std::chrono::seconds(20);

std::uint32_t some_of(Random& random, std::size_t count) {
    std::uint32_t set = 1U << random.below(count);
    while (random.chance(1, 2)) set |= 1U << random.below(count);
    return set;
}

/// At least three clients of one process, and one resource for all.
void draw_crowd(Plan& plan, Random& random) {
    const std::size_t least = 3 + random.below(4);
    while (plan.clients.size() < least) plan.clients.push_back({.process = 0, .operations = 12});
    const int process = static_cast<int>(random.below(plan.processes.size()));
    for (std::size_t i = 0; i < least; ++i) plan.clients[i].process = process;
    plan.resources.resize(1);
    if (plan.guard != RestartGuard::off) return;
    for (ProcessPlan& one : plan.processes) {
        one.options.max_ttl = std::max(one.options.max_ttl, kLongTtl);
    }
}

}  // namespace

void draw_waiting(Plan& plan, Random& random) {
    if (plan.dapr) return;
    const bool none_tells = random.chance(1, 12);
    for (NodePlan& node : plan.nodes) node.no_tracking = random.chance(1, 24) || none_tells;
    if (random.chance(1, 3)) draw_crowd(plan, random);
}

void draw_push_faults(Plan& plan, Random& random) {
    if (plan.dapr || !random.chance(1, 2)) return;
    const int count = random.number(1, 6);
    for (int i = 0; i < count; ++i) {
        Fault fault;
        fault.kind = static_cast<FaultKind>(static_cast<int>(FaultKind::push_cut) +
                                            static_cast<int>(random.below(3)));
        fault.start = random.between(0, plan.busy);
        fault.nodes = some_of(random, plan.nodes.size());
        fault.processes = some_of(random, plan.processes.size());
        plan.faults.push_back(fault);
    }
}

}  // namespace quorumlock::sim
