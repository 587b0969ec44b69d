// The contract that every kind of node has to keep, as GoogleTest cases for a kind of your own:
// NodeTest for one node alone, ProviderTest for services over a set of them. Include it in exactly
// one source file, and say what your kind is made of and what it cannot do:
//
//   const auto kMine = ::testing::Values(Provider{
//       .name = "mine_x3", .kind = "mine", .nodes = 3, .cannot = {.inspect = true},
//       .world = world_of([] { return std::vector<nodes::NodeFactory>{...}; })});
//   INSTANTIATE_TEST_SUITE_P(Mine, NodeTest, kMine, name_of);
//   INSTANTIATE_TEST_SUITE_P(Mine, ProviderTest, kMine, name_of);
//
// Real time, real threads: about ten seconds for a kind that is quick. Needs GoogleTest and
// quorumlock::testing.
#pragma once

#include <quorumlock/testing/conformance/exclusion.h>
#include <quorumlock/testing/conformance/lease.h>
#include <quorumlock/testing/conformance/named_locks.h>
#include <quorumlock/testing/conformance/names.h>
#include <quorumlock/testing/conformance/node.h>
#include <quorumlock/testing/conformance/operation.h>
#include <quorumlock/testing/conformance/waiting.h>
