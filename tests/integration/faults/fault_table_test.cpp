// Each row of the fault table, in brief; build/<preset>/bin/quorumlock_faults prints it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/faults/runner.h"

namespace quorumlock::testing::faults {

namespace {

using namespace std::chrono_literals;

class FaultTable : public ::testing::TestWithParam<FaultCase> {};

std::string name_of(const ::testing::TestParamInfo<FaultCase>& tested) {
    std::string name = tested.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

}  // namespace

void PrintTo(const FaultCase& fault, std::ostream* out) { *out << fault.what; }

TEST_P(FaultTable, breaks_no_bound) {
    const Row row = run(GetParam(), 500ms);
    if (!row.skipped.empty()) GTEST_SKIP() << row.skipped;
    for (const std::string& line : row.broken) ADD_FAILURE() << line;
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultTable, ::testing::ValuesIn(all_faults()), name_of);

}  // namespace quorumlock::testing::faults
