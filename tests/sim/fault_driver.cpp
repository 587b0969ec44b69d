#include "tests/sim/fault_driver.h"

#include <algorithm>
#include <utility>

namespace quorumlock::sim {

namespace {

bool has(std::uint32_t set, int i) { return (set >> i & 1U) != 0; }

}  // namespace

/// One fault of the plan: it begins, perhaps goes through stages, and ends.
class FaultDriver::Running final : public Event {
  public:
    Running(FaultDriver& owner, const Fault& what) : driver(owner), fault(what) {}
    void fire() override {
        if (!begun) {
            driver.begin(*this);
        } else if (fault.kind == FaultKind::restart_storm && stage < 2 * fault.amount) {
            driver.next_of_storm(*this);
        } else {
            driver.end(*this);
        }
    }

    FaultDriver& driver;
    Fault fault;
    bool begun = false;
    bool over = false;
    bool hit = false;
    std::uint32_t held_down = 0;  ///< The nodes that this one has taken down.
    std::int64_t stage = 0;
};

FaultDriver::FaultDriver(const Scene& scene, FaultEvents& events) : scene_(scene), events_(events) {
    for (const auto& server : scene_.servers) honest_server_ppm_.push_back(server->clock().ppm());
    for (const Fault& fault : scene_.plan.faults) {
        running_.emplace_back(*this, fault);
        scene_.world.arm(running_.back(), fault.start);
    }
}

FaultDriver::~FaultDriver() = default;

void FaultDriver::cease() {
    for (Running& running : running_) {
        if (running.over) continue;
        scene_.world.disarm(running);
        if (running.begun) {
            end(running);
        } else {
            running.over = true;
        }
    }
    for (const auto& link : scene_.network.links()) link->spare();
}

void FaultDriver::touch(int process, int server) noexcept {
    for (Running& running : running_) {
        if (!running.begun || running.over || running.hit) continue;
        if (!has(running.fault.processes, process) || !has(running.fault.nodes, server)) continue;
        running.hit = true;
        ++hits_;
    }
}

void FaultDriver::begin(Running& running) {
    const Fault& fault = running.fault;
    running.begun = true;
    ++begun_;
    scene_.world.trace().note(scene_.world.now(), Mark::fault,
                              static_cast<std::uint64_t>(fault.kind), fault.nodes,
                              [&] { return "FAULT " + describe(fault); });
    for (const auto& link : scene_.network.links()) {
        if (link->round_open && link->server() != nullptr) {
            touch(link->process().index(), link->server()->index());
        }
    }
    events_.on_fault(fault);
    change(running, true);
    if (fault.kind == FaultKind::restart_storm) return next_of_storm(running);
    // What strikes once is over when the next round has met it, at the latest.
    scene_.world.arm(running, scene_.world.now() + (fault.length > 0 ? fault.length : kSecond));
}

void FaultDriver::end(Running& running) {
    running.over = true;
    const Fault& fault = running.fault;
    if (fault.length > 0) {
        scene_.world.trace().note(scene_.world.now(), Mark::fault,
                                  128 + static_cast<std::uint64_t>(fault.kind), fault.nodes,
                                  [&] { return "OVER " + describe(fault); });
        change(running, false);
    }
    events_.on_fault_over(fault);
}

void FaultDriver::change(Running& running, bool on) {
    const Fault& fault = running.fault;
    switch (fault.kind) {
        case FaultKind::delay:
        case FaultKind::partition:
        case FaultKind::one_way:
        case FaultKind::trickle:
            return change_path(fault, on);
        case FaultKind::reset_before:
        case FaultKind::reset_after:
        case FaultKind::reset_client:
        case FaultKind::half_open:
        case FaultKind::garbage:
        case FaultKind::odd_error:
            if (on) harm_links(fault);
            return;
        case FaultKind::drift:
        case FaultKind::drift_beyond:
            return change_clock(fault, on);
        case FaultKind::lookup_fails:
            scene_.names.failing += on ? 1 : -1;
            return;
        case FaultKind::lookup_hangs:
            scene_.names.hanging += on ? 1 : -1;
            return;
        default:
            break;
    }
    if (fault.kind >= FaultKind::push_cut) {
        if (on) harm_pushes(fault);
        return;
    }
    if (fault.kind >= FaultKind::sidecar_lies) {
        if (scene_.dapr != nullptr) scene_.dapr->strike(fault, on);
        return;
    }
    if (fault.kind >= FaultKind::client_wall) {
        for (const auto& process : scene_.processes) {
            if (has(fault.processes, process->index())) change_process(fault, *process, on);
        }
        return;
    }
    for (const auto& server : scene_.servers) {
        if (has(fault.nodes, server->index())) change_server(running, *server, on);
    }
}

// ---- the network ----

void FaultDriver::change_path(const Fault& fault, bool on) {
    const int by = on ? 1 : -1;
    const bool up = fault.kind != FaultKind::one_way || !fault.flag;
    const bool down = fault.kind != FaultKind::one_way || fault.flag;
    for (const auto& process : scene_.processes) {
        for (const auto& server : scene_.servers) {
            if (!has(fault.processes, process->index()) || !has(fault.nodes, server->index())) {
                continue;
            }
            Path& path = scene_.network.path(process->index(), server->index());
            for (int way = 0; way < 2; ++way) {
                const auto i = static_cast<std::size_t>(way);
                if (way == 0 ? !up : !down) continue;
                if (fault.kind == FaultKind::delay) path.extra[i] += by * fault.amount;
                if (fault.kind == FaultKind::trickle) path.trickling[i] += by;
                if (fault.kind == FaultKind::partition || fault.kind == FaultKind::one_way) {
                    path.blocked[i] += by;
                }
            }
        }
    }
}

void FaultDriver::harm_links(const Fault& fault) {
    for (const auto& link : scene_.network.links()) {
        if (link->server() == nullptr || !link->has_client()) continue;
        if (!has(fault.processes, link->process().index()) ||
            !has(fault.nodes, link->server()->index())) {
            continue;
        }
        switch (fault.kind) {
            case FaultKind::reset_before:
                // What is only listened to carries no command to wait for.
                if (link->subscribes) {
                    link->break_now();
                } else {
                    link->cut_request = true;
                }
                break;
            case FaultKind::reset_after:
                link->cut_reply = true;
                break;
            case FaultKind::reset_client:
                link->cut_client = fault.amount;
                link->cut_short = fault.flag;
                break;
            case FaultKind::half_open:
                link->go_dead();
                break;
            case FaultKind::garbage:
                link->spoil = static_cast<std::uint8_t>(fault.amount);
                break;
            default:
                link->spoil = Link::kOddError;
        }
    }
}

void FaultDriver::harm_pushes(const Fault& fault) {
    for (const auto& link : scene_.network.links()) {
        if (!link->subscribes || link->server() == nullptr || !link->has_client()) continue;
        if (!has(fault.processes, link->process().index()) ||
            !has(fault.nodes, link->server()->index())) {
            continue;
        }
        if (fault.kind == FaultKind::push_cut) link->break_now();
        if (fault.kind == FaultKind::push_dead) link->go_dead();
    }
    if (fault.kind != FaultKind::push_stranger) return;
    for (const auto& server : scene_.servers) {
        if (!has(fault.nodes, server->index())) continue;
        for (const std::string& name : scene_.plan.resources) {
            server->touch(scene_.plan.key(name));
        }
    }
}

// ---- servers ----

void FaultDriver::change_server(Running& running, SimServer& server, bool on) {
    const Fault& fault = running.fault;
    switch (fault.kind) {
        case FaultKind::freeze:
            on ? server.freeze() : server.thaw();
            break;
        case FaultKind::slow:
            server.set_service(on ? fault.amount : server.service());
            break;
        case FaultKind::crash_keep:
        case FaultKind::crash_lose:
            if (on && !server.is_down()) {
                running.held_down |= 1U << server.index();
                server.crash(fault.flag);
            } else if (!on && has(running.held_down, server.index())) {
                server.start_again(fault.kind == FaultKind::crash_keep);
            }
            break;
        case FaultKind::restart_storm:
            if (!on && has(running.held_down, server.index())) server.start_again(!fault.flag);
            break;
        case FaultKind::scripts_flushed:
            server.redis().flush_scripts();
            break;
        case FaultKind::flushed:
            server.flush_all();
            break;
        case FaultKind::foreign_delete:
            for (const std::string& name : scene_.plan.resources) {
                server.execute({"DEL", scene_.plan.key(name)});
            }
            break;
        case FaultKind::wall_forward:
            server.jump(fault.amount);
            break;
        case FaultKind::wall_back:
            server.jump(-fault.amount);
            break;
        case FaultKind::password_changed:
            change_password(fault, server, on);
            break;
        default:
            change_state(fault, server, on);
    }
}

void FaultDriver::change_state(const Fault& fault, SimServer& server, bool on) {
    SimRedisState& state = server.redis().state;
    switch (fault.kind) {
        case FaultKind::loading:
            state.loading = on;
            break;
        case FaultKind::out_of_memory:
            state.out_of_memory = on;
            break;
        case FaultKind::readonly:
            state.readonly = on;
            break;
        case FaultKind::busy:
            state.busy = on;
            break;
        case FaultKind::misconf:
            state.misconf = on;
            break;
        case FaultKind::too_many_clients:
            state.max_clients = on ? 0 : SimRedisState{}.max_clients;
            break;
        default:
            break;
    }
}

void FaultDriver::change_password(const Fault&, SimServer& server, bool on) {
    // The server starts to ask for another password, and ends all connections with it; who reads
    // it from a file or variable is told at the same time, but tries at a time of its own.
    events_.on_new_password(server.index(), on);
    for (const auto& link : scene_.network.links()) {
        if (on && link->server() == &server && link->has_client()) link->break_now();
    }
}

/// Down and up again, at ever other times, as something keeps restarting it.
void FaultDriver::next_of_storm(Running& running) {
    const Fault& fault = running.fault;
    for (const auto& server : scene_.servers) {
        if (!has(fault.nodes, server->index())) continue;
        if (running.stage % 2 != 0) {
            if (has(running.held_down, server->index())) server->start_again(!fault.flag);
        } else if (!server->is_down()) {
            running.held_down |= 1U << server->index();
            server->crash(false);
        }
    }
    if (running.stage % 2 != 0) running.held_down = 0;
    ++running.stage;
    scene_.world.arm(running, scene_.world.now() + fault.length / (2 * fault.amount) + 1);
}

// ---- clocks ----

void FaultDriver::change_clock(const Fault& fault, bool on) {
    const Time now = scene_.world.now();
    const bool beyond = fault.kind == FaultKind::drift_beyond;
    for (const auto& server : scene_.servers) {
        if (!has(fault.nodes, server->index()) || (!beyond && !fault.flag)) continue;
        std::int64_t& honest = honest_server_ppm_[static_cast<std::size_t>(server->index())];
        if (!beyond) honest = fault.amount;
        server->set_rate(beyond && on ? fault.amount : honest);
    }
    if (beyond || fault.flag) return;
    for (const auto& process : scene_.processes) {
        if (!has(fault.processes, process->index())) continue;
        process->clock().set_rate(now, fault.amount);
        process->clock_changed();
        events_.on_process_clock(process->index());
    }
}

// ---- clients ----

void FaultDriver::change_process(const Fault& fault, SimProcess& process, bool on) {
    const Time until = scene_.world.now() + fault.length;
    switch (fault.kind) {
        case FaultKind::client_wall:
            process.wall_shift += fault.start - kSecond;
            break;
        case FaultKind::pause:
            if (on) process.pause(until);
            break;
        case FaultKind::suspend:
            if (on) process.suspend(until);
            break;
        case FaultKind::death:
            if (process.dead()) break;
            process.die();
            events_.on_death(process.index());
            break;
        case FaultKind::entropy:
            process.entropy_fails = on;
            break;
        default:
            break;
    }
}

}  // namespace quorumlock::sim
