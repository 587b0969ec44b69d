// The --config file: one JSON object with "nodes" and any service option by its name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <quorumlock/result.h>

namespace quorumlock::cli {

struct ConfigFile {
    std::vector<std::string> nodes;
    std::map<std::string, std::string> service;  ///< Option name -> its value as text.
};

/// Reads and checks the form of the file; the values are checked with the flags. Errors:
/// invalid_argument, one line that names the file and the key. Never repeats a value: a node URI
/// may carry a password.
Result<ConfigFile> read_config(const std::string& path);

}  // namespace quorumlock::cli
