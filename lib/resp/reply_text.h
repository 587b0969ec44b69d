// What is wrong with a byte stream that is no RESP, in one line for a person each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quorumlock::resp::text {

/// `bytes`, of which the first begins no reply: what else may be speaking there.
std::string no_reply(std::string_view bytes);
std::string announces_too_much(std::string_view count, std::string_view what,
                               std::string_view bound);
std::string too_large();
std::string too_deep(int bound);
std::string line_too_long(std::size_t bound);
std::string not_resp2();
std::string unterminated();
std::string out_of_memory();
/// The parser's own words.
std::string parser_said(std::string_view words);

/// The number in the header of a string (what follows the `$`) when the header is complete and
/// the number larger than kMaxReplyBytes; else empty.
std::string_view announced_bytes(std::string_view header);

}  // namespace quorumlock::resp::text
