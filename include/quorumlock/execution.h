// What became of a function that was to run under a lock.
#pragma once

#include <cstdlib>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace quorumlock {

namespace detail {
struct ExecutionAccess;
}

/// The answer of execute(). Three things are told apart: an outage is the Error of the Result
/// around this; "not acquired" is ran() == false; what f returned, be it nothing, is the value. T
/// is f's own type without reference and const, or void. Not thread-safe: a value like others.
template <class T = void>
class [[nodiscard]] Execution {
  public:
    using value_type = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

    /// Not acquired: another held the lock, so f did not run.
    Execution() = default;

    /// f has been called. False: contended.
    bool ran() const noexcept { return ran_; }
    explicit operator bool() const noexcept { return ran_; }
    /// The lock was still ours when f returned or threw. False after a run: it had expired, was
    /// lost or was released meanwhile, so another may have been inside as well.
    bool held() const noexcept { return held_; }

    /// What f returned. Throws f's exception where there is one; ends the program where f did not
    /// run, as asking a Result for what it has not.
    value_type& value() & { return checked(); }
    value_type&& value() && { return std::move(checked()); }
    const value_type& value() const& { return const_cast<Execution*>(this)->checked(); }
    value_type& operator*() & { return checked(); }
    value_type&& operator*() && { return std::move(checked()); }
    const value_type& operator*() const& { return value(); }
    value_type* operator->() { return &checked(); }
    const value_type* operator->() const { return &value(); }

    /// f's exception, for who gets this by then(): every other way to take the result throws it.
    const std::exception_ptr& exception() const noexcept { return exception_; }

  private:
    friend struct detail::ExecutionAccess;
    value_type& checked() {
        if (exception_) std::rethrow_exception(exception_);
        if (!value_) std::abort();
        return *value_;
    }

    bool ran_ = false;
    bool held_ = false;
    std::optional<value_type> value_;
    std::exception_ptr exception_;
};

}  // namespace quorumlock
