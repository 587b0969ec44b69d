#include "tools/cli/output.h"

#include <cmath>
#include <cstdint>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace quorumlock::cli {
namespace {

using nlohmann::ordered_json;

/// Bytes of the UTF-8 sequence at `at`; 0: not UTF-8 (overlong and surrogates included).
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned lead = byte(0);
    const unsigned second = byte(1);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        const bool fine = (lead != 0xe0 || second >= 0xa0) && (lead != 0xed || second <= 0x9f);
        return fine && tail(1) && tail(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const bool fine = (lead != 0xf0 || second >= 0x90) && (lead != 0xf4 || second <= 0x8f);
        return fine && tail(1) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string base64(std::string_view bytes) {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            const auto byte = i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U;
            group = group << 8U | byte;
        }
        for (std::size_t j = 0; j < 4; ++j) {
            const bool padding = i + j > bytes.size();
            text += padding ? '=' : kDigits[group >> (18 - 6 * j) & 0x3fU];
        }
    }
    return text;
}

std::string dump(const ordered_json& object) {
    return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

/// "redis://user:secret@host" -> "redis://***@host", as far as one argument reaches.
std::string mask_userinfo(std::string text) {
    for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at)) {
        at += 3;
        const std::size_t end = text.find_first_of(" ,\"", at);
        const std::size_t sign = text.substr(0, end).rfind('@');
        if (sign != std::string::npos && sign > at) text.replace(at, sign - at, "***");
    }
    return text;
}

}  // namespace

std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
    }
    line = mask_userinfo(std::move(line));
    constexpr std::size_t kLongest = 1000;
    if (line.size() > kLongest) line = line.substr(0, kLongest) + "...";
    return line;
}

void put_bytes(ordered_json& object, const std::string& key, std::string_view bytes) {
    if (is_utf8(bytes)) {
        object[key] = bytes;
    } else {
        object[key + "_base64"] = base64(bytes);
    }
}

double milliseconds(Nanos value) {
    return std::floor(static_cast<double>(value.count()) / 1e3) / 1e3;
}

bool print_json(const ordered_json& object) {
    const std::string text = dump(object);
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
           std::fflush(stdout) == 0;
}

std::string error_text(std::string_view verb, const Error& error, int exit_code, bool json) {
    if (json) {
        ordered_json object{{"error", errc_name(error.code())}};
        if (!verb.empty()) object["verb"] = verb;
        object["message"] = one_line(error.message());
        for (const NodeReport& report : error.nodes()) {
            object["nodes"].push_back({{"node", report.node},
                                       {"vote", node_vote_name(report.vote)},
                                       {"cause", one_line(report.cause)}});
        }
        if (error.code() == Errc::contended && error.holder_remaining() >= Nanos{0}) {
            object["holder_remaining_ms"] = milliseconds(error.holder_remaining());
        }
        object["exit_code"] = exit_code;
        return dump(object);
    }
    std::string text = "quorumlock: ";
    if (!verb.empty()) text.append(verb).append(": ");
    text += one_line(error.message()) + "\n";
    for (const NodeReport& report : error.nodes()) {
        text += "  " + one_line(report.node) + ": " + node_vote_name(report.vote) + ": " +
                one_line(report.cause) + "\n";
    }
    return text;
}

}  // namespace quorumlock::cli
