// For tests of code that uses locks: nodes by script, and virtual time. Link quorumlock::testing.
// Not included here, because they need GoogleTest: testing/mock_named_locks.h, a gmock double of
// locks by name, and testing/conformance.h, the contract that a node of your own has to keep.
#pragma once

#include <quorumlock/testing/scripted_node.h>
#include <quorumlock/testing/virtual_time.h>
