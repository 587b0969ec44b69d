// Makes the tokens of one service. Rule A2.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "lib/base/token.h"
#include "lib/env/env.h"

namespace quorumlock::detail {

/// Draws from the cryptographic generator in batches: one call of it costs as much as writing a
/// whole command. Used bytes are wiped. A forked child never gets here (its calls are `closed`),
/// so no two processes share a batch.
class Tokens {
  public:
    explicit Tokens(env::Env& env) : env_(env) {}
    Tokens(const Tokens&) = delete;
    Tokens& operator=(const Tokens&) = delete;
    ~Tokens() { pool_.fill(0); }

    /// nullopt when the generator failed: then nothing may be locked.
    std::optional<Token> next() {
        if (left_ == 0) {
            if (!env_.random_bytes(pool_)) return std::nullopt;
            left_ = kBatch;
        }
        --left_;
        auto* bytes = pool_.data() + left_ * Token::kRandomBytes;
        const Token token = Token::from_random(
            std::span<const std::uint8_t, Token::kRandomBytes>(bytes, Token::kRandomBytes));
        std::memset(bytes, 0, Token::kRandomBytes);
        return token;
    }

  private:
    static constexpr std::size_t kBatch = 64;
    env::Env& env_;
    std::array<std::uint8_t, kBatch * Token::kRandomBytes> pool_{};
    std::size_t left_ = 0;
};

}  // namespace quorumlock::detail
