// Core: acquiring, with its retries. Rules A2, A8, A9.
#include <algorithm>

#include "lib/service/core.h"
#include "lib/service/tokens.h"

namespace quorumlock::detail {

namespace {

/// The last try of a waiting acquire starts this long before its deadline, so that its answers
/// can still be in time.
constexpr Nanos kLastTry = std::chrono::milliseconds(10);

}  // namespace

void Core::start_acquire(OperationState& operation) {
    operation.retry.begin(settings_.options.retry_delay, settings_.options.retry_delay_max);
    begin_attempt(operation);
}

void Core::begin_attempt(OperationState& operation) {
    const auto token = fresh_token(env_);  // rule A2: a fresh one for every attempt
    if (!token) {
        fail(operation, Error(Errc::no_quorum,
                              "no token could be made: the system's random generator failed"));
        return;
    }
    Lease& lease = new_lease();
    lease.begin(operation.resource.view(), *token, operation.ttl, NodeSet{});
    attach(lease, operation);
    operation.last_try = env_.event_now();
    // The first try of a waiter costs one command a node, as everybody's; later ones also ask
    // for what is left of the holder's lease.
    const bool again = ++operation.attempts > 1;
    lease.acquire({.time_limit = time_limit(operation.ttl, Nanos::max()),
                   .deadline = operation.wait > Nanos{0} ? operation.deadline : Instant::max(),
                   .want_remaining = again,
                   .fence = operation.fence});
}

void Core::on_acquired(Lease& lease) {
    OperationState& operation = *lease.operation;
    detach(lease, operation);
    ++lease.users;  // the handle
    lease.keep = front_.share();
    if (observations_) observe_hold(lease);
    if (operation.renew.on) {
        protocol::RenewalPlan plan;
        plan.begin(operation.renew.every, operation.renew.max_hold, env_.event_now());
        lease.watch(env_.event_now(), &plan);
    } else {
        lease.watch(env_.event_now(), nullptr);
    }
    complete(operation, Result<Lock>(Lock(&lease)));
}

void Core::on_not_acquired(Lease& lease, protocol::AcquireDecision decision, bool cut_by_caller) {
    OperationState& operation = *lease.operation;
    Error error = acquire_error(decision, cut_by_caller, lease.report());
    const auto remaining = holder_remaining(lease.report());
    detach(lease, operation);
    lease.undo();  // rule A6; a retry's ACQUIRE stands behind it on each connection
    recycle_if_unused(lease);
    // Rule A9: past the deadline the last whole round's cause is the answer.
    if (error.code() == Errc::timed_out && operation.last_error) {
        error = *std::move(operation.last_error);
    }
    if (decision == protocol::AcquireDecision::no_quorum) operation.retry.no_quorum();
    retry_later(operation, std::move(error), remaining);
}

void Core::retry_later(OperationState& operation, Error error, std::optional<Nanos> remaining) {
    const Instant now = env_.event_now();
    const Nanos left = operation.deadline - now;
    const Nanos usable = left - kLastTry;
    if (operation.wait == Nanos{0} || usable <= Nanos{0}) {
        fail(operation, std::move(error));
        return;
    }
    const auto pause = operation.retry.next(random(), remaining, left);
    if (!pause) {
        fail(operation, std::move(error));
        return;
    }
    operation.last_error = std::move(error);
    env_.arm(operation.timer(), now + std::min(*pause, usable));
}

void Core::on_operation_timer(OperationState& operation) {
    if (operation.waiting_for_nodes) {
        std::vector<NodeReport> lines;
        for (const auto& node : nodes_) {
            lines.push_back({node->label(), NodeVote::failed,
                             node->ready() ? "ready" : node->status().cause.text});
        }
        fail(operation, Error(Errc::timed_out, "the wait ended while the nodes were being reached",
                              std::move(lines), Nanos{-1}));
        return;
    }
    begin_attempt(operation);
}

void Core::cancel(OperationState& operation) {
    if (operation.done() || operation.verb != Verb::acquire) return;
    if (Lease* lease = operation.lease; lease != nullptr) {
        detach(*lease, operation);
        lease->undo();  // never cancelled with the caller
        recycle_if_unused(*lease);
    }
    fail(operation, cancelled_error());
}

}  // namespace quorumlock::detail
