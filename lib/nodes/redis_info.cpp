#include "lib/nodes/redis_info.h"

#include <charconv>

namespace quorumlock::nodes {

std::string_view info_field(std::string_view info, std::string_view key) {
    while (!info.empty()) {
        const auto end = info.find('\n');
        std::string_view line = info.substr(0, end);
        info.remove_prefix(end == std::string_view::npos ? info.size() : end + 1);
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') {
            continue;
        }
        line.remove_prefix(key.size() + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }
    return {};
}

std::int64_t info_number(std::string_view info, std::string_view key, std::int64_t otherwise) {
    const std::string_view text = info_field(info, key);
    std::int64_t value = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    return bad == std::errc() && end == text.data() + text.size() && value >= 0 ? value : otherwise;
}

bool new_enough(std::string_view version) {
    int major = 0, minor = 0;
    const char* const end = version.data() + version.size();
    const auto [dot, bad] = std::from_chars(version.data(), end, major);
    if (bad != std::errc()) return true;
    if (dot != end && *dot == '.') std::from_chars(dot + 1, end, minor);
    return major > 6 || (major == 6 && minor >= 2);
}

}  // namespace quorumlock::nodes
