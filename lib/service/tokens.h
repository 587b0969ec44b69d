// Makes the tokens of one service. Rule A2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <quorumlock/token.h>

#include "lib/env/env.h"

namespace quorumlock::detail {

/// nullopt when the generator failed: then nothing may be locked. A forked child never gets here
/// (its calls are `closed`), and Env hands no byte out twice.
inline std::optional<Token> fresh_token(env::Env& env) {
    std::array<std::uint8_t, Token::kRandomBytes> random{};
    if (!env.random_bytes(random)) return std::nullopt;
    return Token::from_random(random);
}

}  // namespace quorumlock::detail
