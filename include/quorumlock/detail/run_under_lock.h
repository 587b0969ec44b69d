// How execute() and execute_async() run a function while something is held.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <quorumlock/detail/open_operation.h>
#include <quorumlock/execution.h>
#include <quorumlock/operation.h>

namespace quorumlock::detail {

/// What is held while f runs. Its destruction releases in the background.
class RunHold {
  public:
    virtual ~RunHold() = default;
    /// Stops when it is lost; may be one that never stops.
    virtual std::stop_token lost() const = 0;
    /// Releases; true when it was held until then. Once.
    virtual Operation<bool> end() = 0;
};
/// Null: not acquired.
using RunHoldPtr = std::unique_ptr<RunHold>;

// ---- what f may be ----

template <class A>
decltype(auto) awaiter_of(A&& awaited) {
    if constexpr (requires { std::forward<A>(awaited).operator co_await(); }) {
        return std::forward<A>(awaited).operator co_await();
    } else if constexpr (requires { operator co_await(std::forward<A>(awaited)); }) {
        return operator co_await(std::forward<A>(awaited));
    } else {
        return std::forward<A>(awaited);
    }
}
template <class A>
concept Awaitable = requires(A&& awaited) {
    awaiter_of(std::forward<A>(awaited)).await_ready();
    awaiter_of(std::forward<A>(awaited)).await_resume();
};

/// f() or, where it takes one, f(lost).
template <class F>
decltype(auto) call(F& f, const RunHold& hold) {
    if constexpr (std::is_invocable_v<F&>) {
        return f();
    } else {
        static_assert(std::is_invocable_v<F&, std::stop_token>,
                      "execute() calls f() or f(std::stop_token lost)");
        return f(hold.lost());
    }
}
template <class F>
using Called = decltype(call(std::declval<F&>(), std::declval<const RunHold&>()));

template <class C>
struct ValueOf {
    using type = std::remove_cvref_t<C>;
};
template <Awaitable C>
struct ValueOf<C> {
    using type = std::remove_cvref_t<decltype(awaiter_of(std::declval<C>()).await_resume())>;
};
/// The T of f's Execution<T>.
template <class F>
using ValueUnderLock = typename ValueOf<Called<std::decay_t<F>>>::type;

// ---- running it ----

struct ExecutionAccess {
    template <class T, class F>
    static void run(Execution<T>& execution, F& f, const RunHold& hold) {
        execution.ran_ = true;
        if constexpr (std::is_void_v<T>) {
            call(f, hold);
            execution.value_.emplace();
        } else {
            execution.value_.emplace(call(f, hold));
        }
    }
    template <class T>
    static std::optional<typename Execution<T>::value_type>& begin(Execution<T>& execution) {
        execution.ran_ = true;
        return execution.value_;
    }
    template <class T>
    static void threw(Execution<T>& execution) {
        execution.exception_ = std::current_exception();
    }
    template <class T>
    static void ended(Execution<T>& execution, const Result<bool>& held) {
        execution.held_ = held && *held;
    }
};

/// A coroutine that starts at once and that nobody awaits.
struct Unawaited {
    struct promise_type {
        Unawaited get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

/// Awaits an operation on the service's own thread even when it is done already: f must not run in
/// the thread that merely asked for it.
template <class T>
struct OnServiceThread {
    OperationState* state;
    explicit OnServiceThread(Operation<T>&& operation)
        : state(release_handle(std::move(operation))) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        attach(*state, [waiting](OperationState&) noexcept { waiting.resume(); });
    }
    Result<T> await_resume() {
        Result<T> result = take<T>(*state);
        drop(state);
        return result;
    }
};

template <class T, class F>
Unawaited run_async(Operation<RunHoldPtr> asked, std::optional<F> f,
                    OpenOperation<Execution<T>> answer) {
    // NOLINTNEXTLINE(bugprone-use-after-move): the check takes a suspension for a loop.
    Result<RunHoldPtr> hold = co_await OnServiceThread<RunHoldPtr>(std::move(asked));
    if (!hold) {
        f.reset();
        answer.complete(std::move(hold).error());
        co_return;
    }
    Execution<T> execution;
    if (*hold != nullptr) {
        try {
            if constexpr (!Awaitable<Called<F>>) {
                ExecutionAccess::run(execution, *f, **hold);
            } else if constexpr (std::is_void_v<T>) {
                auto& value = ExecutionAccess::begin(execution);
                co_await call(*f, **hold);
                value.emplace();
            } else {
                auto& value = ExecutionAccess::begin(execution);
                value.emplace(co_await call(*f, **hold));
            }
        } catch (...) {
            ExecutionAccess::threw(execution);
        }
        const Result<bool> held = co_await (*hold)->end();
        ExecutionAccess::ended(execution, held);
        hold->reset();
    }
    f.reset();  // what it captured is gone when the caller learns of the end
    answer.complete(std::move(execution));
}

/// Runs f when `asked` is done, on the thread that then calls back.
template <class F>
auto run_later(Operation<RunHoldPtr> asked, F&& f) {
    using Value = ValueUnderLock<F>;
    OpenOperation<Execution<Value>> answer(asked);
    auto handle = answer.handle();
    run_async<Value, std::decay_t<F>>(
        std::move(asked), std::optional<std::decay_t<F>>(std::forward<F>(f)), std::move(answer));
    return handle;
}

}  // namespace quorumlock::detail
