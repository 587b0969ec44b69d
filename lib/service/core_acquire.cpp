// Core: acquiring. Rules A2, A8. How it waits is in core_wait.cpp.
#include "lib/base/told.h"
#include "lib/service/core.h"
#include "lib/service/tokens.h"

namespace quorumlock::detail {

void Core::start_acquire(OperationState& operation) {
    if (operation.wait > Nanos{0}) {
        join_line(operation);
    } else {
        begin_attempt(operation, -1);
    }
}

void Core::begin_attempt(OperationState& operation, int gate) {
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
                   .fence = operation.fence,
                   .wake = operation.wait > Nanos{0},
                   .gate = gate});
}

void Core::on_acquired(Lease& lease) {
    OperationState& operation = *lease.operation;
    detach(lease, operation);
    ++lease.users;  // the handle
    lease.keeps_others_waiting = true;
    grant_hand_overs(operation, lease);
    if (operation.waiter.line != nullptr) on_turn_ended(operation, lease);
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
    const RoundReport report = lease.report();
    Error error = acquire_error(decision, cut_by_caller, report);
    // The first refusals may decide it; those that are still to come arm all the same, at the
    // server, though nobody hears them.
    NodeSet likely;
    report.votes.open.each([&](int i) {
        if (node(i).can_wake()) likely.add(i);
    });
    const protocol::Waiting::Outcome outcome{
        .refused = decision == protocol::AcquireDecision::contended,
        .no_quorum = decision == protocol::AcquireDecision::no_quorum,
        .armed = lease.armed(),
        .likely = likely,
        .remaining = holder_remaining(report)};
    if (WaitLine* const line = operation.waiter.line; line != nullptr) {
        line->no_gates = lease.without_vote(line->no_gates);
    }
    detach(lease, operation);
    lease.undo();  // rule A6; a retry's ACQUIRE stands behind it on each connection
    recycle_if_unused(lease);
    if (operation.waiter.line == nullptr) {
        fail(operation, std::move(error));
        return;
    }
    // Rule A9: past the deadline the last whole round's cause is the answer.
    std::optional<Error>& last = operation.waiter.line->last_error;
    if (error.code() != Errc::timed_out || !last) last = std::move(error);
    wait_on(operation, outcome);
}

void Core::on_gate_closed(Lease& lease, int node, const nodes::Answer& answer) {
    OperationState& operation = *lease.operation;
    const bool refused = answer.outcome == nodes::Outcome::refused;
    const bool silent = node < 0 || answer.outcome == nodes::Outcome::unknown;
    protocol::Waiting::Outcome outcome{
        .refused = refused, .no_quorum = silent, .no_vote = !refused && !silent};
    if (outcome.no_vote) operation.waiter.line->no_gates.add(node);
    if (refused && answer.armed) outcome.armed.add(node);
    if (refused && answer.value >= 0) {
        outcome.remaining = told<std::chrono::milliseconds>(answer.value);
    }
    detach(lease, operation);
    lease.undo();
    recycle_if_unused(lease);
    wait_on(operation, outcome);
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
    on_waiting_timer(operation);
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
