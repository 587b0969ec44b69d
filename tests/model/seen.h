// The states that a search has met, told apart by 128 bits of a hash of their bytes, and how each
// was first reached: some forty bytes a state, whatever its size.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace quorumlock::model {

/// One step that can be taken: whose, and which of those open to it.
struct Move {
    std::uint8_t actor = 0;
    std::uint8_t choice = 0;
};

class Seen {
  public:
    using Id = std::uint32_t;
    struct Origin {
        Id from;
        Move by;
    };

    /// The state's number, in the order of their adding, and whether it is new.
    std::pair<Id, bool> add(std::span<const std::byte> state, Origin origin) {
        if (keys_.size() * 5 >= places_.size() * 4) grow();
        const Key key = key_of(state);
        Id& place = place_of(key);
        if (place != kFree) return {place, false};
        place = static_cast<Id>(keys_.size());
        keys_.push_back(key);
        origins_.push_back(origin);
        return {place, true};
    }

    std::size_t size() const noexcept { return keys_.size(); }
    Origin origin(Id id) const noexcept { return origins_[id]; }

  private:
    using Key = std::array<std::uint64_t, 2>;
    static constexpr Id kFree = ~Id{0};

    static Key key_of(std::span<const std::byte> bytes) {
        Key key{0x9e3779b97f4a7c15U, 0xc2b2ae3d27d4eb4fU};
        for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
            key[0] = (key[0] ^ word) * 0xff51afd7ed558ccdU;
            key[0] ^= key[0] >> 32;
            key[1] = (key[1] + word) * 0xc4ceb9fe1a85ec53U;
            key[1] ^= key[1] >> 29;
        }
        return key;
    }

    Id& place_of(const Key& key) {
        const std::size_t mask = places_.size() - 1;
        std::size_t at = key[0] & mask;
        while (places_[at] != kFree && keys_[places_[at]] != key) at = (at + 1) & mask;
        return places_[at];
    }

    void grow() {
        places_.assign(std::max<std::size_t>(1024, places_.size() * 2), kFree);
        for (Id id = 0; id < keys_.size(); ++id) place_of(keys_[id]) = id;
    }

    std::vector<Id> places_;  // a power of two, open addressing
    std::vector<Key> keys_;
    std::vector<Origin> origins_;
};

}  // namespace quorumlock::model
