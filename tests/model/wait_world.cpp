// The world of waiting towards Search: what can happen next.
#include "tests/model/wait_world.h"

#include <algorithm>
#include <cstring>

#include "lib/base/check.h"

namespace quorumlock::model {

WaitWorld::WaitWorld(const WaitRules& rules) : rules_(rules) {
    static_assert(sizeof(State) == kNodes * sizeof(Node) + kMostWaiters * sizeof(Attempt) + 1 &&
                      sizeof(Attempt) == 3 && sizeof(Cell) == 3,
                  "equal states have equal bytes: no padding");
    QL_CHECK(rules.attempts <= kMostWaiters);
    now_.restarts = rules.restarts;
}

WaitWorld::State WaitWorld::canonical() const {
    State ordered = now_;
    std::sort(ordered.nodes.begin(), ordered.nodes.end(), [](const Node& one, const Node& other) {
        return std::memcmp(&one, &other, sizeof one) < 0;
    });
    return ordered;
}

Move WaitWorld::pack(What what) {
    return {static_cast<std::uint8_t>(what.node * kMostWaiters + what.attempt),
            static_cast<std::uint8_t>(what.step)};
}

WaitWorld::What WaitWorld::unpack(Move move) {
    return {static_cast<Step>(move.choice), move.actor / kMostWaiters, move.actor % kMostWaiters};
}

template <class F>
void WaitWorld::for_each_timer(F f) {
    for (Node& node : now_.nodes) {
        f(node.lease);
        f(node.guard);
    }
    for (Attempt& attempt : now_.attempts) f(attempt.validity);
}

void WaitWorld::start(Timer& timer) {
    Timers([this](auto f) { for_each_timer(f); }).start(timer);
}

void WaitWorld::stop(Timer& timer) {
    Timers([this](auto f) { for_each_timer(f); }).stop(timer);
}

std::uint8_t WaitWorld::token_of(std::size_t a) const {
    const std::uint8_t giver = now_.attempts[a].giver;
    if (giver != 0 && !rules_.taker_has_its_own_token) return token_of(giver - 1U);
    return static_cast<std::uint8_t>(a + 1);
}

bool WaitWorld::may_begin(std::size_t a) const {
    return now_.attempts[a].phase == Phase::idle &&
           (a == 0 || now_.attempts[a - 1].phase != Phase::idle);
}

std::size_t WaitWorld::taker_of(std::size_t a) const {
    const auto taker = std::find_if(now_.attempts.begin(), now_.attempts.end(),
                                    [a](const Attempt& other) { return other.giver == a + 1; });
    return static_cast<std::size_t>(taker - now_.attempts.begin());
}

/// One that is over may still have been on its way, before its undo.
bool WaitWorld::can_acquire(const Node& node, std::size_t a) const {
    const Attempt& attempt = now_.attempts[a];
    if (node.token != 0 || node.guard != 0 || node.cells[a].asked != 0) return false;  // G1
    if (attempt.giver != 0 || attempt.phase == Phase::at_gate) return false;
    return attempt.phase != Phase::idle || may_begin(a);
}

bool WaitWorld::can_transfer(const Node& node, std::size_t a) const {
    const Attempt& attempt = now_.attempts[a];
    if (attempt.giver == 0 || node.cells[a].asked != 0) return false;
    if (node.guard != 0 && rules_.guards_transfers) return false;  // G1
    return node.token == 0 || node.token == token_of(attempt.giver - 1U) ||
           !rules_.transfer_asks_whose_key;
}

bool WaitWorld::can_hand_over(std::size_t a) const {
    const bool has_waiter = now_.attempts[rules_.attempts - 1U].phase == Phase::idle;
    return rules_.hands_over && has_waiter && now_.attempts[a].phase == Phase::holding &&
           taker_of(a) == kMostWaiters;
}

void WaitWorld::add_moves(std::vector<Move>& moves, std::size_t n, std::size_t a) const {
    const Node& node = now_.nodes[n];
    const auto add = [&](Step step) { moves.push_back(pack({step, n, a})); };
    if (can_acquire(node, a)) {
        add(Step::acquire);
        if (rules_.gates && now_.attempts[a].phase == Phase::idle) add(Step::ask_gate);
    }
    if (can_transfer(node, a)) add(Step::transfer);
    if (node.cells[a].granted == 1) add(Step::hear_granted);
    if (node.cells[a].undo != 0) add(Step::undo);
}

std::vector<Move> WaitWorld::moves() const {
    std::vector<Move> moves;
    for (std::size_t n = 0; n < kNodes; ++n) {
        for (std::size_t a = 0; a < rules_.attempts; ++a) add_moves(moves, n, a);
        if (now_.restarts != 0) moves.push_back(pack({Step::restart, n, 0}));
    }
    for (std::size_t a = 0; a < rules_.attempts; ++a) {
        const Phase phase = now_.attempts[a].phase;
        if (can_hand_over(a)) moves.push_back(pack({Step::hand_over, 0, a}));
        if (phase == Phase::idle || phase == Phase::over) continue;
        if (taker_of(a) == kMostWaiters) moves.push_back(pack({Step::give_up, 0, a}));
    }
    if (does_a_timer_run()) moves.push_back(pack({Step::time_passes, 0, 0}));
    return moves;
}

bool WaitWorld::does_a_timer_run() const {
    return std::any_of(now_.nodes.begin(), now_.nodes.end(),
                       [](const Node& node) { return (node.lease | node.guard) != 0; }) ||
           std::any_of(now_.attempts.begin(), now_.attempts.end(),
                       [](const Attempt& each) { return each.validity != 0; });
}

void WaitWorld::time_passes() {
    for (Node& node : now_.nodes) {
        if (node.lease == 1) return free(node);
        if (node.guard == 1) return stop(node.guard);
    }
    for (std::size_t a = 0; a < rules_.attempts; ++a) {
        if (now_.attempts[a].validity == 1) return end(a);
    }
}

/// An undo that will find nothing, whatever comes before it.
void WaitWorld::forget() {
    for (Node& node : now_.nodes) {
        for (std::size_t a = 0; a < rules_.attempts; ++a) {
            Cell& cell = node.cells[a];
            const std::size_t taker = taker_of(a);
            const bool in_front =
                cell.asked == 0 || (taker < kMostWaiters && node.cells[taker].asked == 0);
            if (!in_front && node.token != token_of(a)) cell.undo = 0;
        }
    }
}

/// Somebody needs the key, or will take it away.
bool WaitWorld::is_cared_for(const Node& node) const {
    for (std::size_t a = 0; a < rules_.attempts; ++a) {
        if (token_of(a) != node.token) continue;
        const Phase phase = now_.attempts[a].phase;
        if ((phase != Phase::idle && phase != Phase::over) || node.cells[a].undo != 0) return true;
        const std::size_t taker = taker_of(a);
        if (taker < kMostWaiters && now_.attempts[taker].phase == Phase::acquiring) return true;
    }
    return node.token == 0;
}

/// W6, W7: a key lasts until its lease ends only where a holder lives that long.
void WaitWorld::look() {
    for (const Node& node : now_.nodes) {
        if (!is_cared_for(node) && violation_.empty()) violation_ = "a key is left behind";
    }
}

void WaitWorld::make(Move move) {
    violation_.clear();
    do_step(unpack(move));
    if (rules_.forgets) forget();
    look();
}

void WaitWorld::do_step(What what) {
    Node& node = now_.nodes[what.node];
    switch (what.step) {
        case Step::acquire:
            return acquire(node, what.attempt, Phase::acquiring);
        case Step::ask_gate:
            return acquire(node, what.attempt, Phase::at_gate);
        case Step::hear_granted:
            return hear_granted(node, what.attempt);
        case Step::hand_over:
            return hand_over(what.attempt);
        case Step::transfer:
            return transfer(node, what.attempt);
        case Step::undo:
            return undo(node, what.attempt);
        case Step::restart:
            return restart(node);
        case Step::time_passes:
            return time_passes();
        case Step::give_up:
            return end(what.attempt);
    }
}

}  // namespace quorumlock::model
