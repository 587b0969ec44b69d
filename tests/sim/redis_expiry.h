// When a key is to expire, as commands say it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quorumlock::sim {

struct ExpiryUnit {
    std::int64_t ms = 1;
    bool from_now = true;

    bool operator==(const ExpiryUnit&) const = default;
};

struct ExpiryOption {
    std::string_view word;
    ExpiryUnit unit;
};

/// EX, PX, EXAT and PXAT of SET; null for other words.
const ExpiryOption* find_expiry_option(std::string_view word) noexcept;

/// The last millisecond of the key's life; nothing when it is out of reach of a number.
std::optional<std::int64_t> expiry_ms(std::int64_t amount, ExpiryUnit unit,
                                      std::int64_t now_ms) noexcept;

}  // namespace quorumlock::sim
