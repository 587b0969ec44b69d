// Which fencing number a round has won, out of the counters that its nodes have reached. Pure.
// Rules F1 and F2.
#pragma once

#include <array>
#include <cstdint>

#include <quorumlock/options.h>

#include "lib/base/node_set.h"

namespace quorumlock::protocol {

class FenceCount {
  public:
    void begin();

    /// The node granted, and its counter is at `counter` (> 0) under our token.
    void on_granted(int node, std::int64_t counter);
    /// RAISE(counter) goes to this node.
    void on_raise_asked(int node, std::int64_t counter);
    /// It was answered `raised`.
    void on_raised(int node);
    /// Its counter counts no more: the key was lost, or what RAISE did is not known.
    void drop(int node);

    /// The number that `needed` nodes have reached under our token, or 0. Rule F1.
    std::int64_t won(int needed) const;
    /// The largest counter that was told: what the others have to be raised to. Rule F2.
    std::int64_t highest() const { return highest_; }
    /// Has this node reached at least `counter`, or been asked to?
    bool is_at_least(int node, std::int64_t counter) const;

  private:
    /// A counter only grows while we hold the key: what it was when granted, and what it was
    /// raised to last. Both were reached; what lies between may not have been.
    struct Reach {
        std::int64_t granted = 0, asked = 0, raised = 0;
    };
    int reached(std::int64_t counter) const;

    std::array<Reach, limits::kMaxNodes> nodes_{};
    std::int64_t highest_ = 0;
    int end_ = 0;  ///< One behind the last node that was heard.
};

}  // namespace quorumlock::protocol
