// Core: closing. Open operations end with `closed`, what they reached is undone within
// drain_timeout, and what may remain is said.
#include <algorithm>
#include <vector>

#include "lib/service/core.h"
#include "lib/service/inspector.h"

namespace quorumlock::detail {

namespace {

/// How often the drain looks whether the nodes have answered.
constexpr Nanos kDrainStep = std::chrono::milliseconds(1);

}  // namespace

void Core::start_close() {
    if (phase_ == Phase::closing) return;
    if (phase_ == Phase::closed) {
        finish_close();
        return;
    }
    phase_ = Phase::closing;
    phase_end_ = env_.event_now() + settings_.options.drain_timeout;
    // The end of one may be that of others: of the release that a hand-over was.
    const auto first_open = [this] {
        OperationState* operation = operations_.first();
        while (operation != nullptr && operation->verb == Verb::close) {
            operation = List<OperationState>::next(*operation);
        }
        return operation;
    };
    while (OperationState* const operation = first_open()) end_for_close(*operation);
    std::vector<Lease*> leases;
    for (Lease* lease = live_leases_.first(); lease != nullptr; lease = List<Lease>::next(*lease)) {
        leases.push_back(lease);
    }
    for (Lease* const lease : leases) {
        if (!lease->linked()) continue;
        lease->lose();
        lease->next_extension = nullptr;
        if (lease->detached) {
            lease->forget();
        } else {
            lease->undo();
        }
    }
    consider_closed();
}

void Core::end_for_close(OperationState& operation) {
    operation.inspector.reset();
    operation.next_extension = nullptr;
    if (Lease* lease = operation.lease; lease != nullptr) {
        if (lease->operation == &operation) {
            detach(*lease, operation);
            lease->undo();
            recycle_if_unused(*lease);
        }
        operation.lease = nullptr;
    }
    fail(operation, closed_error());
}

void Core::consider_closed() {
    std::vector<NodeReport> lines;
    for (const auto& node : nodes_) {
        if (const std::size_t owed = node->owed(); owed > 0) {
            lines.push_back({node->label(), NodeVote::unknown,
                             std::to_string(owed) + " undos unanswered: these keys may remain "
                                                    "until their ttl ends"});
        }
    }
    if (!lines.empty() && env_.event_now() < phase_end_) {
        env_.arm(phase_timer_, std::min(phase_end_, env_.event_now() + kDrainStep));
        return;
    }
    if (!lines.empty()) {
        left_behind_ = Error(Errc::timed_out,
                             "closed, but drain_timeout passed before every undo was answered",
                             std::move(lines), Nanos{-1});
    }
    phase_ = Phase::closed;
    env_.disarm(gauge_timer_);
    for (const auto& node : nodes_) node->close();
    front_.on_nodes_closed();
}

void Core::finish_close() {
    while (OperationState* closer = operations_.first()) {
        complete(*closer, left_behind_ ? Result<void>(*left_behind_) : Result<void>());
    }
}

}  // namespace quorumlock::detail
