// The small words of a URI, by RFC 3986: what each part may contain, and what it means.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quorumlock::nodes::uri {

std::string lower(std::string_view text);
/// Percent-decoding; nullopt when a '%' is not followed by two hex digits. A '+' is a plus.
std::optional<std::string> decode(std::string_view text);
/// Any byte below 0x20, or 0x7f.
bool has_control(std::string_view text);
/// A letter, then letters, digits, '+', '-' and '.'; lower-case, up to 32 bytes.
bool is_scheme(std::string_view text);
/// One of those that rediss:// knows beside what redis:// does.
bool is_tls_key(std::string_view text);
/// Lower-case letters, digits and '_', up to 32 bytes.
bool is_key(std::string_view text);
/// Letters, digits, '-', '_' and '.'; not empty.
bool is_host_name(std::string_view text);
/// The form of an IPv6 address, with an optional %zone. The name look-up has the last word.
bool is_ipv6(std::string_view text);
/// Decimal digits only, 0..max.
std::optional<int> number(std::string_view digits, int max);

}  // namespace quorumlock::nodes::uri
