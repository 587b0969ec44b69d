#include <gtest/gtest.h>

#include "tests/sim/sim_redis.h"

namespace quorumlock::sim {
namespace {

TEST(SimRedisConnection, ids_count_from_one_in_every_process) {
    SimRedis redis(1, 0, nullptr);
    EXPECT_EQ(redis.accept(0), 1);
    EXPECT_EQ(redis.accept(0), 2);
}

}  // namespace
}  // namespace quorumlock::sim
