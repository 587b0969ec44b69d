// Every command, well and badly said: what is asked in every state of a server.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/truth/twins.h"

namespace quorumlock::sim::truth {

/// Puts the same keys and scripts on both sides: "string", "mine" (held by token), "number",
/// "list", and the scripts below loaded.
std::vector<Command> furniture();
/// Commands that leave the connection and the furniture as they are, or put them back.
std::vector<Command> catalogue();

/// The token that holds "mine".
extern const std::string kToken;

std::string sha(std::string_view script);
std::string release_sha();
std::string extend_sha();
/// A script that sets KEYS[1] to ARGV[1] for ARGV[2] ms if it is absent, as an acquire would.
extern const std::string kAcquireScript;
/// Deletes KEYS[1], then writes it again: a write behind a write.
extern const std::string kRewriteScript;

}  // namespace quorumlock::sim::truth
