#include "tools/cli/config.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tools/cli/service_options.h"

namespace quorumlock::cli {
namespace {

using nlohmann::json;

/// A device or a pipe has no end.
constexpr std::size_t kMostBytes = 1 << 20;

Error wrong(const std::string& path, const std::string& what) {
    return Error(Errc::invalid_argument, "--config " + path + ": " + what);
}

Result<void> read_nodes(const std::string& path, const json& value, ConfigFile& config) {
    const auto bad = [&] { return wrong(path, "nodes: write a list of URIs, each a string"); };
    if (!value.is_array()) return bad();
    for (const json& node : value) {
        if (!node.is_string()) return bad();
        config.nodes.push_back(node.get<std::string>());
    }
    return {};
}

}  // namespace

Result<ConfigFile> read_config(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text(kMostBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) {
        return wrong(path, std::string("cannot be read: ") + std::strerror(errno));
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMostBytes) return wrong(path, "is larger than 1 MiB");
    return parse_config(path, text);
}

Result<ConfigFile> parse_config(const std::string& path, std::string_view text) {
    const json root = json::parse(text, nullptr, false, true);
    if (!root.is_object()) {
        return wrong(path, "is not one JSON object, as in {\"nodes\": [\"redis://10.0.0.1\"]}");
    }
    ConfigFile config;
    for (const auto& [key, value] : root.items()) {
        if (key == "nodes") {
            auto nodes = read_nodes(path, value, config);
            if (!nodes) return std::move(nodes).error();
        } else if (find_service_option(key) == nullptr) {
            return wrong(path, key + ": there is no such option; see quorumlock --help");
        } else if (value.is_string()) {
            config.service[key] = value.get<std::string>();
        } else if (value.is_number()) {
            config.service[key] = value.dump();
        } else {
            return wrong(path, key + ": write a string or a number");
        }
    }
    return config;
}

}  // namespace quorumlock::cli
