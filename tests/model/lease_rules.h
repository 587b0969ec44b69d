// What the model of leases is told: the rules as they are to be, and the ways to get each wrong
// that the model has to find. The rules:
//
//  H1  after a successful extension, and only then, the nodes that answered absent are healed, by a
//      request of its own
//  H2  an extension counts only with its answers in hand before the current validity ends; lost is
//      final
//  G1  a node that restarted is guarded for a ttl: it gets no ACQUIRE and no HEAL, and is not
//      counted in extensions
#pragma once

#include <cstddef>
#include <cstdint>

namespace quorumlock::model {

struct LeaseRules {
    enum class Guard : std::uint8_t {
        no_vote_of_any_kind,
        no_acquire,  ///< but it is healed, and what was healed counts in extensions
        none,
    };
    enum class Heal : std::uint8_t {
        after_success,
        at_once,           ///< whoever answered absent, before the round is decided
        in_the_extension,  ///< by EXTEND itself, and counted in the same round
        never,
    };

    std::uint8_t attempts = 2;
    std::uint8_t extensions = 2;  ///< Rounds of each holder.
    std::uint8_t restarts = 1;    ///< Of all nodes together.

    Guard guard = Guard::no_vote_of_any_kind;  // G1
    Heal heal = Heal::after_success;           // H1
    bool extends_after_the_validity = false;   // H2 broken
};

}  // namespace quorumlock::model
