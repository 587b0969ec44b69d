// Words shared by the machines: quorum, votes of one round.
#pragma once

#include <array>
#include <cstdint>

#include "lib/base/node_set.h"

namespace quorumlock::protocol {

/// Rule Q1: a majority of all nodes, dead ones included. N = 1 is single-node mode, Q = 1.
constexpr int quorum(int nodes) { return nodes / 2 + 1; }

/// What one node said in one round, sorted into one set each. A node is in exactly one.
struct Votes {
    NodeSet open;     ///< not answered yet
    NodeSet yes;      ///< granted, extended, released
    NodeSet no;       ///< refused, absent, taken
    NodeSet failed;   ///< certainly not applied
    NodeSet unknown;  ///< perhaps applied

    /// Takes `node` out of whichever set holds it and puts it into `to`.
    void move(int node, NodeSet Votes::*to) {
        open.remove(node);
        yes.remove(node);
        no.remove(node);
        failed.remove(node);
        unknown.remove(node);
        (this->*to).add(node);
    }
    /// The time limit passed: who has not answered is unknown (rule A5).
    void close() {
        unknown = unknown | open;
        open.clear();
    }
};

}  // namespace quorumlock::protocol
