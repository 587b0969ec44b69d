// What a client does with each answer, and when its time is over.
#include <algorithm>

#include "tests/model/lease_world.h"

namespace quorumlock::model {

void LeaseWorld::hold(std::size_t a) {
    now_.attempts[a].phase = Phase::holding;
    const auto holders =
        std::count_if(now_.attempts.begin(), now_.attempts.end(),
                      [](const Attempt& attempt) { return attempt.phase == Phase::holding; });
    if (holders > 1) violation_ = "two hold";
}

void LeaseWorld::hear_granted(Node& node, std::size_t a) {
    node.cells[a].granted = 2;
    const auto votes = std::count_if(now_.nodes.begin(), now_.nodes.end(),
                                     [a](const Node& each) { return each.cells[a].granted == 2; });
    if (static_cast<std::size_t>(votes) < kQuorum) return;
    hold(a);
    for (Node& each : now_.nodes) each.cells[a].granted = 0;  // it reads no more of them
}

void LeaseWorld::close_round(std::size_t a) {
    now_.attempts[a].open = false;
    stop(now_.attempts[a].extension);
    for (Node& node : now_.nodes) node.cells[a].extended = 0;
}

void LeaseWorld::begin_extension(std::size_t a, std::uint8_t round) {
    close_round(a);
    for (Node& node : now_.nodes) node.cells[a].absent = 0;
    Attempt& attempt = now_.attempts[a];
    attempt.round = round;
    attempt.open = true;
    attempt.succeeded = false;
    start(attempt.extension);
}

void LeaseWorld::hear_extended(Node& node, std::size_t a) {
    node.cells[a].extended = 2;
    const auto votes = std::count_if(now_.nodes.begin(), now_.nodes.end(),
                                     [a](const Node& each) { return each.cells[a].extended == 2; });
    if (static_cast<std::size_t>(votes) < kQuorum) return;
    if (now_.attempts[a].phase == Phase::lost) violation_ = "a lock that was lost is revived";
    extension_succeeds(a);
}

void LeaseWorld::extension_succeeds(std::size_t a) {
    Attempt& attempt = now_.attempts[a];
    stop(attempt.validity);
    attempt.validity = attempt.extension;
    attempt.extension = 0;
    attempt.succeeded = true;
    close_round(a);
    for (Node& node : now_.nodes) {  // H1
        Cell& cell = node.cells[a];
        if (cell.absent != 0) cell.heal = 1;
        cell.absent = 0;
    }
}

/// H2: nothing that comes now counts. Where it does, the round stays open and the keys alive.
void LeaseWorld::validity_ends(std::size_t a) {
    Attempt& attempt = now_.attempts[a];
    if (rules_.extends_after_the_validity && attempt.phase == Phase::holding) {
        attempt.phase = Phase::lost;
    } else {
        end(a);
    }
}

void LeaseWorld::end(std::size_t a) {
    stop(now_.attempts[a].validity);
    stop(now_.attempts[a].extension);
    now_.attempts[a] = {};
    now_.attempts[a].phase = Phase::over;
    for (Node& node : now_.nodes) {
        node.cells[a] = {};
        if (node.holder != a + 1) continue;
        node.holder = 0;
        stop(node.lease);
    }
}

}  // namespace quorumlock::model
