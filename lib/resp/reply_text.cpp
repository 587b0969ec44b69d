#include "lib/resp/reply_text.h"

#include <charconv>
#include <cstdint>
#include <system_error>

#include "lib/resp/reader.h"

namespace quorumlock::resp::text {

namespace {

constexpr std::size_t kShown = 60;

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

std::string_view first_words(std::string_view bytes) {
    std::size_t size = 0;
    while (size < bytes.size() && size < kShown && is_printable(bytes[size])) ++size;
    return bytes.substr(0, size);
}

std::string quoted(std::string_view words) { return "\"" + std::string(words) + "\""; }

std::string as_hex(char c) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    return {'0', 'x', kDigits[byte >> 4], kDigits[byte & 0x0f]};
}

}  // namespace

std::string no_reply(std::string_view bytes) {
    if (bytes.starts_with("HTTP/")) {
        return "not a Redis reply but a web server's: " + quoted(first_words(bytes));
    }
    const char first = bytes.front();
    // TLS records: 0x15 is the alert a TLS port answers plain bytes with, 0x16 a handshake.
    if (first == 0x15 || first == 0x16) {
        return "not a Redis reply: it began with " + as_hex(first) +
               " (the server seems to want TLS; use rediss://)";
    }
    const auto words = first_words(bytes);
    return "not a Redis reply: it began with " + (words.empty() ? as_hex(first) : quoted(words));
}

std::string announces_too_much(std::string_view count, std::string_view what,
                               std::string_view bound) {
    std::string line = "the reply announces ";
    line.append(count).append(" ").append(what).append(", more than ").append(bound);
    return line;
}

std::string too_large() { return "the reply is larger than 1 MiB"; }

std::string too_deep(int bound) {
    return "the reply nests arrays more than " + std::to_string(bound) + " deep";
}

std::string line_too_long(std::size_t bound) {
    return "the reply has a line of more than " + std::to_string(bound) + " bytes";
}

std::string not_resp2() { return "not a RESP2 reply: it holds a type of another protocol version"; }

std::string unterminated() { return "not a Redis reply: a string ends without its line end"; }

std::string out_of_memory() { return "no memory left for the reply"; }

std::string parser_said(std::string_view words) {
    return words.empty() ? out_of_memory() : "not a Redis reply: " + std::string(words);
}

std::string_view announced_bytes(std::string_view header) {
    const auto* const begin = header.data();
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(begin, begin + header.size(), value);
    if (end == begin || end == begin + header.size() || *end != '\r') return {};
    if (failure == std::errc{} && value <= kMaxReplyBytes) return {};
    return header.substr(0, static_cast<std::size_t>(end - begin));
}

}  // namespace quorumlock::resp::text
