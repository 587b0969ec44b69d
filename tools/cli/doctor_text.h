// What `doctor` prints: a table and the findings for people, one object for machines.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tools/cli/doctor_findings.h"

namespace quorumlock::cli {

/// One row a node, then what is not in order, worst first, then one line that counts.
std::string doctor_text(const std::vector<DoctorNode>& nodes, const std::vector<Finding>& findings);

/// {"result", "exit_code", "answered", "quorum", "nodes": [...], "findings": [...]}, the checks
/// that found nothing included.
nlohmann::ordered_json doctor_json(const std::vector<DoctorNode>& nodes,
                                   const std::vector<Finding>& findings, int exit_code);

}  // namespace quorumlock::cli
