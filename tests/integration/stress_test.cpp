// The same over real servers: here answers come in any order, and an undo crosses the network.
#include <chrono>

#include "tests/integration/five_redis.h"
#include "tests/support/stress.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

using StressTest = FiveRedis;

TEST_F(StressTest, every_operation_ends_once_and_two_are_never_inside) {
    ServiceOptions options = patient();
    options.retry_delay = 1ms;
    options.retry_delay_max = 5ms;
    Stress(open_service(uris(), options), 27).run();
}

}  // namespace quorumlock::testing
