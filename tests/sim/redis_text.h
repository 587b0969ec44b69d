// How a Redis server reads words and numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quorumlock::sim {

/// A command as it was read; the bytes belong to the caller.
using Words = std::vector<std::string_view>;

/// A decimal number in the one way it can be written: no sign but '-', no leading zero or blank.
std::optional<std::int64_t> whole_number(std::string_view text) noexcept;

/// Is `text`, in any case, this lower-case word?
bool is_word(std::string_view text, std::string_view word) noexcept;

/// Bytes of a client as they may stand in an error: up to the first NUL, `most` at most.
std::string_view shown(std::string_view bytes, std::size_t most = std::string_view::npos) noexcept;

/// Line ends, which would break the protocol, become blanks.
void blank_line_ends(std::string& text) noexcept;
/// The same, and those at the ends go.
std::string in_one_line(std::string text);

}  // namespace quorumlock::sim
