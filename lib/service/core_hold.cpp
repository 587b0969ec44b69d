// Core: extending, renewing, releasing and losing what is held. Rules E1..E6, R1..R4, L1, L2.
#include <utility>

#include "lib/service/core.h"

namespace quorumlock::detail {

namespace {

Error not_held_error(Hold hold) {
    if (hold == Hold::lost) return {Errc::lost, "the lock is lost: its lease has ended"};
    return {Errc::not_held, "the lock was released before"};
}

}  // namespace

void Core::start_extend(OperationState& operation, Lease& lease) {
    if (lease.hold() == Hold::held && env_.event_now() >= lease.validity_end()) lease.lose();
    if (lease.hold() != Hold::held) {  // rule E4: never revived
        operation.lease = nullptr;
        fail(operation, not_held_error(lease.hold()));
        return;
    }
    if (lease.extending()) {
        // One round at a time: a RELEASE or a later extension never meets an older one.
        OperationState** end = &lease.next_extension;
        while (*end != nullptr) end = &(*end)->next_extension;
        *end = &operation;
        return;
    }
    attach(lease, operation);
    lease.extend(operation.ttl, time_limit(operation.ttl, lease.validity_end() - env_.event_now()));
}

void Core::renew(Lease& lease) {
    lease.renew(time_limit(lease.renew_ttl(), lease.validity_end() - env_.event_now()));
}

void Core::on_extended(Lease& lease, protocol::ExtendDecision decision) {
    OperationState* operation = lease.operation;
    OperationState* next = std::exchange(lease.next_extension, nullptr);
    if (observations_ && operation == nullptr) {
        observe_renewal(lease,
                        decision == protocol::ExtendDecision::extended
                            ? std::nullopt
                            : std::optional<Errc>(extend_error(decision, lease.report()).code()));
    }
    if (operation != nullptr) {
        Result<void> result;
        if (decision != protocol::ExtendDecision::extended) {
            result = extend_error(decision, lease.report());
        }
        detach(lease, *operation);
        complete(*operation, std::move(result));
    }
    while (next != nullptr) {
        OperationState& waiting = *next;
        next = std::exchange(waiting.next_extension, nullptr);
        start_extend(waiting, lease);
    }
    recycle_if_unused(lease);
}

/// The lease is let go: its extensions end, the one under way and those behind it.
void Core::fail_extensions(Lease& lease) {
    OperationState* next = std::exchange(lease.next_extension, nullptr);
    if (OperationState* current = lease.operation; current != nullptr && lease.extending()) {
        detach(lease, *current);
        fail(*current, not_held_error(Hold::let_go));
    }
    while (next != nullptr) {
        OperationState& waiting = *next;
        next = std::exchange(waiting.next_extension, nullptr);
        waiting.lease = nullptr;
        fail(waiting, not_held_error(Hold::let_go));
    }
}

void Core::start_release(OperationState& operation, Lease& lease) {
    if (lease.releasing()) {
        operation.lease = nullptr;
        fail(operation, not_held_error(Hold::let_go));
        return;
    }
    if (observations_) observe_hold_end(lease, HoldEnd::released);
    fail_extensions(lease);
    attach(lease, operation);
    if (hand_over(lease)) return;
    lease.release(time_limit(lease.ttl(), Nanos::max()));
    on_free(lease, false);
}

void Core::on_released(Lease& lease, protocol::ReleaseDecision decision) {
    if (OperationState* operation = lease.operation; operation != nullptr) {
        Result<void> result;
        if (decision != protocol::ReleaseDecision::released) {
            result = release_error(decision, lease.report(), lease.ttl());
        }
        detach(lease, *operation);
        complete(*operation, std::move(result));
    }
    recycle_if_unused(lease);
}

/// Extend and release by a bare token: any node may hold it.
void Core::start_bare(OperationState& operation) {
    Lease& lease = new_lease();
    const bool extends = operation.verb == Verb::extend_token;
    lease.begin(operation.resource.view(), operation.token,
                extends ? operation.ttl : settings_.options.max_ttl, all_nodes());
    attach(lease, operation);
    const Nanos limit = time_limit(lease.ttl(), Nanos::max());
    if (extends) {
        lease.extend(operation.ttl, limit);
    } else {
        lease.release(limit);
    }
}

void Core::on_handle_dropped(Lease& lease) {
    --lease.users;
    if (observations_) {
        observe_hold_end(lease, lease.detached ? HoldEnd::detached : HoldEnd::dropped);
    }
    if (phase_ == Phase::closed) {
        lease.forget();
    } else if (!lease.releasing()) {
        fail_extensions(lease);
        if (lease.detached) {
            lease.forget();
            on_free(lease, true);
        } else if (!hand_over(lease)) {
            lease.undo();  // rule R3: what is expired or lost is cleaned up too
            on_free(lease, false);
        }
    }
    recycle_if_unused(lease);
    if (operations_.empty()) runner_.keep_alive(false);
}

void Core::on_lost(Lease& lease) {
    if (observations_) observe_hold_end(lease, HoldEnd::lost);
    on_free(lease, true);
    if (!front_.wants_loss(lease)) return;
    ++lease.users;
    runner_.call_back(lease.loss_task(), false);
}

void Core::on_healed(Lease& lease, int node, nodes::Outcome outcome) {
    if (observations_) observe_answer(lease, node, nodes::Step::heal, outcome);
}

void Core::announce_loss(Lease& lease) {
    front_.loss_of(lease).request_stop();
    runner_.run_in_loop(lease.loss_task());
}

}  // namespace quorumlock::detail
