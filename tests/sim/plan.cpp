#include "tests/sim/plan.h"

#include <algorithm>

#include "lib/protocol/guard.h"

namespace quorumlock::sim {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr Nanos kGuardedTtl = std::chrono::seconds(3);

std::int64_t draw_ppm(Random& random, std::int64_t most) {
    switch (random.below(4)) {
        case 0:
            return random.chance(1, 2) ? most : -most;
        case 1:
            return 0;
        default:
            return random.between(-most, most);
    }
}

void draw_sizes(Plan& plan, Random& random) {
    // Three and five nodes are what people run; the others must work too.
    constexpr std::array<int, 12> kNodes{1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7};
    plan.nodes.resize(static_cast<std::size_t>(random.pick(kNodes)));
    plan.processes.resize(random.below(3) + 1);
    plan.clients.resize(random.below(7) + 2);
    plan.vendors = random.chance(1, 4) ? random.number(1, 2) : 0;
    plan.busy = random.scaled(2 * kSecond, 16 * kSecond);
}

void draw_ttls(Plan& plan, Random& random) {
    const std::size_t count = random.below(3) + 1;
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t ms = random.scaled(10, random.chance(1, 4) ? 300'000 : 8'000);
        plan.ttls.push_back(std::chrono::milliseconds(ms));
    }
}

void draw_resources(Plan& plan, Random& random) {
    const std::size_t count = random.below(4) + 1;
    for (std::size_t i = 0; i < count; ++i) {
        std::string name = "r" + std::to_string(i);
        if (random.chance(1, 16)) name += std::string("\0\r\n\xff", 4);
        if (random.chance(1, 16)) {
            const std::int64_t most = limits::kMaxResourceBytes;
            const auto size = random.chance(1, 4) ? most : random.scaled(64, most);
            name.resize(static_cast<std::size_t>(size), 'x');
        }
        plan.resources.push_back(std::move(name));
    }
}

