// An operation that has already started. Take its result in exactly one of four ways.
#pragma once

#include <coroutine>
#include <future>
#include <type_traits>
#include <utility>

#include <quorumlock/detail/inline_function.h>
#include <quorumlock/result.h>

namespace quorumlock {

namespace detail {

class OperationState;  // pooled by the service; lib/service/operation_state.h
using Continuation = InlineFunction<void(OperationState&), 64>;

bool is_done(const OperationState& state) noexcept;
/// Blocks until done; false where that could never end (Errc::would_deadlock).
bool block(OperationState& state);
/// Runs `f` on the service's own thread once done. The state must have no consumer yet.
void attach(OperationState& state, Continuation f);
/// Gives up the consumer's claim: a started acquire is cancelled and undone.
void drop(OperationState* state) noexcept;
/// Moves the result out; the operation must be done. Defined for the T of the public face.
template <class T>
Result<T> take(OperationState& state);
Error would_deadlock_error();

}  // namespace detail

/// A started operation with a result of type Result<T>. Movable, not copyable; one consumer.
///
///  - get()        blocks the calling thread
///  - co_await op  suspends; resumes on the service's own thread (or in the caller's loop)
///  - then(f)      calls f(Result<T>) there; captures of up to 48 bytes are kept without the heap
///  - as_future()  a std::future
///
/// Dropping an acquire without consuming it cancels and undoes it; a release or extend runs on.
template <class T>
class Operation {
  public:
    explicit Operation(detail::OperationState* state) noexcept : state_(state) {}
    Operation(Operation&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Operation& operator=(Operation&& other) noexcept {
        if (this != &other) {
            detail::drop(state_);
            state_ = std::exchange(other.state_, nullptr);
        }
        return *this;
    }
    ~Operation() { detail::drop(state_); }

    /// True when the result is there: get() will not block.
    bool done() const noexcept { return detail::is_done(*state_); }

    /// Blocks until the result is there. On the service's own thread, where the result could
    /// never come, it answers `would_deadlock` at once (and drops the operation).
    Result<T> get() {
        if (!detail::block(*state_)) {
            detail::drop(std::exchange(state_, nullptr));
            return detail::would_deadlock_error();
        }
        return finish(std::exchange(state_, nullptr));
    }

    /// Calls f(Result<T>) on the service's own thread, one callback at a time. f must not throw
    /// (std::terminate) and should not block: renewals of this service wait for it. When the
    /// service is gone already: at once, in this thread.
    template <class F>
    void then(F&& f) {
        auto* state = std::exchange(state_, nullptr);
        detail::attach(*state,
                       [fn = std::decay_t<F>(std::forward<F>(f))](
                           detail::OperationState& done) mutable noexcept { fn(finish(&done)); });
    }

    std::future<Result<T>> as_future() {
        std::promise<Result<T>> promise;
        auto future = promise.get_future();
        then([promise = std::move(promise)](Result<T> result) mutable {
            promise.set_value(std::move(result));
        });
        return future;
    }

    auto operator co_await() && noexcept { return Awaiter{std::exchange(state_, nullptr)}; }

  private:
    struct Awaiter {
        detail::OperationState* state;
        explicit Awaiter(detail::OperationState* s) noexcept : state(s) {}
        Awaiter(Awaiter&& other) noexcept : state(std::exchange(other.state, nullptr)) {}
        ~Awaiter() { detail::drop(state); }
        bool await_ready() const noexcept { return detail::is_done(*state); }
        void await_suspend(std::coroutine_handle<> waiting) {
            detail::attach(*state,
                           [waiting](detail::OperationState&) noexcept { waiting.resume(); });
        }
        Result<T> await_resume() { return finish(std::exchange(state, nullptr)); }
    };

    static Result<T> finish(detail::OperationState* state) {
        Result<T> result = detail::take<T>(*state);
        detail::drop(state);
        return result;
    }

    detail::OperationState* state_;
};

}  // namespace quorumlock
