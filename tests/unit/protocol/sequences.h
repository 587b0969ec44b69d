// Every way in which the nodes of a round may answer, for tests that leave no order out.
#pragma once

#include <chrono>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/protocol/quorum.h"
#include "lib/protocol/timing.h"

namespace quorumlock::protocol {

/// Far from both ends of the clock, as after some hours of uptime.
inline constexpr Instant kStart{std::chrono::hours(3)};

using To = NodeSet Votes::*;
inline constexpr To kAnswers[] = {&Votes::yes, &Votes::no, &Votes::failed, &Votes::unknown};

struct Event {
    int node;
    To to;
};
using Sequence = std::span<const Event>;

inline std::string describe(Sequence sequence) {
    std::string text = "answers:";
    for (const Event& event : sequence) {
        text += " " + std::to_string(event.node) + "=";
        text += event.to == &Votes::yes      ? "yes"
                : event.to == &Votes::no     ? "no"
                : event.to == &Votes::failed ? "failed"
                                             : "unknown";
    }
    return text;
}

/// Calls f(Sequence) for every order in which any of `asked` may answer, with every answer. Who
/// is not in a sequence stays silent.
template <class F>
void each_sequence(NodeSet asked, F&& f, std::vector<Event>& so_far) {
    f(Sequence(so_far));
    asked.each([&](int node) {
        NodeSet rest = asked;
        rest.remove(node);
        for (To to : kAnswers) {
            so_far.push_back({node, to});
            each_sequence(rest, f, so_far);
            so_far.pop_back();
        }
    });
}
template <class F>
void each_sequence(NodeSet asked, F&& f) {
    std::vector<Event> so_far;
    each_sequence(asked, f, so_far);
}

/// How many nodes said what; what a verdict over a whole round is made of.
struct Counts {
    int yes = 0;
    int no = 0;
    int neither = 0;
    int open = 0;

    void count(To to) {
        --open;
        ++(to == &Votes::yes ? yes : to == &Votes::no ? no : neither);
    }
};

/// Every verdict that the nodes still open could bring about. One: no answer matters any more.
template <class Verdict>
auto reachable(const Counts& counts, Verdict&& verdict) {
    std::set<decltype(verdict(counts))> found;
    for (int yes = 0; yes <= counts.open; ++yes) {
        for (int no = 0; yes + no <= counts.open; ++no) {
            const int neither = counts.open - yes - no;
            found.insert(
                verdict(Counts{counts.yes + yes, counts.no + no, counts.neither + neither, 0}));
        }
    }
    return found;
}

/// A sequence of `total` answers in blocks: for many nodes, where not every order can be tried.
inline std::vector<Event> in_blocks(int yes, int no, int failed, bool reversed) {
    std::vector<Event> events;
    const auto add = [&](int count, To to) {
        for (int i = 0; i < count; ++i) events.push_back({static_cast<int>(events.size()), to});
    };
    if (reversed) {
        add(failed, &Votes::failed);
        add(no, &Votes::no);
        add(yes, &Votes::yes);
    } else {
        add(yes, &Votes::yes);
        add(no, &Votes::no);
        add(failed, &Votes::failed);
    }
    return events;
}

}  // namespace quorumlock::protocol
