// What a client does with each answer: F1, F2 and F4 as it sees them.
#include <algorithm>

#include "tests/model/fence_world.h"

namespace quorumlock::model {

void FenceWorld::begin(std::size_t a) {
    if ((now_.begun >> a & 1U) != 0) return;
    now_.begun |= static_cast<std::uint8_t>(1U << a);
    for (const Attempt& other : now_.attempts) {
        now_.attempts[a].floor = std::max(now_.attempts[a].floor, other.fence);
    }
    if (rules_.token_reused && a == 1) give_up(0);
}

void FenceWorld::hear_granted(Node& node, std::size_t a, Number counter) {
    Cell& cell = node.cells[a];
    cell.granted = 0;  // a second answer to the same request is dropped
    cell.reached = std::max(cell.reached, counter);
    decide(a);
}

void FenceWorld::hear_raised(Node& node, std::size_t a, Number m) {
    Cell& cell = node.cells[a];
    cell.raised &= NumberSet(~(1U << m));
    cell.reached = rules_.raise_asks_late ? m : std::max(cell.reached, m);
    decide(a);
}

void FenceWorld::decide(std::size_t a) {
    if (now_.attempts[a].fence != 0) {  // F4: a late grant
        if (rules_.stragglers) ask_to_raise(a, now_.attempts[a].fence);
        return;
    }
    Number most = 0;
    std::size_t granted = 0;
    for (const Node& node : now_.nodes) {
        const Number reached = node.cells[a].reached;
        if (reached == 0) continue;
        ++granted;
        most = std::max(most, reached);
        const auto there = std::count_if(
            now_.nodes.begin(), now_.nodes.end(),
            [a, reached](const Node& other) { return other.cells[a].reached == reached; });
        if (static_cast<std::size_t>(there) >= kQuorum) return complete(a, reached);  // F1
    }
    if (granted < kQuorum) return;
    if (rules_.raise_asks_late) {
        if (now_.attempts[a].m == 0) now_.attempts[a].m = most;
        most = now_.attempts[a].m;
    }
    if (rules_.raise == FenceRules::Raise::awaited) return ask_to_raise(a, most);  // F2
    complete(a, most);
}

void FenceWorld::ask_to_raise(std::size_t a, Number m) {
    if (rules_.raise == FenceRules::Raise::never) return;
    for (Node& node : now_.nodes) {
        Cell& cell = node.cells[a];
        const bool wanted =
            cell.reached == 0 ? rules_.raise_asks_all : cell.reached < m || rules_.raise_asks_late;
        if (!wanted || cell.asked >= m) continue;
        cell.asked = m;
        cell.raises |= NumberSet(1U << m);
    }
}

void FenceWorld::complete(std::size_t a, Number fence) {
    for (std::size_t other = 0; other < rules_.attempts; ++other) {
        const Number its = now_.attempts[other].fence;
        if (its == fence) violation_ = "two attempts have the same fence";
        if (rules_.asks_order_of_completion && its > fence) {
            violation_ = "an attempt completed after another has a smaller fence";
        }
    }
    if (violation_.empty() && fence <= now_.attempts[a].floor) {
        violation_ = "an attempt that began after another was completed has no larger fence";
    }
    now_.attempts[a] = {fence, 0, 0};
    for (Node& node : now_.nodes) {
        Cell& cell = node.cells[a];
        cell.raised = 0;
        // F4: late grants below the fence will be raised; nothing comes of the others.
        cell.granted &= rules_.stragglers ? NumberSet((1U << fence) - 1U) : NumberSet(0);
    }
    const bool raises = rules_.stragglers || rules_.raise == FenceRules::Raise::not_awaited;
    if (raises) ask_to_raise(a, fence);
}

/// It hears nothing more; its requests stay under way.
void FenceWorld::give_up(std::size_t a) {
    now_.over |= static_cast<std::uint8_t>(1U << a);
    for (Node& node : now_.nodes) node.cells[a].granted = node.cells[a].raised = 0;
}

}  // namespace quorumlock::model
