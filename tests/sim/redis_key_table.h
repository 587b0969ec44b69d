// A hash table of keys. Slots are reused and keep their memory; they stand in an order that depends
// on nothing but what was put in and taken out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quorumlock::sim {

struct Key {
    std::string name;
    std::string value;             ///< Empty for a list.
    std::int64_t expires_ms = 0;   ///< The last millisecond of its life.
    std::int64_t list_length = 0;  ///< 0: a string.
    // The table's own.
    std::size_t hash = 0;
    std::uint32_t slot = 0;
    std::uint32_t next = 0;
    bool used = false;

    bool is_list() const noexcept { return list_length != 0; }
};

class KeyTable {
  public:
    /// Valid until it is erased.
    Key* find(std::string_view name) noexcept {
        return const_cast<Key*>(std::as_const(*this).find(name));
    }
    const Key* find(std::string_view name) const noexcept;
    /// A name that is not there yet; everything else of the key is as it happens to be.
    Key& insert(std::string_view name);
    void erase(Key& key);
    std::size_t size() const noexcept { return size_; }

    /// Every key, in the order of the slots; `visit` may erase the one it is given.
    template <typename Visit>
    void for_each(Visit visit) {
        for (Key& key : slots_) {
            if (key.used) visit(key);
        }
    }
    template <typename Visit>
    void for_each(Visit visit) const {
        for (const Key& key : slots_) {
            if (key.used) visit(key);
        }
    }

  private:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    std::size_t bucket(std::size_t hash) const noexcept { return hash & (buckets_.size() - 1); }
    void grow();

    std::deque<Key> slots_;
    std::vector<std::uint32_t> buckets_;  // a power of two of them
    std::uint32_t free_ = kNone;
    std::size_t size_ = 0;
};

}  // namespace quorumlock::sim
