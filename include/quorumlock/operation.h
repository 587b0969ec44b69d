// An operation that has already started. Take its result in exactly one of four ways.
#pragma once

#include <coroutine>
#include <exception>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <quorumlock/detail/inline_function.h>
#include <quorumlock/result.h>

namespace quorumlock {

class Lock;
struct Inspection;
struct NodeInfo;
template <class T>
class Operation;

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
Error would_deadlock_error();

/// Results that the pooled state keeps in place; any other lies in a box on the heap.
template <class T>
inline constexpr bool kInPlace =
    std::is_void_v<T> || std::is_same_v<T, bool> || std::is_same_v<T, Lock> ||
    std::is_same_v<T, Inspection> || std::is_same_v<T, std::vector<NodeInfo>>;
template <class T>
Result<T> take_in_place(OperationState& state);
template <class T>
void put_in_place(OperationState& state, Result<T> result);
std::shared_ptr<void> take_box(OperationState& state);
void put_box(OperationState& state, std::shared_ptr<void> box);

/// Moves the result out; the operation must be done.
template <class T>
Result<T> take(OperationState& state) {
    if constexpr (kInPlace<T>) {
        return take_in_place<T>(state);
    } else {
        return std::move(*static_cast<Result<T>*>(take_box(state).get()));
    }
}
template <class T>
void put(OperationState& state, Result<T> result) {
    if constexpr (kInPlace<T>) {
        put_in_place<T>(state, std::move(result));
    } else {
        put_box(state, std::make_shared<Result<T>>(std::move(result)));
    }
}

/// Done from the start, without a service: put() the result before anybody sees it.
OperationState* new_done_operation();
/// `f` turns the result into one of another type, in the thread that takes it.
void map(OperationState& state, Continuation f);
/// The consumer's claim, taken out of its handle.
template <class T>
OperationState* release_handle(Operation<T>&& operation) noexcept;

/// An exception that a result carries (Execution) goes on to who takes it.
template <class T>
void rethrow_carried(const Result<T>& result) {
    if constexpr (requires { result->exception(); }) {
        if (result && result->exception()) std::rethrow_exception(result->exception());
    }
}

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
    /// One that is done and belongs to no service, for doubles in tests: then() calls back at once,
    /// in the calling thread.
    static Operation ready(Result<T> result) {
        Operation operation(detail::new_done_operation());
        detail::put<T>(*operation.state_, std::move(result));
        return operation;
    }

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
        Result<T> result = finish(std::exchange(state_, nullptr));
        detail::rethrow_carried(result);
        return result;
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
            if constexpr (requires { result->exception(); }) {
                if (result && result->exception())
                    return promise.set_exception(result->exception());
            }
            promise.set_value(std::move(result));
        });
        return future;
    }

    auto operator co_await() && noexcept { return Awaiter{std::exchange(state_, nullptr)}; }

  private:
    template <class U>
    friend detail::OperationState* detail::release_handle(Operation<U>&& operation) noexcept;

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
        Result<T> await_resume() {
            Result<T> result = finish(std::exchange(state, nullptr));
            detail::rethrow_carried(result);
            return result;
        }
    };

    static Result<T> finish(detail::OperationState* state) {
        Result<T> result = detail::take<T>(*state);
        detail::drop(state);
        return result;
    }

    detail::OperationState* state_;
};

template <class T>
detail::OperationState* detail::release_handle(Operation<T>&& operation) noexcept {
    return std::exchange(operation.state_, nullptr);
}

namespace detail {

/// The same operation with f's answer for its result: Result<To> f(Result<From>), run in the thread
/// that takes the result, and not at all when nobody does.
template <class To, class From, class F>
Operation<To> and_then(Operation<From>&& operation, F f) {
    OperationState* state = release_handle(std::move(operation));
    map(*state,
        [f = std::move(f)](OperationState& done) mutable { put<To>(done, f(take<From>(done))); });
    return Operation<To>(state);
}

}  // namespace detail

}  // namespace quorumlock
