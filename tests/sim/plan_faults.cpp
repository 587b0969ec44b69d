// Which faults a run has, and when.
#include <algorithm>

#include "tests/sim/plan.h"

namespace quorumlock::sim {

namespace {

std::uint32_t all_of(std::size_t count) { return (1U << count) - 1; }

/// Any non-empty subset, small ones more often.
std::uint32_t some_of(Random& random, std::size_t count) {
    std::uint32_t set = 1U << random.below(count);
    while (random.chance(1, 3)) set |= 1U << random.below(count);
    return set;
}

/// Of our own connections to servers: there are none where a sidecar stands in between.
bool is_of_links(FaultKind kind) {
    switch (kind) {
        case FaultKind::reset_before:
        case FaultKind::reset_after:
        case FaultKind::reset_client:
        case FaultKind::half_open:
        case FaultKind::trickle:
        case FaultKind::scripts_flushed:
        case FaultKind::password_changed:
        case FaultKind::garbage:
        case FaultKind::odd_error:
            return true;
        default:
            return false;
    }
}

std::vector<FaultKind> draw_kinds(const Plan& plan, Random& random) {
    std::vector<FaultKind> kinds;
    for (int i = 0; i < (plan.dapr ? kSidecarFaultKinds : kCommonFaultKinds); ++i) {
        const auto kind = static_cast<FaultKind>(i);
        const bool wanted = random.chance(1, 3);
        if (plan.dapr && is_of_links(kind)) continue;
        if (wanted && !(plan.strict && plan.excuses(kind))) kinds.push_back(kind);
    }
    if (kinds.empty()) {
        kinds.push_back(plan.dapr ? FaultKind::sidecar_lies : FaultKind::reset_after);
    }
    // Where nothing can be killed, what a broken connection still carries is what matters.
    if (plan.no_kill && !plan.dapr) kinds.insert(kinds.end(), 3, FaultKind::reset_client);
    return kinds;
}

/// What the kinds make of Fault::amount and Fault::flag.
void draw_amount(const Plan& plan, Fault& fault, Random& random) {
    const std::int64_t most = most_ppm(plan.drift_ppm);
    switch (fault.kind) {
        case FaultKind::delay:  // the longest further delay
            fault.amount = random.scaled(kMilli, kSecond);
            break;
        case FaultKind::slow:  // how long it takes for what has arrived
            fault.amount = random.scaled(kMilli, 300 * kMilli);
            break;
        case FaultKind::crash_keep:
        case FaultKind::crash_lose:  // with its machine?
            fault.flag = random.chance(1, 3);
            break;
        case FaultKind::restart_storm:  // how often; without the data?
            fault.amount = random.number(2, 6);
            fault.flag = (!plan.strict || plan.guarded()) && random.chance(1, 2);
            break;
        case FaultKind::sidecar_late:  // by so much
            fault.amount = random.scaled(kMilli, 4 * kSecond);
            break;
        case FaultKind::reset_client:  // how much later what was sent may arrive; only a part?
            fault.amount = random.scaled(10 * kMilli, 2 * kSecond);
            fault.flag = random.chance(1, 2);
            break;
        case FaultKind::one_way:  // to the client? else to the server
            fault.flag = random.chance(1, 2);
            break;
        case FaultKind::garbage:  // which
            fault.amount = random.number(1, 8);
            break;
        case FaultKind::wall_forward:
        case FaultKind::wall_back:  // by so many microseconds
            fault.amount = random.scaled(1'000, 60'000'000);
            break;
        case FaultKind::drift:
            fault.amount = random.between(-most, most);
            fault.flag = random.chance(1, 2);  // a server's clock, else a client's
            break;
        case FaultKind::drift_beyond:
            fault.amount = random.scaled(2 * most + 2'000, 3 * most + 200'000);
            break;
        default:
            break;
    }
}

bool is_of_replies(FaultKind kind) {
    return kind == FaultKind::garbage || kind == FaultKind::odd_error;
}

bool is_at_once(FaultKind kind) {
    switch (kind) {
        case FaultKind::reset_before:
        case FaultKind::reset_after:
        case FaultKind::reset_client:
        case FaultKind::half_open:
        case FaultKind::scripts_flushed:
        case FaultKind::garbage:
        case FaultKind::odd_error:
        case FaultKind::flushed:
        case FaultKind::foreign_delete:
        case FaultKind::wall_forward:
        case FaultKind::wall_back:
        case FaultKind::drift:
        case FaultKind::client_wall:
        case FaultKind::death:
            return true;
        default:
            return false;
    }
}

/// Those of one machine only: servers', then clients'.
bool is_of_servers(FaultKind kind) {
    return kind >= FaultKind::freeze && kind <= FaultKind::wall_back && !is_of_replies(kind);
}

bool is_of_clients(FaultKind kind) {
    return kind >= FaultKind::client_wall && kind <= FaultKind::lookup_hangs;
}

bool is_of_sidecars(FaultKind kind) { return kind >= FaultKind::sidecar_lies; }

Fault draw_fault(const Plan& plan, FaultKind kind, Random& random) {
    Fault fault;
    fault.kind = kind;
    fault.start = random.between(0, plan.busy);
    if (!is_at_once(kind)) {
        fault.length = random.scaled(kMilli, std::max(plan.busy / 3, 2 * kMilli));
    }
    fault.nodes = some_of(random, plan.nodes.size());
    fault.processes = random.chance(1, 2) ? all_of(plan.processes.size())
                                          : some_of(random, plan.processes.size());
    if (is_of_servers(kind) || is_of_sidecars(kind)) {
        fault.processes = all_of(plan.processes.size());
    }
    if (is_of_clients(kind)) {
        fault.nodes = all_of(plan.nodes.size());
        fault.processes = some_of(random, plan.processes.size());
    }
    draw_amount(plan, fault, random);
    return fault;
}

}  // namespace

void draw_faults(Plan& plan, Random& random) {
    const std::vector<FaultKind> kinds = draw_kinds(plan, random);
    const int count = random.number(4, 28);
    bool died = false;
    for (int i = 0; i < count; ++i) {
        const FaultKind kind = kinds[random.below(kinds.size())];
        const Fault fault = draw_fault(plan, kind, random);
        // One death a run, and never of all: somebody has to see that the world goes on.
        if (kind == FaultKind::death) {
            if (died || plan.processes.size() == 1) continue;
            died = true;
        }
        plan.faults.push_back(fault);
    }
    std::stable_sort(plan.faults.begin(), plan.faults.end(),
                     [](const Fault& a, const Fault& b) { return a.start < b.start; });
}

}  // namespace quorumlock::sim
