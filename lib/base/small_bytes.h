// A byte string that keeps up to 64 bytes in place: resource names of usual length never touch
// the heap. Assigning reuses what is there.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace quorumlock {

class SmallBytes {
  public:
    static constexpr std::size_t kInPlace = 64;

    SmallBytes() = default;
    explicit SmallBytes(std::string_view bytes) { assign(bytes); }

    void assign(std::string_view bytes) {
        size_ = bytes.size();
        if (size_ <= kInPlace) {
            if (size_ != 0) std::memcpy(place_, bytes.data(), size_);
        } else {
            long_.assign(bytes);
        }
    }
    std::string_view view() const noexcept {
        return size_ <= kInPlace ? std::string_view(place_, size_) : std::string_view(long_);
    }

  private:
    std::size_t size_ = 0;
    char place_[kInPlace];
    std::string long_;
};

}  // namespace quorumlock
