// How a step of the world of fences is told.
#include <bit>

#include "tests/model/fence_world.h"

namespace quorumlock::model {

/// One line, with what comes of it: `node 2 grants ACQUIRE of B, counter 1 -> 2`.
std::string FenceWorld::describe(Move move) const {
    FenceWorld after = *this;
    after.make(move);
    const What what = unpack(move);
    const std::string node = "node " + std::to_string(what.node + 1);
    const std::string who(1, static_cast<char>('A' + what.attempt));
    const std::string number = "(" + std::to_string(what.number) + ")";
    const auto counter = [&what](const FenceWorld& world) {
        const Number held = world.now_.nodes[what.node].counter;
        return held == 0 ? std::string("none") : std::to_string(held);
    };
    const std::string counted = ", counter " + counter(*this) + " -> " + counter(after);
    std::string line;
    switch (what.step) {
        case Step::acquire:
        case Step::acquire_far_above:
            return node + " grants ACQUIRE of " + who + counted;
        case Step::transfer:
            return node + " grants TRANSFER from " +
                   std::string(1, static_cast<char>('A' + now_.nodes[what.node].token - 1)) +
                   " to " + who + counted;
        case Step::raise:
            return node + " does RAISE" + number + " of " + who + counted;
        case Step::heal:
            return node + " is healed by " + who + counted;
        case Step::lock_ends:
            return node + " ends the lock of " +
                   std::string(1, static_cast<char>('A' + now_.nodes[what.node].token - 1)) +
                   (rules_.counters_end_with_locks ? counted : "");
        case Step::data_is_lost:
            return node + " loses its data" + counted;
        case Step::counter_is_lost:
            return node + " loses its counter" + counted;
        case Step::validity_ends:
            return "the validity of " + who + " ends";
        case Step::hear_granted:
            line = who + " hears granted" + number + " of " + node;
            break;
        case Step::hear_raised:
            line = who + " hears raised" + number + " of " + node;
            break;
    }
    for (std::size_t n = 0; n < kNodes; ++n) {
        const unsigned before = now_.nodes[n].cells[what.attempt].raises;
        const unsigned sent = after.now_.nodes[n].cells[what.attempt].raises & ~before;
        if (sent == 0) continue;
        line += ", sends RAISE(" + std::to_string(std::countr_zero(sent)) + ") to node " +
                std::to_string(n + 1);
    }
    const Number fence = after.now_.attempts[what.attempt].fence;
    if (fence != now_.attempts[what.attempt].fence) {
        line += ": " + who + " has fence " + std::to_string(fence);
    }
    return line;
}

}  // namespace quorumlock::model
