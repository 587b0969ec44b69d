#include "lib/protocol/fence.h"

#include <algorithm>

namespace quorumlock::protocol {

void FenceCount::begin() {
    std::fill_n(nodes_.begin(), end_, Reach{});
    highest_ = 0;
    end_ = 0;
}

void FenceCount::on_granted(int node, std::int64_t counter) {
    nodes_[static_cast<std::size_t>(node)] = {counter, 0, 0};
    highest_ = std::max(highest_, counter);
    end_ = std::max(end_, node + 1);
}

void FenceCount::on_raise_asked(int node, std::int64_t counter) {
    nodes_[static_cast<std::size_t>(node)].asked = counter;
}

void FenceCount::on_raised(int node) {
    Reach& reach = nodes_[static_cast<std::size_t>(node)];
    reach.raised = reach.asked;
}

void FenceCount::drop(int node) { nodes_[static_cast<std::size_t>(node)] = {}; }

int FenceCount::reached(std::int64_t counter) const {
    return static_cast<int>(
        std::count_if(nodes_.begin(), nodes_.begin() + end_, [counter](const Reach& reach) {
            return reach.granted == counter || reach.raised == counter;
        }));
}

std::int64_t FenceCount::won(int needed) const {
    for (int i = 0; i < end_; ++i) {
        const Reach& reach = nodes_[static_cast<std::size_t>(i)];
        // The larger one first: of two numbers that a quorum has reached it is the better one.
        if (reach.raised > 0 && reached(reach.raised) >= needed) return reach.raised;
        if (reach.granted > 0 && reached(reach.granted) >= needed) return reach.granted;
    }
    return 0;
}

bool FenceCount::is_at_least(int node, std::int64_t counter) const {
    const Reach& reach = nodes_[static_cast<std::size_t>(node)];
    return std::max({reach.granted, reach.asked, reach.raised}) >= counter;
}

}  // namespace quorumlock::protocol
