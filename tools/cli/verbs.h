// The verbs; each adds itself, with its flags, to the top-level command.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/error.h>
#include <quorumlock/result.h>
#include <quorumlock/time.h>

#include "tools/cli/context.h"

namespace quorumlock::cli {

void add_run(CLI::App& app, Context& context);
void add_acquire(CLI::App& app, Context& context);
void add_extend(CLI::App& app, Context& context);
void add_release(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_break(CLI::App& app, Context& context);
void add_nodes(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_cluster(CLI::App& app, Context& context);

/// Checks 1..4096 bytes. Rule A1.
Result<void> check_resource(std::string_view resource);

/// --ttl within 10 ms .. max_ttl; when not given, 30 s or max_ttl if that is shorter.
Result<Nanos> parse_ttl(const std::string& text, const ServiceOptions& options);

/// Rule Q1.
std::size_t quorum_of(std::size_t nodes);
/// no_quorum: `count` of `all` nodes `did` ("answered"), and why the others did not.
Error too_few(std::size_t count, std::size_t all, const char* did, std::vector<NodeReport> nodes);

}  // namespace quorumlock::cli
