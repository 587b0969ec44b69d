#include "lib/base/node_set.h"

#include <gtest/gtest.h>

#include <vector>

namespace quorumlock {
namespace {

NodeSet set_of(std::initializer_list<int> nodes) {
    NodeSet set;
    for (int node : nodes) set.add(node);
    return set;
}

std::vector<int> members(NodeSet set) {
    std::vector<int> found;
    set.each([&](int node) { found.push_back(node); });
    return found;
}

TEST(NodeSet, starts_empty) {
    EXPECT_TRUE(NodeSet().empty());
    EXPECT_EQ(NodeSet().size(), 0);
    EXPECT_TRUE(members(NodeSet()).empty());
    EXPECT_TRUE(NodeSet::first(0).empty());
}

TEST(NodeSet, first_holds_the_lowest_nodes_up_to_all_32) {
    for (int count = 1; count <= 32; ++count) {
        const NodeSet set = NodeSet::first(count);
        EXPECT_EQ(set.size(), count);
        EXPECT_TRUE(set.has(0));
        EXPECT_TRUE(set.has(count - 1));
        EXPECT_EQ(NodeSet::first(32).minus(set).size(), 32 - count);
    }
}

TEST(NodeSet, adds_and_removes_each_node_alone) {
    for (int node = 0; node < 32; ++node) {
        NodeSet set;
        set.add(node);
        set.add(node);
        EXPECT_EQ(members(set), std::vector<int>{node});
        NodeSet rest = NodeSet::first(32);
        rest.remove(node);
        rest.remove(node);
        EXPECT_EQ(rest.size(), 31);
        EXPECT_FALSE(rest.has(node));
        EXPECT_EQ(rest | set, NodeSet::first(32));
        EXPECT_TRUE((rest & set).empty());
    }
}

TEST(NodeSet, combines_as_sets_do) {
    const NodeSet a = set_of({0, 1, 31});
    const NodeSet b = set_of({1, 2});
    EXPECT_EQ(a | b, set_of({0, 1, 2, 31}));
    EXPECT_EQ(a & b, set_of({1}));
    EXPECT_EQ(a.minus(b), set_of({0, 31}));
    EXPECT_EQ(b.minus(a), set_of({2}));
    EXPECT_FALSE(a == b);
}

TEST(NodeSet, goes_through_its_bits_and_back) {
    EXPECT_EQ(set_of({0, 4, 31}).bits(), 0x80000011U);
    for (const NodeSet set : {NodeSet(), NodeSet::first(32), set_of({0, 4, 31})}) {
        EXPECT_EQ(NodeSet::from_bits(set.bits()), set);
    }
}

TEST(NodeSet, calls_each_member_once_and_lowest_first) {
    EXPECT_EQ(members(set_of({31, 0, 17, 4})), (std::vector<int>{0, 4, 17, 31}));
}

TEST(NodeSet, may_change_while_its_members_are_called) {
    NodeSet set = NodeSet::first(5);
    std::vector<int> called;
    set.each([&](int node) {
        called.push_back(node);
        set.clear();
        set.add(9);
    });
    EXPECT_EQ(called, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_EQ(set, set_of({9}));
}

TEST(NodeSet, clear_empties_it) {
    NodeSet set = NodeSet::first(32);
    set.clear();
    EXPECT_TRUE(set.empty());
    EXPECT_FALSE(set.has(31));
}

}  // namespace
}  // namespace quorumlock
