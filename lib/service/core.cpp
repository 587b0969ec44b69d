#include "lib/service/core.h"

#include <algorithm>

#include "lib/base/check.h"
#include "lib/service/inspector.h"

namespace quorumlock::detail {

namespace {

/// How long a service whose quorum is ready waits for the other nodes before its first round: a
/// frozen node must not cost every short-lived client its whole connect_timeout.
constexpr Nanos kGrace = std::chrono::milliseconds(100);

}  // namespace

Core::Core(env::Env& env, env::Runner& runner, Front& front, Settings settings,
           std::vector<std::unique_ptr<nodes::Node>> nodes)
    : env_(env),
      runner_(runner),
      settings_(with_nodes(std::move(settings), nodes)),
      nodes_(std::move(nodes)),
      rounds_(nodes_.size()),
      front_(front) {
    for (const auto& node : nodes_) labels_.push_back(node->label());
    servers_ = std::make_unique<Servers>(settings_, labels_);
    observations_ = make_observations();
}

Core::~Core() = default;

void Core::open() {
    phase_end_ = env_.event_now() + settings_.options.connect_timeout;
    env_.arm(phase_timer_, phase_end_);
    if (observations_) warn();
    for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->open(static_cast<int>(i), *this);
    consider_running();
}

// ---- the first connections ----

void Core::on_node_changed(int index) {
    consider_running();
    for (OperationState* each = operations_.first(); each != nullptr;) {
        OperationState& operation = *std::exchange(each, List<OperationState>::next(*each));
        if (operation.inspector) operation.inspector->on_node_changed(index);
    }
}

nodes::Admission Core::on_greeting(int index, const nodes::Greeter& greeter) {
    nodes::Admission admission =
        servers_->on_greeting(index, greeter, env_.event_now(), env_.wall_now());
    const NodeSet trusted = servers_->trusted_clocks();
    all_nodes().each([&](int i) { node(i).trust_clock(trusted.has(i)); });
    return admission;
}

void Core::consider_running() {
    if (phase_ != Phase::connecting) return;
    const auto settled =
        std::count_if(nodes_.begin(), nodes_.end(), [](auto& n) { return n->settled(); });
    // Who is guarded only until the open is as good as ready: else one node that hangs would hold
    // up the first start of all of them for the whole connect_timeout.
    const NodeSet cold = servers_->cold();
    int ready = 0;
    all_nodes().each(
        [&](int i) { ready += node(i).ready() || (cold.has(i) && node(i).settled()) ? 1 : 0; });
    if (settled == node_count()) {
        run();
    } else if (ready >= protocol::quorum(node_count()) && !quorum_seen_) {
        quorum_seen_ = true;
        env_.arm(phase_timer_, std::min(phase_end_, env_.event_now() + kGrace));
    }
}

void Core::on_phase_timer() {
    if (phase_ == Phase::connecting) {
        run();
    } else if (phase_ == Phase::closing) {
        consider_closed();
    }
}

void Core::run() {
    phase_ = Phase::running;
    env_.disarm(phase_timer_);
    if (const NodeSet cold = servers_->on_opened(env_.event_now()); !cold.empty()) {
        cold.each([&](int i) { node(i).lift_guard(); });
        notice(
            "a quorum of the servers has just started: taken for a first start of them all, so "
            "none of them is guarded (restart_guard is auto)");
    }
    OperationState* next = nullptr;
    for (OperationState* operation = operations_.first(); operation != nullptr; operation = next) {
        next = List<OperationState>::next(*operation);
        if (!std::exchange(operation->waiting_for_nodes, false)) continue;
        env_.disarm(operation->timer());
        start_when_running(*operation);
    }
}

// ---- operations ----

void Core::start(OperationState& operation) {
    operations_.push_back(operation);
    runner_.keep_alive(true);
    operation.started = env_.event_now();
    operation.deadline = operation.started + operation.wait;
    if (observations_) observe_start(operation);
    if (operation.refused) {
        fail(operation, *std::move(operation.refused));
    } else if (operation.verb == Verb::close) {
        start_close();
    } else if (phase_ == Phase::closing || phase_ == Phase::closed) {
        fail(operation, closed_error());
    } else if (operation.verb == Verb::extend_lock) {
        start_extend(operation, *operation.lease);
    } else if (operation.verb == Verb::release_lock) {
        start_release(operation, *operation.lease);
    } else if (phase_ == Phase::connecting) {
        operation.waiting_for_nodes = true;
        if (operation.wait > Nanos{0}) env_.arm(operation.timer(), operation.deadline);
    } else {
        start_when_running(operation);
    }
}

void Core::start_when_running(OperationState& operation) {
    if (servers_->duplicate() && operation.verb != Verb::nodes) {  // Rule G2
        fail(operation, *servers_->duplicate());
        return;
    }
    switch (operation.verb) {
        case Verb::acquire:
            start_acquire(operation);
            break;
        case Verb::extend_token:
        case Verb::release_token:
            start_bare(operation);
            break;
        case Verb::inspect:
            operation.inspector = std::make_unique<Inspector>(*this, operation);
            operation.inspector->start(time_limit(settings_.options.max_ttl, Nanos::max()));
            break;
        case Verb::nodes:
            tell_nodes(operation);
            break;
        case Verb::extend_lock:
        case Verb::release_lock:
        case Verb::close:
        case Verb::custom:
            QL_CHECK(false);
    }
}

void Core::leave(OperationState& operation) {
    env_.disarm(operation.timer());
    leave_line(operation);
    operations_.remove(operation);
    if (operations_.empty()) runner_.keep_alive(false);
}

void Core::fail(OperationState& operation, Error error) {
    if (observations_) observe_end(operation, error.code());
    leave(operation);
    operation.fail(std::move(error));
}

void Core::tell_nodes(OperationState& operation) {
    std::vector<NodeInfo> all;
    for (const auto& node : nodes_) {
        nodes::NodeStatus s = node->status();
        all.push_back({std::move(s.label), std::move(s.kind), s.ready, std::move(s.cause.text),
                       std::move(s.version), std::move(s.role), std::move(s.run_id), s.round_trip,
                       s.backlog, s.owed_undos, std::move(s.app_id), s.guarded, s.clock_ahead,
                       s.commands});
    }
    complete(operation, Result<std::vector<NodeInfo>>(std::move(all)));
}

Nanos Core::time_limit(Nanos ttl, Nanos left) const {
    const Nanos own = protocol::node_timeout(ttl, settings_.options.node_timeout, left);
    if (settings_.options.node_timeout > Nanos{0}) return own;
    return std::max(own, std::min(settings_.abilities.patience, left));  // Rule D6
}

// ---- leases ----

Lease& Core::new_lease() {
    if (free_leases_.empty()) {
        all_leases_.push_back(std::make_unique<Lease>(*this));
        free_leases_.reserve(all_leases_.capacity());
        free_leases_.push_back(all_leases_.back().get());
    }
    Lease& lease = *free_leases_.back();
    free_leases_.pop_back();
    live_leases_.push_back(lease);
    tell_leases();
    lease.users = 0;
    return lease;
}

void Core::attach(Lease& lease, OperationState& operation) {
    lease.operation = &operation;
    operation.lease = &lease;
    ++lease.users;
}

void Core::detach(Lease& lease, OperationState& operation) {
    lease.operation = nullptr;
    operation.lease = nullptr;
    --lease.users;
}

void Core::recycle_if_unused(Lease& lease) {
    if (lease.users > 0) return;
    lease.forget();
    live_leases_.remove(lease);
    tell_leases();
    free_leases_.push_back(&lease);
}

Round& Core::take_round(Lease& lease) {
    const std::size_t made = rounds_.made();
    Round& round = rounds_.take(lease);
    if (rounds_.made() != made) tell_leases();
    return round;
}

void Core::tell_leases() noexcept {
    front_.on_leases(live_leases_.size(),
                     all_leases_.size() * sizeof(Lease) + rounds_.made() * sizeof(Round));
}

void Core::unpin(Lease& lease) {
    --lease.users;
    recycle_if_unused(lease);
}

}  // namespace quorumlock::detail