void draw_node(NodePlan& node, Random& random, Time near, std::int64_t most, bool may_be_off) {
    node.server.ppm = draw_ppm(random, most);
    // Some clocks are off by more than rule F5 lets pass, but no quorum of them.
    const std::int64_t off =
        random.chance(1, 8) && may_be_off ? 600'000'000 : random.scaled(10, 100'000);
    node.server.wall = kWallStart + random.between(-off, off);
    node.server.uptime = random.chance(1, 24) ? random.scaled(1, 10'000'000) : 86'400'000'000;
    node.server.service = random.scaled(kMicro, 50 * kMicro);
    node.base = random.scaled(near, 4 * near);
    node.jitter = random.scaled(node.base / 8 + 1, 2 * node.base);
    const std::uint64_t way = random.below(16);
    node.unix_socket = way == 0;
    node.by_name = way >= 1 && way <= 4;
    node.silent_address = node.by_name && random.chance(1, 3);
    constexpr std::array<NodePlan::Secret, 8> kSecrets{
        NodePlan::Secret::none, NodePlan::Secret::none,    NodePlan::Secret::none,
        NodePlan::Secret::none, NodePlan::Secret::none,    NodePlan::Secret::uri,
        NodePlan::Secret::file, NodePlan::Secret::variable};
    node.secret = random.pick(kSecrets);
    // A unix socket's URI has no place for a password.
    if (node.unix_socket && node.secret == NodePlan::Secret::uri) {
        node.secret = NodePlan::Secret::file;
    }
    node.server.database = random.chance(1, 8) ? random.number(1, 15) : 0;
    node.no_kill = random.chance(1, 16);
    node.no_info = random.chance(1, 24);
}

ServiceOptions draw_options(const Plan& plan, Random& random) {
    ServiceOptions options;
    options.max_ttl = std::max(*std::max_element(plan.ttls.begin(), plan.ttls.end()), kLastTtl);
    if (random.chance(1, 3)) options.node_timeout = Nanos(random.scaled(20 * kMilli, 2 * kSecond));
    options.connect_timeout = Nanos(random.scaled(100 * kMilli, 2 * kSecond));
    if (random.chance(1, 4)) {
        const Nanos least = *std::min_element(plan.ttls.begin(), plan.ttls.end());
        options.min_validity =
            Nanos(random.between(0, std::min<Time>(least.count() / 2, 500 * kMilli)));
    }
    options.drift_factor = static_cast<double>(plan.drift_ppm) / 1e6;
    options.retry_delay = Nanos(random.scaled(2 * kMilli, 50 * kMilli));
    if (random.chance(1, 8)) options.retry_delay = Nanos(0);
    options.retry_delay_max = Nanos(random.scaled(50 * kMilli, kSecond));
    options.drain_timeout = Nanos(random.chance(1, 8) ? 0 : random.scaled(kMilli, 4 * kSecond));
    options.max_backlog = random.chance(1, 2) ? 16 : 1024;
    options.restart_guard = plan.guard;
    return options;
}

void draw_process(Plan& plan, ProcessPlan& process, Random& random, std::int64_t most) {
    process.traits.boot_reading = random.scaled(kSecond, 10'000 * kSecond);
    process.traits.ppm = draw_ppm(random, most);
    process.traits.turn = random.scaled(kMicro, 20 * kMicro);
    process.traits.longest_theft = random.chance(1, 2) ? random.scaled(kMicro, 20 * kMilli) : 0;
    process.longest_lag = random.chance(1, 2) ? random.scaled(kMicro, 20 * kMilli) : 0;
    process.options = draw_options(plan, random);
}

void draw_network(Plan& plan, Random& random) {
    if (random.chance(1, 4)) {
        // Enough for the longest command within a few round trips.
        const bool long_names = std::any_of(plan.resources.begin(), plan.resources.end(),
                                            [](const auto& name) { return name.size() > 100; });
        plan.network.window =
            static_cast<std::size_t>(random.scaled(long_names ? 8'000 : 200, 16'000));
    }
    plan.network.small_reads = random.chance(1, 8);
    plan.network.first_retransmit = random.scaled(20 * kMilli, 200 * kMilli);
    plan.network.longest_retransmit = random.scaled(200 * kMilli, 2 * kSecond);
}

void draw_clients(Plan& plan, Random& random) {
    const int count = static_cast<int>(plan.clients.size());
    const int operations = random.number(40, 85);
    for (int i = 0; i < count; ++i) {
        ClientPlan& client = plan.clients[static_cast<std::size_t>(i)];
        client.process = static_cast<int>(random.below(plan.processes.size()));
        client.operations = operations / count + 1;
    }
}

}  // namespace

Nanos round_limit(const ServiceOptions& options, Nanos ttl) noexcept {
    if (options.node_timeout > Nanos{0}) return options.node_timeout;
    return std::clamp(Nanos(ttl / 20), Nanos(5 * kMilli), Nanos(500 * kMilli));
}

std::int64_t most_ppm(std::uint32_t drift_ppm) noexcept {
    // Both ends off by a: (1 + a)(1 - f) <= 1 - a, so a <= f / (2 - f).
    return drift_ppm * kMillion / (2 * kMillion - drift_ppm);
}

bool Plan::guarded() const noexcept {
    const auto tells = [](const NodePlan& node) { return !node.no_info; };
    return guard == RestartGuard::strict && vendors == 0 && !dapr &&
           std::all_of(nodes.begin(), nodes.end(), tells);
}

bool Plan::excuses(FaultKind kind) const noexcept {
    const bool restarts = kind == FaultKind::crash_lose || kind == FaultKind::restart_storm;
    return sim::excuses(kind) && !(restarts && guarded());
}

Time Plan::guard_span() const noexcept {
    if (guard == RestartGuard::off) return 0;
    const Nanos span =
        protocol::guard_span(processes.front().options.max_ttl, drift_ppm) + Nanos(kSecond);
    return span.count() + span.count() / 2;
}

Plan Plan::draw(std::uint64_t seed) {
    Plan plan;
    plan.seed = seed;
    Random random(seed, Luck::plan);
    plan.strict = random.chance(5, 8);
    draw_sizes(plan, random);
    draw_ttls(plan, random);
    constexpr std::array<RestartGuard, 8> kGuards{
        RestartGuard::strict, RestartGuard::strict, RestartGuard::strict, RestartGuard::automatic,
        RestartGuard::off,    RestartGuard::off,    RestartGuard::off,    RestartGuard::off};
    plan.guard = random.pick(kGuards);
    // A guard of minutes would leave nothing to be seen.
    if (plan.guard != RestartGuard::off) {
        for (Nanos& ttl : plan.ttls) ttl = std::min(ttl, Nanos(kGuardedTtl));
    }
    draw_resources(plan, random);
    constexpr std::array<std::uint32_t, 8> kDrifts{10'000, 10'000, 10'000, 10'000,
                                                   0,      1'000,  50'000, 300'000};
    plan.drift_ppm = random.pick(kDrifts);
    const std::int64_t most = most_ppm(plan.drift_ppm);
    const Time near = random.scaled(40 * kMicro, 500 * kMicro);
    int spare = static_cast<int>(plan.nodes.size()) - plan.quorum();
    for (NodePlan& node : plan.nodes) draw_node(node, random, near, most, --spare >= 0);
    plan.no_kill = random.chance(1, 6);
    for (NodePlan& node : plan.nodes) node.no_kill = node.no_kill || plan.no_kill;
    for (ProcessPlan& process : plan.processes) draw_process(plan, process, random, most);
    draw_network(plan, random);
    draw_clients(plan, random);
    Random dapr(seed, Luck::dapr, 4);
    if (dapr.chance(1, 16)) become_dapr(plan, dapr);
    Random waiting(seed, Luck::waiting);
    draw_waiting(plan, waiting);
    Random faults(seed, Luck::faults);
    draw_faults(plan, faults);
    draw_push_faults(plan, waiting);
    return plan;
}

}  // namespace quorumlock::sim
