// What a client does with each answer, and when its time is over.
#include <algorithm>

#include "tests/model/wait_world.h"

namespace quorumlock::model {

void WaitWorld::hear_granted(Node& node, std::size_t a) {
    Attempt& attempt = now_.attempts[a];
    node.cells[a].granted = 2;
    if (attempt.phase == Phase::at_gate) {  // W7: now all the others are asked
        attempt.phase = Phase::acquiring;
        if (!rules_.counts_from_the_gate) start(attempt.validity);
    }
    const auto votes = std::count_if(now_.nodes.begin(), now_.nodes.end(),
                                     [a](const Node& each) { return each.cells[a].granted == 2; });
    const bool waits = attempt.giver == 0 || rules_.taker_awaits_the_quorum;
    if (static_cast<std::size_t>(votes) >= (waits ? kQuorum : 1)) hold(a);
}

void WaitWorld::hold(std::size_t a) {
    Attempt& attempt = now_.attempts[a];
    attempt.phase = Phase::holding;
    if (attempt.giver != 0) {
        undo_giver_where_unknown(a);
        if (!rules_.taker_counts_from_the_first_byte) start(attempt.validity);
    }
    for (Node& node : now_.nodes) node.cells[a].granted = 0;  // it reads no more of them
    const auto holders =
        std::count_if(now_.attempts.begin(), now_.attempts.end(),
                      [](const Attempt& each) { return each.phase == Phase::holding; });
    if (holders > 1) violation_ = "two hold";
}

/// W6, after success.
void WaitWorld::undo_giver_where_unknown(std::size_t a) {
    if (!rules_.undoes_from_after_success) return;
    for (Node& node : now_.nodes) {
        if (node.cells[a].granted != 2) node.cells[now_.attempts[a].giver - 1U].undo = 1;
    }
}

/// W5: it does not hold any more when the first byte leaves. Its keys are the hand-over's now.
void WaitWorld::hand_over(std::size_t a) {
    std::size_t taker = a;
    while (now_.attempts[taker].phase != Phase::idle) ++taker;
    now_.attempts[taker].phase = Phase::acquiring;
    now_.attempts[taker].giver = static_cast<std::uint8_t>(a + 1);
    if (!rules_.giver_is_released_first) return;
    stop(now_.attempts[a].validity);
    now_.attempts[a].phase = Phase::over;
}

/// It fails, lets go, or its validity is over: in each case it is undone, with who handed over to
/// it (W6), wherever it was asked for.
void WaitWorld::end(std::size_t a) {
    Attempt& attempt = now_.attempts[a];
    const Phase was = attempt.phase;
    stop(attempt.validity);
    attempt.phase = Phase::over;
    const bool handed_over = taker_of(a) < kMostWaiters;  // only where W5 is broken
    const bool takes = attempt.giver != 0 && was == Phase::acquiring;
    for (Node& node : now_.nodes) {
        Cell& cell = node.cells[a];
        if (takes && rules_.undoes_from) node.cells[attempt.giver - 1U].undo = 1;
        const bool was_asked = was != Phase::at_gate || cell.asked != 0;
        const bool owes = was == Phase::at_gate ? rules_.undoes_the_gate
                          : takes               ? rules_.undoes_to
                                                : !handed_over;
        if (was_asked && owes) cell.undo = 1;
        if (!was_asked) cell.asked = 1;
        cell.granted = 0;
    }
}

}  // namespace quorumlock::model
