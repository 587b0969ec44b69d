#include "tests/sim/simulation.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

/// With less than this left of its lease a lock is worth waiting for.
constexpr Time kSoon = 50 * kMilli;
/// How often the checkers look at what is neither a command nor a turn.
constexpr Time kLookEvery = 250 * kMilli;
constexpr std::uint16_t kPort = 6379;

}  // namespace

Simulation::Simulation(const Plan& plan, bool telling)
    : plan_(plan),
      trace_(telling),
      judge_(std::make_unique<Judge>(world_, plan_, servers_)),
      bounds_(judge_->verdict) {
    network_ = std::make_unique<Network>(world_, plan.seed, static_cast<int>(plan.processes.size()),
                                         static_cast<int>(plan.nodes.size()), plan.network);
    make_servers();
    if (plan_.dapr) make_sidecar();
    make_processes();
    make_clients();
    make_vendors();
    faults_ = std::make_unique<FaultDriver>(
        Scene{world_, plan_, *network_, names_, servers_, processes_, dapr_.get()}, *this);
    network_->on_round = [this](int process, int server) { faults_->touch(process, server); };
}

void Simulation::look_around() {
    judge_->leftovers.look();
    for (const auto& service : services_) {
        bounds_.look(*service, static_cast<int>(clients_.size()));
    }
    world_.arm(look_, world_.now() + kLookEvery);
}

Simulation::~Simulation() {
    // Locks and operations that a violation has left behind need their services.
    clients_.clear();
    services_.clear();
}

void Simulation::make_servers() {
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
        const NodePlan& node = plan_.nodes[i];
        servers_.push_back(std::make_unique<SimServer>(world_, plan_.seed, static_cast<int>(i),
                                                       node.server, *judge_));
        SimServer& server = *servers_.back();
        SimRedisState& state = server.redis().state;
        state.no_kill = node.no_kill;
        state.no_info = node.no_info;
        state.no_tracking = node.no_tracking;
        if (node.secret != NodePlan::Secret::none) state.password = password(i, false);
        const std::string number = std::to_string(i);
        if (node.unix_socket) {
            network_->add_path("/run/node" + number, &server);
        } else {
            network_->add_address("10.0.0." + number, kPort, &server, false);
        }
        if (!node.by_name) continue;
        auto& addresses = names_.addresses["node" + number + ".example"];
        if (node.silent_address) {
            addresses.push_back("10.9.0." + number);
            network_->add_address("10.9.0." + number, kPort, nullptr, true);
        }
        addresses.push_back("10.0.0." + number);
    }
}

void Simulation::make_sidecar() {
    dapr_ = std::make_unique<SimDapr>(world_, *network_, plan_.seed, *servers_[0], *judge_);
    dapr_->add_address("10.0.0.0", false);
    dapr_->add_address("10.9.0.0", true);
}

void Simulation::make_processes() {
    for (std::size_t i = 0; i < plan_.processes.size(); ++i) {
        processes_.push_back(std::make_unique<SimProcess>(
            world_, *network_, names_, plan_.seed, static_cast<int>(i), plan_.processes[i].traits));
        SimProcess& process = *processes_.back();
        process.dapr = dapr_.get();
        process.after_turn = [this, &process] { judge_->poll(process); };
        for (std::size_t n = 0; n < plan_.nodes.size(); ++n) {
            process.files[password_file(n)] = password(n, false) + "\n";
            process.variables[password_variable(n)] = password(n, false);
            Path& path = network_->path(static_cast<int>(i), static_cast<int>(n));
            path.base = plan_.nodes[n].base;
            path.jitter = plan_.nodes[n].jitter;
        }
        judge_->leftovers.know(process, Nanos(plan_.processes[i].longest_lag),
                               plan_.processes[i].options);
        services_.push_back(std::make_unique<SimService>(process, plan_));
        services_.back()->open();
    }
}

