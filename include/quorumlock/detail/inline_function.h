// A move-only callable that keeps captures of up to Capacity bytes in place: the hot path stores
// user callbacks without touching the heap.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace quorumlock::detail {

template <class Signature, std::size_t Capacity>
class InlineFunction;

template <class R, class... Args, std::size_t Capacity>
class InlineFunction<R(Args...), Capacity> {
  public:
    InlineFunction() = default;
    template <class F>
    requires(!std::is_same_v<std::decay_t<F>, InlineFunction>) InlineFunction(F&& f) {
        using Fn = std::decay_t<F>;
        if constexpr (fits<Fn>()) {
            ::new (static_cast<void*>(place_)) Fn(std::forward<F>(f));
            table_ = &kInPlace<Fn>;
        } else {
            using Boxed = std::unique_ptr<Fn>;
            ::new (static_cast<void*>(place_)) Boxed(std::make_unique<Fn>(std::forward<F>(f)));
            table_ = &kBoxed<Fn>;
        }
    }
    InlineFunction(InlineFunction&& other) noexcept { take(other); }
    InlineFunction& operator=(InlineFunction&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    ~InlineFunction() { reset(); }

    explicit operator bool() const noexcept { return table_ != nullptr; }
    R operator()(Args... args) { return table_->call(place_, std::forward<Args>(args)...); }
    void reset() noexcept {
        if (table_ == nullptr) return;
        table_->destroy(place_);
        table_ = nullptr;
    }

  private:
    struct Table {
        R (*call)(void*, Args&&...);
        void (*move_to)(void* from, void* to) noexcept;
        void (*destroy)(void*) noexcept;
    };
    template <class Fn>
    static constexpr bool fits() {
        return sizeof(Fn) <= Capacity && alignof(Fn) <= alignof(std::max_align_t) &&
               std::is_nothrow_move_constructible_v<Fn>;
    }
    template <class Stored>
    static void relocate(void* from, void* to) noexcept {
        auto* stored = static_cast<Stored*>(from);
        ::new (to) Stored(std::move(*stored));
        stored->~Stored();
    }
    template <class Stored>
    static void destroy(void* place) noexcept {
        static_cast<Stored*>(place)->~Stored();
    }
    template <class Fn>
    static constexpr Table kInPlace{
        [](void* place, Args&&... args) -> R {
            return (*static_cast<Fn*>(place))(std::forward<Args>(args)...);
        },
        &relocate<Fn>, &destroy<Fn>};
    template <class Fn>
    static constexpr Table kBoxed{
        [](void* place, Args&&... args) -> R {
            return (**static_cast<std::unique_ptr<Fn>*>(place))(std::forward<Args>(args)...);
        },
        &relocate<std::unique_ptr<Fn>>, &destroy<std::unique_ptr<Fn>>};

    void take(InlineFunction& other) noexcept {
        if (other.table_ == nullptr) return;
        other.table_->move_to(other.place_, place_);
        table_ = std::exchange(other.table_, nullptr);
    }

    alignas(std::max_align_t) std::byte place_[Capacity];
    const Table* table_ = nullptr;
};

}  // namespace quorumlock::detail
