#include "tools/cli/node_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace quorumlock::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

NodeInfo well() {
    NodeInfo info;
    info.node = "10.0.0.1:6379";
    info.kind = "redis";
    info.ready = true;
    return info;
}

TEST(NodeText, says_nothing_of_a_clock_within_a_second) {
    NodeInfo info = well();
    for (const Nanos ahead : {0ms, 1000ms, -1000ms}) {
        info.clock_ahead = ahead;
        EXPECT_FALSE(describe(info).contains("clock_ahead_ms"));
        EXPECT_EQ(row_of(info).back(), "");
    }
    EXPECT_FALSE(describe(info).contains("guarded_ms"));
}

TEST(NodeText, tells_a_clock_that_is_off_and_which_way) {
    NodeInfo info = well();
    info.clock_ahead = 1500ms;
    EXPECT_EQ(describe(info)["clock_ahead_ms"], 1500.0);
    EXPECT_EQ(row_of(info).back(), "its clock is 1.5 s ahead");
    info.clock_ahead = -61s;
    EXPECT_EQ(describe(info)["clock_ahead_ms"], -61000.0);
    info.cause = "something else";
    EXPECT_EQ(row_of(info).back(), "something else; its clock is 61.0 s behind");
}

TEST(NodeText, tells_what_is_left_of_a_guard) {
    NodeInfo info = well();
    info.ready = false;
    info.guarded = 12s;
    info.cause = "may have restarted without its locks, so it does not vote for 12.0 s more";
    EXPECT_EQ(describe(info)["guarded_ms"], 12000.0);
    EXPECT_THAT(row_of(info).back(), HasSubstr("12.0 s more"));
    EXPECT_EQ(row_of(info).size(), node_columns().size());
}

}  // namespace
}  // namespace quorumlock::cli
