// The proof that a node of your own (shelf_node.h) keeps the contract. Needs GoogleTest.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <quorumlock/testing/conformance.h>

#include "shelf_node.h"

namespace {

/// Fresh stores, and what makes nodes over them: for LockService::open({}, {.nodes = shelves(3)}).
std::vector<quorumlock::nodes::NodeFactory> shelves(int count) {
    std::vector<quorumlock::nodes::NodeFactory> factories;
    for (int i = 0; i < count; ++i) {
        factories.push_back(
            [shelf = std::make_shared<Shelf>(), i](std::shared_ptr<quorumlock::nodes::Loop> loop) {
                return std::make_unique<ShelfNode>(std::move(loop), shelf, "s" + std::to_string(i));
            });
    }
    return factories;
}

}  // namespace

namespace quorumlock::testing {

Provider shelf(int count) {
    Provider its;
    its.name = "shelf_x" + std::to_string(count);
    its.kind = "shelf";
    its.nodes = count;
    its.cannot = {.fence = true, .heal = true, .transfer = true};
    its.world = world_of([count] { return shelves(count); });
    return its;
}

const auto kShelf = ::testing::Values(shelf(1), shelf(3));
INSTANTIATE_TEST_SUITE_P(Shelf, NodeTest, kShelf, name_of);
INSTANTIATE_TEST_SUITE_P(Shelf, ProviderTest, kShelf, name_of);

}  // namespace quorumlock::testing

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
