// Core: what the observer is told. Called only where there is one.
#include <algorithm>
#include <utility>

#include "lib/service/core.h"

namespace quorumlock::detail {

namespace {

/// How often owed undos are counted again while there are some and nothing else happens.
constexpr Nanos kGaugePause = std::chrono::seconds(1);

NodeVote vote_of(nodes::Outcome outcome) {
    switch (outcome) {
        case nodes::Outcome::granted:
        case nodes::Outcome::raised:
        case nodes::Outcome::extended:
        case nodes::Outcome::healed:
        case nodes::Outcome::released:
            return NodeVote::granted;
        case nodes::Outcome::refused:
        case nodes::Outcome::absent:
        case nodes::Outcome::taken:
            return NodeVote::refused;
        case nodes::Outcome::failed:
            return NodeVote::failed;
        case nodes::Outcome::unknown:
            break;
    }
    return NodeVote::unknown;
}

NodeStep step_for(nodes::Step step) {
    switch (step) {
        case nodes::Step::acquire:
            return NodeStep::acquire;
        case nodes::Step::raise:
            return NodeStep::raise;
        case nodes::Step::extend:
            return NodeStep::extend;
        case nodes::Step::heal:
            return NodeStep::heal;
        case nodes::Step::transfer:
            return NodeStep::transfer;
        case nodes::Step::release:
        case nodes::Step::inspect:
            break;
    }
    return NodeStep::release;
}

}  // namespace

std::unique_ptr<Observations> Core::make_observations() {
    if (settings_.options.observer == nullptr) return nullptr;
    std::string provider = nodes_.front()->status().kind;
    for (const auto& node : nodes_) {
        if (node->status().kind != provider) provider = "mixed";
    }
    return std::make_unique<Observations>(settings_.options.observer, env_, runner_,
                                          std::move(provider));
}

void Core::observe_start(OperationState& operation) {
    if (operation.verb == Verb::acquire) {
        ++open_acquires_;
        observe_gauges();
    } else if (operation.verb == Verb::extend_lock || operation.verb == Verb::release_lock) {
        operation.observed = operation.lease;
    }
}

void Core::observe_end(const OperationState& operation, std::optional<Errc> error) {
    const Instant now = env_.event_now();
    const auto fill = [&](auto event) {
        event.duration = now - operation.started;
        event.error = error;
        return event;
    };
    const std::string_view resource =
        operation.observed != nullptr ? operation.observed->resource() : operation.resource.view();
    switch (operation.verb) {
        case Verb::acquire: {
            auto event = fill(AcquireEvent{});
            event.ttl = operation.ttl;
            event.attempts = operation.attempts;
            event.handed_over = operation.handed_over && !error;
            if (operation.attempts > 0) event.waited = operation.last_try - operation.started;
            --open_acquires_;
            observations_->add(resource, event);
            break;
        }
        case Verb::extend_lock:
        case Verb::extend_token: {
            auto event = fill(ExtendEvent{});
            event.ttl = operation.ttl;
            observations_->add(resource, event);
            break;
        }
        case Verb::release_token:
            if (operation.broken_by != nullptr) {
                auto event = fill(BreakEvent{});
                event.by = *operation.broken_by;
                observations_->add(resource, std::move(event));
                break;
            }
            [[fallthrough]];
        case Verb::release_lock:
            observations_->add(resource, fill(ReleaseEvent{}));
            break;
        default:
            return;
    }
    observe_gauges();
}

void Core::observe_renewal(const Lease& lease, std::optional<Errc> error) {
    ExtendEvent event;
    event.duration = env_.event_now() - lease.round_started();
    event.error = error;
    event.ttl = lease.renew_ttl();
    event.renewal = true;
    observations_->add(lease.resource(), event);
}

void Core::observe_answer(const Lease& lease, int node, nodes::Step step, nodes::Outcome outcome) {
    NodeAnswerEvent event;
    event.duration = env_.event_now() - lease.round_started();
    event.node = labels_[static_cast<std::size_t>(node)];
    event.step = step_for(step);
    event.vote = vote_of(outcome);
    observations_->add(lease.resource(), event);
}

/// Told to the observer where there is one: there is nobody else to tell.
void Core::notice(std::string_view text) {
    if (observations_) observations_->add(text, NoticeEvent{});
}

void Core::warn() {
    for (const auto& node : nodes_) {
        if (const auto warning = node->status().warning; !warning.empty()) notice(warning);
    }
}

void Core::observe_hold(Lease& lease) {
    ++held_;
    lease.held_since = env_.event_now();
}

void Core::observe_hold_end(Lease& lease, HoldEnd end) {
    if (!lease.held_since) return;
    --held_;
    HoldEvent event;
    event.duration = env_.event_now() - *std::exchange(lease.held_since, std::nullopt);
    event.end = phase_ == Phase::closing && end == HoldEnd::lost ? HoldEnd::closed : end;
    if (event.end == HoldEnd::lost) event.error = Errc::lost;
    observations_->add(lease.resource(), event);
    observe_gauges();
}

void Core::observe_gauges() {
    Gauges gauges;
    gauges.held = held_;
    gauges.waiting = open_acquires_;
    for (const auto& node : nodes_) gauges.undo_pending += node->owed();
    observations_->set(gauges);
    if (gauges.undo_pending > 0 && phase_ == Phase::running) {
        env_.arm(gauge_timer_, env_.event_now() + kGaugePause);
    }
}

}  // namespace quorumlock::detail
