// The --config file: one JSON object with "nodes" and any service option by its name.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/result.h>

namespace quorumlock::cli {

struct ConfigFile {
    std::vector<std::string> nodes;
    std::map<std::string, std::string> service;  ///< Option name -> its value as text.
};

/// Reads and checks the form of the file; the values are checked with the flags. Errors:
/// invalid_argument, one line that names the file and the key. Never repeats a value: a node URI
/// may carry a password. A file has at most 1 MiB.
Result<ConfigFile> read_config(const std::string& path);
/// The same of what stands in a file; `path` is for messages.
Result<ConfigFile> parse_config(const std::string& path, std::string_view text);

}  // namespace quorumlock::cli
