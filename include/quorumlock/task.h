// The least coroutine type a program needs that has none: for functions given to execute().
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace quorumlock {

template <class T = void>
class Task;

namespace detail {

/// What promises of Task<T> and Task<void> share.
class TaskPromiseBase {
  public:
    struct Final {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
            return ended.promise().waiting_;
        }
        void await_resume() noexcept {}
    };
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  protected:
    template <class T>
    friend class quorumlock::Task;
    std::coroutine_handle<> waiting_;
    std::exception_ptr exception_;
};

template <class T>
class TaskPromise final : public TaskPromiseBase {
  public:
    Task<T> get_return_object();
    template <class U>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    std::optional<T> value_;
};

template <>
class TaskPromise<void> final : public TaskPromiseBase {
  public:
    Task<void> get_return_object();
    void return_void() noexcept {}
};

}  // namespace detail

/// A coroutine that starts when it is awaited, once, and gives its awaiter what it returns or
/// throws. T is an object type or void. It runs in the thread that awaits it, and after each
/// co_await of its own in the thread that resumes it: behind a quorumlock Operation that is the
/// service's own thread. Destroying it before it has ended destroys what it has begun.
template <class T>
class [[nodiscard]] Task {
  public:
    using promise_type = detail::TaskPromise<T>;

    explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    auto operator co_await() && noexcept { return Awaiter{handle_}; }

  private:
    struct Awaiter {
        std::coroutine_handle<promise_type> handle;
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
            handle.promise().waiting_ = waiting;
            return handle;
        }
        T await_resume() {
            if (handle.promise().exception_) std::rethrow_exception(handle.promise().exception_);
            if constexpr (!std::is_void_v<T>) return *std::move(handle.promise().value_);
        }
    };

    std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace detail

}  // namespace quorumlock
