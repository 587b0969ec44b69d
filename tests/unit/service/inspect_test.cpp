// Who holds a resource, asked of all that can tell. In virtual time.
#include <gtest/gtest.h>

#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

TEST(service_inspect, a_node_that_is_reached_late_is_waited_for) {
    ServiceWorld world(3);
    world.nodes[2]->is_ready = world.nodes[2]->is_settled = false;
    world.open();
    auto inspection = world.locks->inspect("r");
    world.env.advance(150ms);  // the service goes on without it
    EXPECT_FALSE(inspection.done());
    world.nodes[2]->change(true, true);
    const auto seen = world.after(Nanos{0}, std::move(inspection));
    ASSERT_TRUE(seen);
    for (const auto& node : seen->nodes) EXPECT_TRUE(node.answered) << node.node;
    EXPECT_EQ(world.nodes[2]->count("inspect"), 1U);
}

TEST(service_inspect, a_node_that_cannot_be_reached_ends_the_wait) {
    ServiceWorld world(3);
    world.nodes[2]->is_ready = world.nodes[2]->is_settled = false;
    world.open();
    auto inspection = world.locks->inspect("r");
    world.env.advance(150ms);
    world.nodes[2]->mode = Mode::fail;
    world.nodes[2]->change(false, true);
    const auto seen = world.after(Nanos{0}, std::move(inspection));
    ASSERT_TRUE(seen);
    EXPECT_FALSE(seen->nodes[2].answered);
    EXPECT_EQ(seen->nodes[2].cause, "connection refused");
}

TEST(service_inspect, a_node_that_is_never_reached_costs_the_time_limit_and_no_more) {
    ServiceOptions options;
    options.node_timeout = 200ms;
    ServiceWorld world(3, options);
    world.nodes[2]->is_ready = world.nodes[2]->is_settled = false;
    world.open();
    auto inspection = world.locks->inspect("r");
    world.env.advance(299ms);  // 100 of them for the first connections
    EXPECT_FALSE(inspection.done());
    world.env.advance(1ms);
    const auto seen = world.after(Nanos{0}, std::move(inspection));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->nodes[2].cause, "no answer within the time limit");
    EXPECT_TRUE(seen->nodes[0].answered && seen->nodes[1].answered);
    world.nodes[2]->change(true, true);  // nobody listens any more
    world.env.run();
    EXPECT_EQ(world.nodes[2]->count("inspect"), 0U);
}

}  // namespace
}  // namespace quorumlock::testing
