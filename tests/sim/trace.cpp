#include "tests/sim/trace.h"

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

std::string printable(std::string_view bytes, std::size_t most) {
    std::string out;
    for (const char c : bytes.substr(0, most)) {
        if (c == '\r') continue;
        if (c == '\n') {
            out += ' ';
        } else if (c >= ' ' && c < 0x7f) {
            out += c;
        } else {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
            out += hex;
        }
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    if (bytes.size() > most) out += "...(" + std::to_string(bytes.size()) + " bytes)";
    return out;
}

}  // namespace quorumlock::sim
