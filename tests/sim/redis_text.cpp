#include "tests/sim/redis_text.h"

#include <algorithm>
#include <charconv>

namespace quorumlock::sim {

std::optional<std::int64_t> whole_number(std::string_view text) noexcept {
    std::string_view digits = text;
    if (digits.starts_with('-')) digits.remove_prefix(1);
    const bool signed_zero = digits.size() < text.size() && digits == "0";
    if (digits.empty() || signed_zero || (digits.size() > 1 && digits.front() == '0')) return {};
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc() || stop != end) return {};
    return value;
}

bool is_word(std::string_view text, std::string_view word) noexcept {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
    });
}

std::string_view shown(std::string_view bytes, std::size_t most) noexcept {
    return bytes.substr(0, std::min(most, bytes.find('\0')));
}

void blank_line_ends(std::string& text) noexcept {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
}

std::string in_one_line(std::string text) {
    const auto first = text.find_first_not_of("\r\n");
    if (first == std::string::npos) return {};
    text = text.substr(first, text.find_last_not_of("\r\n") - first + 1);
    blank_line_ends(text);
    return text;
}

}  // namespace quorumlock::sim
