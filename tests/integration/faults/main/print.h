// The table, for people, for documents and for programs.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/faults/row.h"

namespace quorumlock::testing::faults {

std::string as_text(const std::vector<Row>& rows);
/// Without what few need to know; `when` stands above it.
std::string as_markdown(const std::vector<Row>& rows, const std::string& when);
std::string as_json(const std::vector<Row>& rows);

}  // namespace quorumlock::testing::faults
