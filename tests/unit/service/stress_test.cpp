// Many threads on one service over memory nodes, for the thread sanitizer: exclusion, the hand-on
// of the lead, and a close under load.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/service_fixture.h"
#include "tests/support/stress.h"

namespace quorumlock::testing {
namespace {

using namespace std::chrono_literals;

class ServiceStress : public ::testing::TestWithParam<int> {};

TEST_P(ServiceStress, every_operation_ends_once_and_two_are_never_inside) {
    std::vector<std::string> uris;
    for (int i = 0; i < GetParam(); ++i) uris.push_back("memory:?name=m" + std::to_string(i));
    ServiceOptions options = patient();
    options.retry_delay = 100us;
    options.retry_delay_max = 2ms;
    Stress(open_service(uris, options), 90).run();
}

INSTANTIATE_TEST_SUITE_P(MemoryNodes, ServiceStress, ::testing::Values(1, 3));

}  // namespace
}  // namespace quorumlock::testing
