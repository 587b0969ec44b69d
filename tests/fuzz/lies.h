// What a server can say instead of the truth: made out of a few bytes of an input, so that a fuzzer
// comes to the interesting shapes without having to spell them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/input.h"

namespace quorumlock::fuzz {

/// What becomes of one honest reply.
struct Lie {
    enum class What : std::uint8_t { pass, instead, before, behind, drop, twice, later, close };
    static constexpr std::size_t kWhats = 8;
    What what = What::pass;
    std::string bytes{};  ///< instead, before, behind

    /// False: no client can take it for a yes that its server did not mean.
    bool can_fake() const noexcept;
};

Lie take_lie(Input& input, std::string_view token);

/// One reply: of a shape that a real server uses, or raw bytes. `token`: what the asker named last.
std::string take_reply(Input& input, std::string_view token);

}  // namespace quorumlock::fuzz
