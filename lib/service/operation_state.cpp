#include "lib/service/operation_state.h"

#include "lib/base/check.h"
#include "lib/service/core.h"
#include "lib/service/inspector.h"
#include "lib/service/service_state.h"

namespace quorumlock::detail {

OperationState::OperationState(ServiceState* service) : service_(service) {}
OperationState::~OperationState() = default;

OperationState& OperationState::make_done() {
    auto* operation = new OperationState(nullptr);
    operation->verb = Verb::custom;
    operation->orphan_ = true;
    operation->end_at_once();
    return *operation;
}

OperationState& OperationState::make_sibling() {
    if (!orphan_) return service_->new_operation(Verb::custom);
    auto* operation = new OperationState(service_);
    operation->begin(Verb::custom, nullptr);
    operation->orphan_ = true;
    return *operation;
}

void OperationState::begin(Verb asked, std::shared_ptr<ServiceState> keep) {
    verb = asked;
    keep_ = std::move(keep);
    references_.store(2, std::memory_order_relaxed);
    cancel_asked_.store(false, std::memory_order_relaxed);
    signal_.reset();
    phase_.store(Phase::open, std::memory_order_relaxed);
}

void OperationState::end_as_closed() {
    orphan_ = true;
    fill_with(closed_error());
    end_at_once();
}

void OperationState::end_at_once() {
    references_.store(1, std::memory_order_relaxed);
    phase_.store(Phase::done, std::memory_order_release);
}

void OperationState::drop_reference() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (orphan_) {
        delete this;
    } else {
        service_->recycle(*this);
    }
}

void OperationState::fill_with(Error error) {
    switch (verb) {
        case Verb::acquire:
            result_.emplace<Result<Lock>>(std::move(error));
            break;
        case Verb::inspect:
            result_.emplace<Result<Inspection>>(std::move(error));
            break;
        case Verb::nodes:
            result_.emplace<Result<std::vector<NodeInfo>>>(std::move(error));
            break;
        default:
            result_.emplace<Result<void>>(std::move(error));
    }
}

void OperationState::fail(Error error) {
    fill_with(std::move(error));
    finish();
}

void OperationState::clear() {
    continuation_.reset();
    map_.reset();
    result_.emplace<std::monostate>();
    refused.reset();
    broken_by.reset();
    inspector.reset();
    renew = Renewal{};
    wait = Nanos{0};
    lease = nullptr;
    next_extension = nullptr;
    observed = nullptr;
    attempts = 0;
    waiting_for_nodes = false;
    handed_over = false;
}

bool OperationState::block() {
    if (done()) return true;
    if (orphan_) {
        for (Phase now = phase_; now != Phase::done; now = phase_) phase_.wait(now);
        return true;
    }
    return !service_->runner().forked() && service_->runner().wait(signal_);
}

bool OperationState::must_not_block() const noexcept {
    return !orphan_ && service_->runner().on_callback_thread();
}

void OperationState::map(Continuation f) {
    if (!map_) {
        map_ = std::move(f);
        return;
    }
    map_ = [first = std::move(map_), second = std::move(f)](OperationState& state) mutable {
        first(state);
        second(state);
    };
}

void OperationState::attach(Continuation continuation) {
    continuation_ = std::move(continuation);
    if (!orphan_) service_->runner().expect_callback();
    Phase expected = Phase::open;
    if (!phase_.compare_exchange_strong(expected, Phase::continued, std::memory_order_acq_rel)) {
        QL_CHECK(expected == Phase::done);
        tell_continuation();
    }
}

void OperationState::tell_continuation() {
    if (orphan_) {  // there is no runner: told in this thread
        call_back();
    } else {
        service_->runner().call_back(callback_task_, true);
    }
}

void OperationState::consumer_left() {
    if (!orphan_ && service_->runner().forked()) return;  // the parent's, see Lock
    // Waits for a stop that is being asked for just now: the reference it takes must come before
    // ours goes, or it would cancel whoever gets this object from the pool next.
    stop_.reset();
    Phase expected = Phase::open;
    if (phase_.compare_exchange_strong(expected, Phase::left, std::memory_order_acq_rel) &&
        verb == Verb::acquire) {
        ask_to_cancel();
    }
    drop_reference();
}

void OperationState::finish() {
    switch (phase_.exchange(Phase::done, std::memory_order_acq_rel)) {
        case Phase::open:
            if (orphan_) {
                phase_.notify_all();
            } else {
                service_->runner().set(signal_);
            }
            break;
        case Phase::continued:
            tell_continuation();
            break;
        case Phase::left:
            break;
        case Phase::done:
            QL_CHECK(false);
    }
    drop_reference();
}

void OperationState::call_back() {
    // The continuation takes the result and drops the consumer's reference; it must not live in
    // what it gives back to the pool.
    Continuation continuation = std::move(continuation_);
    continuation(*this);
}

void OperationState::watch_stop(const std::stop_token& stop) {
    if (stop.stop_possible()) stop_.emplace(stop, RequestStop{this});
}

void OperationState::ask_to_cancel() {
    // The reference is the queued task's: the operation may end and be taken meanwhile.
    if (cancel_asked_.exchange(true, std::memory_order_acq_rel)) return;
    add_reference();
    service_->runner().run_in_loop(cancel_task_);
}

void OperationState::complete_from_outside() {
    if (orphan_) {
        finish();
    } else {
        service_->start(*this);  // its waiter is woken on the loop
    }
}

void OperationState::start() {
    if (verb == Verb::custom) {
        finish();
    } else {
        service_->core().start(*this);
    }
}

void OperationState::cancel() {
    service_->core().cancel(*this);
    drop_reference();
}

void OperationState::Timer::fire() { operation.service_->core().on_operation_timer(operation); }

}  // namespace quorumlock::detail
