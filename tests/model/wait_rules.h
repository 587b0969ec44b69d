// What the model of waiting is told: the rules as they are to be, and the ways to get each wrong
// that the model has to find. The rules:
//
//  W5  a holder hands its lock over to a waiter of its own process by TRANSFER(from, to): where the
//      key holds `from` or is absent it is an ACQUIRE of `to`; its handle is released before the
//      first byte, and the waiter, whose time runs from there, holds once a quorum has granted
//  W6  a hand-over that misses the quorum undoes both tokens on every node; one that succeeded
//      undoes `from` where the TRANSFER is not known to be done
//  W7  a waiter may ask one node, the gate, before the others; its time runs from that question,
//      and a gate that may have granted is undone like any node
//  G1  a node that restarted is guarded for a ttl: it gets no ACQUIRE and no TRANSFER
//
// That a TRANSFER counts is a rule of fences: fence_rules.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quorumlock::model {

constexpr std::size_t kMostWaiters = 4;

struct WaitRules {
    std::uint8_t attempts = 2;
    std::uint8_t restarts = 0;  ///< Of all nodes together.
    bool gates = true;          ///< A waiter may ask a gate first, and else asks all at once.
    bool hands_over = true;
    /// Undos that will find nothing are forgotten; not to is slower and finds the same.
    bool forgets = true;

    bool transfer_asks_whose_key = true;           // W5
    bool taker_awaits_the_quorum = true;           // W5
    bool giver_is_released_first = true;           // W5
    bool taker_counts_from_the_first_byte = true;  // W5
    bool taker_has_its_own_token = true;           // W5
    bool undoes_to = true;                         // W6
    bool undoes_from = true;                       // W6
    bool undoes_from_after_success = true;         // W6
    bool undo_stands_behind = true;                // W6; else it may overtake a TRANSFER
    bool counts_from_the_gate = true;              // W7
    bool undoes_the_gate = true;                   // W7
    bool guards_transfers = true;                  // G1
};

}  // namespace quorumlock::model
