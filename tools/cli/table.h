// Columns for people.
#pragma once

#include <string>
#include <vector>

namespace quorumlock::cli {

/// Columns as wide as their longest cell, two spaces between, nothing behind the last.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

}  // namespace quorumlock::cli
