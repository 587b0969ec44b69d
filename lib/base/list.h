// An intrusive doubly-linked list: members know their place, so leaving costs nothing.
#pragma once

#include <cstddef>

namespace quorumlock {

template <class T>
class List;

template <class T>
class ListHook {
  public:
    bool linked() const noexcept { return list_ != nullptr; }

  private:
    friend class List<T>;
    T* previous_ = nullptr;
    T* next_ = nullptr;
    List<T>* list_ = nullptr;
};

/// T derives from ListHook<T>. First in, first out.
template <class T>
class List {
  public:
    bool empty() const noexcept { return first_ == nullptr; }
    T* first() const noexcept { return first_; }
    std::size_t size() const noexcept { return size_; }
    static T* next(const T& item) noexcept { return hook(item).next_; }

    void push_back(T& item) noexcept {
        auto& place = hook(item);
        place.list_ = this;
        place.previous_ = last_;
        place.next_ = nullptr;
        (last_ == nullptr ? first_ : hook(*last_).next_) = &item;
        last_ = &item;
        ++size_;
    }
    void remove(T& item) noexcept {
        auto& place = hook(item);
        if (place.list_ != this) return;
        (place.previous_ == nullptr ? first_ : hook(*place.previous_).next_) = place.next_;
        (place.next_ == nullptr ? last_ : hook(*place.next_).previous_) = place.previous_;
        place.list_ = nullptr;
        --size_;
    }

  private:
    static ListHook<T>& hook(T& item) noexcept { return item; }
    static const ListHook<T>& hook(const T& item) noexcept { return item; }

    T* first_ = nullptr;
    T* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace quorumlock
