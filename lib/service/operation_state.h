// One started operation: what was asked, who waits for it, and its result. Pooled by the service.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <variant>
#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/token.h>

#include "lib/base/list.h"
#include "lib/base/small_bytes.h"
#include "lib/env/env.h"
#include "lib/env/runner.h"
#include "lib/service/wait_lines.h"

namespace quorumlock::detail {

class Inspector;
class Lease;
class ServiceState;

enum class Verb : std::uint8_t {
    acquire,
    extend_lock,
    release_lock,
    extend_token,
    release_token,
    inspect,
    nodes,
    close,
    custom,  ///< completed by code above the service, not by the loop
};

class OperationState final : public ListHook<OperationState> {
  public:
    /// Null: it belongs to no service.
    explicit OperationState(ServiceState* service);
    ~OperationState();

    /// Done from the start and without a service.
    static OperationState& make_done();
    /// Open, of the same service if there is one: somebody calls complete_from_outside().
    OperationState& make_sibling();

    /// From the pool: referenced by its consumer and by the loop.
    void begin(Verb verb, std::shared_ptr<ServiceState> keep);
    /// In a forked child: done with `closed`, without the loop; never given back to a pool.
    void end_as_closed();
    /// From the pool, and done: put() gives it its result before anybody sees it.
    void end_at_once();
    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    /// The last one gives it back to the pool.
    void drop_reference();

    // ---- consumer's side ----
    bool done() const noexcept { return phase_.load(std::memory_order_acquire) == Phase::done; }
    bool block();
    bool must_not_block() const noexcept;
    void attach(Continuation continuation);
    void consumer_left();
    void map(Continuation f);

    // ---- loop's side ----
    /// The result is there: tells the consumer, whoever it is, and ends the loop's interest.
    template <class T>
    void complete(Result<T> result) {
        result_.template emplace<Result<T>>(std::move(result));
        finish();
    }
    template <class T>
    Result<T> take() {
        run_maps();
        return std::move(std::get<Result<T>>(result_));
    }
    template <class T>
    void put(Result<T> result) {
        result_.template emplace<Result<T>>(std::move(result));
    }
    std::shared_ptr<void> take_box() {
        run_maps();
        return std::move(std::get<std::shared_ptr<void>>(result_));
    }
    void put_box(std::shared_ptr<void> box) { result_ = std::move(box); }
    /// The result of a `custom` one has been put. Any thread.
    void complete_from_outside();
    /// The caller's stop_token asks the loop to cancel. Called once, when all else is set.
    void watch_stop(const std::stop_token& stop);
    void ask_to_cancel();

    // ---- what was asked; written before the start, then the loop's ----
    Verb verb = Verb::acquire;
    bool fence = false;
    SmallBytes resource;
    Token token;
    Nanos ttl{0};
    Nanos wait{0};
    Renewal renew;
    std::unique_ptr<std::string> broken_by;  ///< release_token: set, it is a break.
    std::optional<Error> refused;            ///< Wrong from the start: completed with it at once.

    // ---- the loop's ----
    Lease* lease = nullptr;
    OperationState* next_extension = nullptr;
    std::unique_ptr<Inspector> inspector;
    Instant started{};
    Instant last_try{};
    Instant deadline{};
    const Lease* observed = nullptr;  ///< Whose resource it is, where it has none of its own.
    Waiter waiter{*this};
    int attempts = 0;
    bool waiting_for_nodes = false;
    bool handed_over = false;
    env::Timer& timer() noexcept { return timer_; }
    env::Task& start_task() noexcept { return start_task_; }
    ServiceState& service() noexcept { return *service_; }
    std::shared_ptr<ServiceState> take_keep() noexcept { return std::move(keep_); }
    void clear();
    /// The error as a result of the verb's own type.
    void fail(Error error);

  private:
    enum class Phase : std::uint8_t { open, continued, left, done };
    struct Timer final : env::Timer {
        explicit Timer(OperationState& o) : operation(o) {}
        void fire() override;
        OperationState& operation;
    };
    template <void (OperationState::*Run)()>
    struct MemberTask final : env::Task {
        explicit MemberTask(OperationState& o) : operation(o) {}
        void run() override { (operation.*Run)(); }
        OperationState& operation;
    };
    struct RequestStop {
        OperationState* operation;
        void operator()() const noexcept { operation->ask_to_cancel(); }
    };

    void finish();
    void start();
    void cancel();
    void fill_with(Error error);
    void call_back();
    void tell_continuation();
    void run_maps() {
        if (map_) std::exchange(map_, {})(*this);
    }

    ServiceState* service_;
    std::shared_ptr<ServiceState> keep_;
    std::atomic<Phase> phase_{Phase::open};
    std::atomic<bool> cancel_asked_{false};
    bool orphan_ = false;  ///< without a loop: of no service, or in a forked child
    std::atomic<int> references_{0};
    env::Signal signal_;
    Continuation continuation_;
    Continuation map_;
    std::variant<std::monostate, Result<Lock>, Result<void>, Result<bool>, Result<Inspection>,
                 Result<std::vector<NodeInfo>>, std::shared_ptr<void>>
        result_;
    std::optional<std::stop_callback<RequestStop>> stop_;
    Timer timer_{*this};
    MemberTask<&OperationState::start> start_task_{*this};
    MemberTask<&OperationState::cancel> cancel_task_{*this};
    MemberTask<&OperationState::call_back> callback_task_{*this};
};

}  // namespace quorumlock::detail
