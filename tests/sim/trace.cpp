#include "tests/sim/trace.h"

#include <algorithm>
#include <cstdio>

namespace quorumlock::sim {

std::string text_of(Time time) {
    const char* unit = "ns";
    Time scale = 1;
    const Time size = time < 0 ? -time : time;
    if (size >= kSecond) {
        unit = "s";
        scale = kSecond;
    } else if (size >= kMilli) {
        unit = "ms";
        scale = kMilli;
    } else if (size >= kMicro) {
        unit = "us";
        scale = kMicro;
    }
    char text[64];
    if (size % scale == 0) {
        std::snprintf(text, sizeof text, "%lld %s", static_cast<long long>(time / scale), unit);
    } else {
        std::snprintf(text, sizeof text, "%s%lld.%03lld %s", time < 0 ? "-" : "",
                      static_cast<long long>(size / scale),
                      static_cast<long long>(size % scale / (scale / 1000)), unit);
    }
    return text;
}

namespace {

bool is_marker(std::string_view line) {
    return line.size() > 1 && (line[0] == '*' || line[0] == '$') && line[1] >= '0' &&
           line[1] <= '9';
}

/// Tokens and hashes by their first digits, control characters as numbers, long words cut.
std::string word_of(std::string_view line) {
    constexpr std::size_t kMost = 48;
    const bool hex = line.find_first_not_of("0123456789abcdef") == line.npos;
    if (hex && (line.size() == 32 || line.size() == 40)) return std::string(line.substr(0, 6));
    std::string out;
    for (const char c : line.substr(0, kMost)) {
        if (c >= ' ' && c < 0x7f) {
            out += c;
            continue;
        }
        char number[8];
        std::snprintf(number, sizeof number, "\\x%02x", static_cast<unsigned char>(c));
        out += number;
    }
    if (line.size() > kMost) out += "..(" + std::to_string(line.size()) + ")";
    return out;
}

}  // namespace

std::string in_words(std::string_view bytes) {
    constexpr std::size_t kMost = 300;
    std::string out;
    while (!bytes.empty() && out.size() < kMost) {
        const std::size_t end = std::min(bytes.find("\r\n"), bytes.size());
        const std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(std::min(end + 2, bytes.size()));
        if (!is_marker(line)) {
            out += (out.empty() ? "" : " ") + word_of(line);
        } else if (line[0] == '*' && !out.empty()) {
            out += " |";
        }
    }
    return bytes.empty() ? out : out + " ...";
}

}  // namespace quorumlock::sim
