// A value or an Error, with std::expected's member names (libstdc++ 12 has no std::expected).
#pragma once

#include <cstdlib>
#include <type_traits>
#include <utility>
#include <variant>

#include <quorumlock/error.h>

namespace quorumlock {

/// Either a T or an Error. Asking for the one that is not there ends the program: that is a bug
/// of the caller, and assertions stay on in release builds.
template <class T>
class [[nodiscard]] Result {
  public:
    using value_type = T;
    using error_type = Error;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    T& value() & { return checked(); }
    const T& value() const& { return const_cast<Result*>(this)->checked(); }
    T&& value() && { return std::move(checked()); }
    T& operator*() & { return checked(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(checked()); }
    T* operator->() { return &checked(); }
    const T* operator->() const { return &value(); }
    template <class U>
    T value_or(U&& other) && {
        return has_value() ? std::move(checked()) : static_cast<T>(std::forward<U>(other));
    }

    const Error& error() const& {
        if (has_value()) std::abort();
        return *std::get_if<1>(&state_);
    }
    Error&& error() && {
        if (has_value()) std::abort();
        return std::move(*std::get_if<1>(&state_));
    }

  private:
    T& checked() {
        if (!has_value()) std::abort();
        return *std::get_if<0>(&state_);
    }
    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;
    using error_type = Error;

    Result() = default;
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    void value() const {
        if (!has_value()) std::abort();
    }
    const Error& error() const& {
        if (has_value()) std::abort();
        return *std::get_if<1>(&state_);
    }
    Error&& error() && {
        if (has_value()) std::abort();
        return std::move(*std::get_if<1>(&state_));
    }

  private:
    std::variant<std::monostate, Error> state_;
};

}  // namespace quorumlock
