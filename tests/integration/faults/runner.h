// Runs one fault under the workload, and measures.
#pragma once

#include "tests/integration/faults/fault_case.h"
#include "tests/integration/faults/row.h"

namespace quorumlock::testing::faults {

/// The fault lasts for `span` at least, with half of it before and behind; longer, where grants are
/// slow to come. In a thread of its own, which a fault may take elsewhere.
Row run(const FaultCase& fault, std::chrono::milliseconds span);

}  // namespace quorumlock::testing::faults
