// What `nodes` tells of one node, for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <quorumlock/lock_service.h>

namespace quorumlock::cli {

/// A guard and a clock are told only where there is something to tell: `guarded_ms` while it has no
/// vote after a restart, `clock_ahead_ms` (negative: behind) from more than a second on.
nlohmann::ordered_json describe(const NodeInfo& info);

/// The cells of its row in the table, as node_columns() names them.
std::vector<std::string> row_of(const NodeInfo& info);
std::vector<std::string> node_columns();

}  // namespace quorumlock::cli
