// Who holds a lock: 128 random bits, written as 32 lower-case hex digits. The value of the key on
// every node, and secret enough that nobody guesses another's. Rule A2. A value: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace quorumlock {

struct Token {
    static constexpr std::size_t kRandomBytes = 16;
    static constexpr std::size_t kLength = 32;

    std::array<char, kLength> hex{};

    std::string_view view() const noexcept { return {hex.data(), hex.size()}; }
    bool operator==(const Token&) const = default;

    static Token from_random(std::span<const std::uint8_t, kRandomBytes> random) noexcept {
        constexpr char kDigits[] = "0123456789abcdef";
        Token token;
        for (std::size_t i = 0; i < kRandomBytes; ++i) {
            token.hex[2 * i] = kDigits[random[i] >> 4];
            token.hex[2 * i + 1] = kDigits[random[i] & 0x0f];
        }
        return token;
    }

    /// Only our own form is accepted: 32 lower-case hex digits.
    static std::optional<Token> parse(std::string_view text) noexcept {
        if (text.size() != kLength) return std::nullopt;
        Token token;
        for (std::size_t i = 0; i < kLength; ++i) {
            const char c = text[i];
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
            token.hex[i] = c;
        }
        return token;
    }
};

}  // namespace quorumlock
