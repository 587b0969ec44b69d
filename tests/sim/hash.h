// One hash for whatever the simulated world compares or looks up: the same in every build, and
// quick with the long names that some plans draw.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace quorumlock::sim {

inline std::uint64_t hash_of(std::string_view bytes) noexcept {
    std::uint64_t hash = bytes.size();
    while (bytes.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data(), 8);
        hash = (hash ^ word) * 0xd6e8feb86659fd93ULL;
        hash ^= hash >> 32;
        bytes.remove_prefix(8);
    }
    for (const char c : bytes) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0xd6e8feb86659fd93ULL;
    }
    return hash ^ hash >> 32;
}

}  // namespace quorumlock::sim
