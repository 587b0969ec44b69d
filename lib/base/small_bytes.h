// A byte string that keeps up to 64 bytes in place: resource names of usual length never touch
// the heap. Assigning reuses what is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace quorumlock {

class SmallBytes {
  public:
    static constexpr std::size_t kInPlace = 64;

    SmallBytes() = default;
    explicit SmallBytes(std::string_view bytes) { assign(bytes); }
    SmallBytes(const SmallBytes& other) { assign(other.view()); }
    SmallBytes& operator=(const SmallBytes& other) {
        if (this != &other) assign(other.view());
        return *this;
    }
    SmallBytes(SmallBytes&& other) noexcept { take(other); }
    SmallBytes& operator=(SmallBytes&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }
    ~SmallBytes() = default;

    /// Below 4 GiB; not a part of this one's own bytes.
    void assign(std::string_view bytes) {
        if (bytes.size() > kInPlace && bytes.size() > room_) {
            long_ = std::make_unique<char[]>(bytes.size());
            room_ = static_cast<std::uint32_t>(bytes.size());
        }
        size_ = static_cast<std::uint32_t>(bytes.size());
        if (size_ != 0) std::memcpy(size_ <= kInPlace ? place_ : long_.get(), bytes.data(), size_);
    }
    std::string_view view() const noexcept {
        return {size_ <= kInPlace ? place_ : long_.get(), size_};
    }

  private:
    /// The other is empty behind it.
    void take(SmallBytes& other) noexcept {
        size_ = std::exchange(other.size_, 0);
        if (size_ > kInPlace) {
            long_ = std::move(other.long_);
            room_ = std::exchange(other.room_, 0);
        } else if (size_ != 0) {
            std::memcpy(place_, other.place_, size_);
        }
    }

    std::uint32_t size_ = 0;
    std::uint32_t room_ = 0;  // of long_
    std::unique_ptr<char[]> long_;
    char place_[kInPlace];
};

}  // namespace quorumlock
