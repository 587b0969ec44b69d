#include "lib/service/service_state.h"

#include "lib/env/loop_runner.h"
#include "lib/service/inspector.h"

namespace quorumlock::detail {

ServiceState::ServiceState(std::unique_ptr<env::Runner> runner, env::Env& env,
                           env::LoopRunner* loop_runner, Settings settings, Nodes nodes,
                           std::shared_ptr<NodeLoop> node_loop)
    : runner_(std::move(runner)),
      env_(env),
      loop_runner_(loop_runner),
      node_loop_(std::move(node_loop)),
      core_(env, *runner_, *this, std::move(settings), std::move(nodes)) {}

ServiceState::~ServiceState() {
    if (loop_runner_ != nullptr) {
        // Tasks of handles that were dropped while the loop was ending.
        loop_runner_->drain();
        // What the nodes have posted runs while they are still there. A caller's loop is gone
        // already.
        if (!loop_runner_->in_callers_loop()) loop_runner_->env().turn(false);
    }
    if (node_loop_) node_loop_->end();
}

void ServiceState::open() {
    core_.open();
    if (loop_runner_ != nullptr) loop_runner_->start();
}

// ---- the pool ----

OperationState& ServiceState::new_operation(Verb verb) {
    OperationState* operation = spare_.exchange(nullptr, std::memory_order_acq_rel);
    if (operation == nullptr) {
        const std::lock_guard lock(pool_mutex_);
        if (free_operations_.empty()) {
            all_operations_.push_back(std::make_unique<OperationState>(this));
            free_operations_.reserve(all_operations_.capacity());
            free_operations_.push_back(all_operations_.back().get());
        }
        operation = free_operations_.back();
        free_operations_.pop_back();
    }
    operation->begin(verb, shared_from_this());
    return *operation;
}

void ServiceState::recycle(OperationState& operation) {
    operation.clear();
    // The last reference to this service may be the operation's.
    const std::shared_ptr<ServiceState> keep = operation.take_keep();
    OperationState* nobody = nullptr;
    if (spare_.compare_exchange_strong(nobody, &operation, std::memory_order_acq_rel)) return;
    const std::lock_guard lock(pool_mutex_);
    free_operations_.push_back(&operation);
}

OperationState& ServiceState::closed_operation(Verb verb) {
    // In a forked child the pool's mutex may be held by a thread that is not there: this one
    // operation is made outside of it, and never given back.
    auto* operation = new OperationState(this);
    operation->begin(verb, nullptr);
    operation->end_as_closed();
    return *operation;
}

ServiceStats ServiceState::stats() {
    ServiceStats stats;
    const std::lock_guard lock(pool_mutex_);
    const std::size_t spare = spare_.load(std::memory_order_relaxed) != nullptr ? 1 : 0;
    stats.operations = all_operations_.size() - free_operations_.size() - spare;
    stats.pooled_bytes = all_operations_.size() * sizeof(OperationState) +
                         pooled_bytes_.load(std::memory_order_relaxed);
    stats.leases = live_leases_.load(std::memory_order_relaxed);
    return stats;
}

// ---- loss ----

std::stop_token ServiceState::lost_token(Lease& lease) {
    std::stop_source source(std::nostopstate);
    {
        const std::lock_guard lock(lost_mutex_);
        if (!lease.lost_source) lease.lost_source.emplace();
        source = *lease.lost_source;
    }
    // Lost before anybody asked: nobody else would fire it.
    if (lease.hold() == Hold::lost) source.request_stop();
    return source.get_token();
}

bool ServiceState::wants_loss(Lease& lease) {
    const std::lock_guard lock(lost_mutex_);
    return lease.lost_source.has_value();
}

std::stop_source ServiceState::loss_of(Lease& lease) {
    const std::lock_guard lock(lost_mutex_);
    return *lease.lost_source;
}

// ---- the end ----

void ServiceState::on_nodes_closed() {
    if (node_loop_) node_loop_->close();
    if (loop_runner_ == nullptr || !loop_runner_->in_callers_loop()) {
        core_.finish_close();
        return;
    }
    loop_runner_->env().close_handles([self = shared_from_this()] {
        self->core_.finish_close();
        self->loop_runner_->end_in_callers_loop(self);
    });
}

void ServiceState::shut_down(std::shared_ptr<ServiceState> self) {
    if (self->runner_->forked()) {
        // The parent's loop, its epoll and its threads are not ours to touch: let it be.
        new std::shared_ptr<ServiceState>(std::move(self));
        return;
    }
    OperationState& state = self->new_operation(Verb::close);
    self->start(state);
    Operation<void> closing(&state);
    env::LoopRunner* loop = self->loop_runner_;
    if (loop == nullptr) {
        // Nobody but this thread would ever let it close.
        if (!self->runner_->on_callback_thread()) (void)closing.get();
        return;
    }
    if (loop->in_callers_loop()) {
        closing.then([self](Result<void>) {});
    } else if (self->runner_->on_callback_thread()) {
        closing.then([self](Result<void>) { self->loop_runner_->stop(self); });
    } else {
        (void)closing.get();
        loop->stop(self);
    }
}

}  // namespace quorumlock::detail
