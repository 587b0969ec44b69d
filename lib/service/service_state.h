// The thread-safe front: what the public handles share. Everything below runs on the loop; this
// brings calls there and results back.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "lib/env/runner.h"
#include "lib/service/core.h"
#include "lib/service/node_loop.h"
#include "lib/service/operation_state.h"

namespace quorumlock::env {
class LoopRunner;
}

namespace quorumlock::detail {

/// Checks what is asked and starts it on the loop; `options.wait` counts. The consumer's claim on
/// the operation is the caller's.
OperationState& start_acquire(const std::shared_ptr<ServiceState>& service,
                              std::string_view resource, const AcquireOptions& options);

class ServiceState final : public std::enable_shared_from_this<ServiceState>, private Core::Front {
  public:
    using Nodes = std::vector<std::unique_ptr<nodes::Node>>;

    /// `loop_runner`: the same object as `runner` in real life, null in simulated worlds.
    /// `node_loop`: what nodes of others live on; null where there are none.
    ServiceState(std::unique_ptr<env::Runner> runner, env::Env& env, env::LoopRunner* loop_runner,
                 Settings settings, Nodes nodes, std::shared_ptr<NodeLoop> node_loop = nullptr);
    ~ServiceState();

    void open();
    env::Runner& runner() noexcept { return *runner_; }
    env::Env& env() noexcept { return env_; }
    Core& core() noexcept { return core_; }

    /// A fresh operation, referenced by its consumer and by the loop.
    OperationState& new_operation(Verb verb);
    void recycle(OperationState& operation);
    /// Sends it to the loop.
    void start(OperationState& operation) { runner_->run_in_loop(operation.start_task()); }
    /// Done from the start: its result is already known.
    template <class T>
    Operation<T> done_operation(Result<T> result) {
        OperationState& operation = new_operation(Verb::custom);
        operation.end_at_once();
        put<T>(operation, std::move(result));
        return Operation<T>(&operation);
    }
    /// Done from the start, without the loop: in a forked child.
    OperationState& closed_operation(Verb verb);

    std::stop_token lost_token(Lease& lease);
    ServiceStats stats();

    /// What ~LockService does. `self` keeps this alive until all is closed.
    static void shut_down(std::shared_ptr<ServiceState> self);
    /// The one behind a public handle.
    static const std::shared_ptr<ServiceState>& of(const LockService& service) noexcept {
        return service.state_;
    }

  private:
    void on_nodes_closed() override;
    bool wants_loss(Lease& lease) override;
    std::stop_source loss_of(Lease& lease) override;
    std::shared_ptr<ServiceState> share() override { return shared_from_this(); }
    void on_leases(std::size_t live, std::size_t pooled_bytes) noexcept override {
        live_leases_.store(live, std::memory_order_relaxed);
        pooled_bytes_.store(pooled_bytes, std::memory_order_relaxed);
    }

    std::unique_ptr<env::Runner> runner_;
    env::Env& env_;
    env::LoopRunner* loop_runner_;
    std::shared_ptr<NodeLoop> node_loop_;
    std::atomic<std::size_t> live_leases_{0};
    std::atomic<std::size_t> pooled_bytes_{0};  ///< Of leases and rounds.
    Core core_;

    /// The operation given back last: whoever starts the next one takes it without the mutex.
    std::atomic<OperationState*> spare_{nullptr};
    std::mutex pool_mutex_;  // guards the pool of operations
    std::vector<std::unique_ptr<OperationState>> all_operations_;
    std::vector<OperationState*> free_operations_;
    std::mutex lost_mutex_;  // guards every Lease::lost_source
};

/// What LockService::open does once there is a loop: `nodes`, and behind them those that
/// options.nodes makes. `loop_runner` as above, `kept` as of NodeLoop.
Result<LockService> open_service(const ServiceOptions& options, ServiceState::Nodes nodes,
                                 std::unique_ptr<env::Runner> runner, env::Env& env,
                                 env::LoopRunner* loop_runner,
                                 std::shared_ptr<env::Env> kept = nullptr);

}  // namespace quorumlock::detail