void Simulation::make_clients() {
    for (std::size_t i = 0; i < plan_.clients.size(); ++i) {
        if (plan_.clients[i].operations == 0) continue;
        SimService& service = *services_[static_cast<std::size_t>(plan_.clients[i].process)];
        clients_.push_back(
            std::make_unique<SimClient>(service, *judge_, bounds_, plan_, static_cast<int>(i)));
        clients_.back()->start();
    }
}

void Simulation::make_vendors() {
    for (int i = 0; i < plan_.vendors; ++i) {
        vendors_.push_back(std::make_unique<Vendor>(world_, plan_, servers_, *judge_, i));
        vendors_.back()->start();
    }
}

void Simulation::on_death(int process) {
    SimProcess& dead = *processes_[static_cast<std::size_t>(process)];
    judge_->exclusion.died(dead);
    judge_->deadlines.forget(dead);
    judge_->leftovers.died(process);
    judge_->lines.died(process);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        const auto index = static_cast<std::size_t>(clients_[i]->index());
        if (plan_.clients[index].process == process) clients_[i]->die();
    }
}

void Simulation::on_new_password(int server, bool changed) {
    const auto i = static_cast<std::size_t>(server);
    if (plan_.nodes[i].secret == NodePlan::Secret::none) return;
    const std::string now = password(i, changed);
    servers_[i]->redis().state.password = now;
    for (const auto& process : processes_) {
        process->files[password_file(i)] = now + "\n";
        process->variables[password_variable(i)] = now;
    }
}

// ---- the phases of a run ----

void Simulation::say(const char* phase) {
    trace_.note(world_.now(), Mark::phase, 0, std::string_view(phase),
                [&] { return std::string("--- ") + phase; });
}

void Simulation::be_busy() {
    say("busy");
    world_.arm(look_, kLookEvery);
    run_until(plan_.busy, [] { return false; });
}

void Simulation::settle() {
    say("faults cease");
    faults_->cease();
    // Who is asleep sleeps on; the others are not kept busy meanwhile.
    Time awake = world_.now();
    for (const auto& process : processes_) awake = std::max(awake, process->asleep_until());
    run_until(awake - world_.now(), [] { return false; });
    judge_->progress.healed();
    for (const auto& client : clients_) client->stop();
    for (const auto& vendor : vendors_) vendor->stop();
    run_until(10 * kMinute, [&] {
        return std::all_of(clients_.begin(), clients_.end(),
                           [](const auto& client) { return client->idle(); });
    });
    if (!judge_->verdict.broken()) judge_->deadlines.finish();
}

bool Simulation::is_there(SimClient& client) const {
    SimService& service = client.service();
    return !service.process().dead() && service.is_open() && !service.closing();
}

SimClient* Simulation::anybody() {
    for (const auto& client : clients_) {
        if (is_there(*client)) return client.get();
    }
    return nullptr;
}

void Simulation::acquire_all() {
    say("last acquires");
    SimClient* const client = anybody();
    if (client == nullptr) return;
    for (int resource = 0; resource < static_cast<int>(plan_.resources.size()); ++resource) {
        acquire_last(*client, resource);
        if (judge_->verdict.broken()) return;
    }
}

void Simulation::acquire_last(SimClient& client, int resource) {
    // Whoever asks without a pause must not do so for long, and nobody through a long lease.
    Progress& progress = judge_->progress;
    Time idle = progress.leases_end(resource) - world_.now() - kSoon;
    if (client.asks_without_pause()) {
        idle = std::max(idle, progress.healed_at() + kReconnected - world_.now());
    }
    if (idle > 0) run_until(idle, [] { return false; });
    bool done = false;
    bool granted = false;
    const Nanos wait = progress.longest_wait(resource, client.service().options(),
                                             client.service().round_limit(kLastTtl));
    const bool fence = clocks_are_right(client.service().process());
    client.acquire_for_sure(resource, kLastTtl, wait, fence, [&](bool got) {
        done = true;
        granted = got;
    });
    run_until(wait.count() + kMinute, [&] { return done; });
    if (judge_->verdict.broken()) return;
    if (!granted) {
        return judge_->verdict.report(
            "progress", "nobody gets r" + std::to_string(resource) + " although all is well again");
    }
    client.stop();
    run_until(kMinute, [&] { return client.idle(); });
}

