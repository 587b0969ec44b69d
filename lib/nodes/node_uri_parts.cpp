#include "lib/nodes/node_uri_parts.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace quorumlock::nodes::uri {

namespace {

constexpr std::size_t kMaxWordBytes = 32;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The value of a hex digit; -1 for anything else.
int hex_value(char c) {
    const char low = lowered(c);
    if (is_digit(low)) return low - '0';
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

template <class F>
bool all(std::string_view text, F&& allowed) {
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lowered);
    return out;
}

std::optional<std::string> decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

bool is_scheme(std::string_view text) {
    return text.size() <= kMaxWordBytes && !text.empty() && is_lower(text.front()) &&
           all(text, [](char c) {
               return is_lower(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
           });
}

bool is_key(std::string_view text) {
    return text.size() <= kMaxWordBytes &&
           all(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_tls_key(std::string_view text) {
    return text == "ca" || text == "cert" || text == "key" || text == "verify" || text == "sni";
}

bool is_host_name(std::string_view text) {
    return all(text, [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

bool is_ipv6(std::string_view text) {
    const auto percent = std::min(text.find('%'), text.size());
    const auto address = text.substr(0, percent);
    const auto zone = text.substr(percent);
    if (zone.size() == 1 || (zone.size() > 1 && !is_host_name(zone.substr(1)))) return false;
    return std::count(address.begin(), address.end(), ':') >= 2 &&
           all(address, [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
}

std::optional<int> number(std::string_view digits, int max) {
    if (!all(digits, is_digit)) return std::nullopt;
    int value = 0;
    const auto failure = std::from_chars(digits.data(), digits.data() + digits.size(), value).ec;
    if (failure != std::errc{} || value > max) return std::nullopt;
    return value;
}

}  // namespace quorumlock::nodes::uri
