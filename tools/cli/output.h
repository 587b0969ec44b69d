// What goes to stdout and stderr, and in which form.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <quorumlock/error.h>
#include <quorumlock/lock_service.h>

namespace quorumlock::cli {

/// Puts bytes under `key`, or, where they are not UTF-8, as base64 under `key` + "_base64".
void put_bytes(nlohmann::ordered_json& object, const std::string& key, std::string_view bytes);
/// Milliseconds with three decimals, rounded down: a validity is never overstated.
double milliseconds(Nanos value);

/// One JSON object on one line of stdout, flushed. False when it could not be written.
bool print_json(const nlohmann::ordered_json& object);

/// What an error looks like on stderr: {"error", "verb", "message", "nodes", "exit_code"} with
/// `json`, else one line and one indented line a node.
std::string error_text(std::string_view verb, const Error& error, int exit_code, bool json);

/// Without control characters and without what stands between "://" and "@": safe to show.
std::string one_line(std::string_view text);

}  // namespace quorumlock::cli