/// So many servers may start a counter for this process: rule F5.
int Simulation::right_clocks(const SimProcess& process) const {
    constexpr WallMicros kRight = 4'000'000;
    if (plan_.drift_ppm > 10'000) return 0;  // They may go wrong while it waits.
    const auto right = [this](const auto& server) {
        const WallMicros off = server->wall() - kWallStart - world_.now() / kMicro;
        return std::abs(off) < kRight;
    };
    if (std::abs(process.wall_shift) >= kRight * kMicro) return 0;
    return static_cast<int>(std::count_if(servers_.begin(), servers_.end(), right));
}

void Simulation::close_all() {
    say("close");
    std::size_t open = 0;
    for (const auto& service : services_) {
        if (service->process().dead() || !service->is_open()) continue;
        close(*service, open);
    }
    run_until(kMinute, [&] { return open == 0; });
    world_.disarm(look_);
    if (judge_->verdict.broken()) return;
    judge_->leftovers.look();
    judge_->leftovers.at_the_end();
}

void Simulation::close(SimService& service, std::size_t& open) {
    ++open;
    judge_->exclusion.closing(service.process());
    service.close().then([this, &service, &open](const Result<void>& result) {
        --open;
        service.closed(result, judge_->leftovers);
    });
}

void Simulation::take_apart() {
    burying_ = true;
    if (judge_->verdict.broken()) {
        world_.disarm(look_);
        faults_->cease();
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            if (processes_[i]->dead()) continue;
            processes_[i]->die();
            on_death(static_cast<int>(i));
        }
    }
    // The dead come back without a network, to be buried in order.
    for (std::size_t i = 0; i < processes_.size(); ++i) {
        if (!processes_[i]->dead()) continue;
        processes_[i]->bury();
        services_[i]->resume();
    }
    for (const auto& client : clients_) client->bury();
    std::size_t open = 0;
    for (const auto& service : services_) {
        if (!service->is_open()) continue;
        if (service->closing()) {
            service->abandon();  // Its process died while it was being closed.
        } else {
            close(*service, open);
        }
    }
    run_until(2 * kMinute, [&] { return open == 0; });
    run_until(kMinute, [] { return false; });
    clients_.clear();
    for (const auto& service : services_) {
        bounds_.closed(*service);
        if (!service->dismantle()) {
            judge_->verdict.report("bounds", "a closed service of " + service->process().name() +
                                                 " is still held by something");
        }
        bounds_.gone(service->process());
    }
}

Outcome Simulation::run() {
    be_busy();
    if (!judge_->verdict.broken()) settle();
    if (!judge_->verdict.broken()) acquire_all();
    if (!judge_->verdict.broken()) wake_last();
    if (!judge_->verdict.broken()) close_all();
    const Time lasted = world_.now();
    const std::uint64_t hash = trace_.hash();
    take_apart();
    Outcome outcome;
    outcome.seed = plan_.seed;
    outcome.strict = plan_.strict;
    if (judge_->verdict.broken()) outcome.violation = judge_->verdict.violation();
    outcome.hash = hash;
    outcome.grants = judge_->exclusion.grants();
    outcome.operations = judge_->deadlines.operations();
    outcome.faults = faults_->begun();
    outcome.hits = faults_->hits();
    outcome.excused_overlaps = judge_->exclusion.excused_overlaps();
    outcome.excused_time = judge_->exclusion.excused_time();
    outcome.lasted = lasted;
    outcome.steps = world_.steps();
    outcome.lines = trace_.lines();
    return outcome;
}

Outcome run_seed(std::uint64_t seed) {
    const Plan plan = Plan::draw(seed);
    return Simulation(plan, false).run();
}

}  // namespace quorumlock::sim
