// What a node lives on: the one loop of its service. For those who write a node of their own.
#pragma once

#include <functional>
#include <memory>

#include <quorumlock/time.h>

namespace quorumlock::nodes {

class Node;

/// The service's loop, as its nodes see it: one clock and one thread at a time. A node that works
/// on threads of its own comes back here by post(). It may be kept for as long as anybody likes.
class Loop {
  public:
    virtual ~Loop() = default;

    /// The service's clock (rule T1); in tests it may be a virtual one, so a node asks no other.
    /// On the loop, and in the node's constructor; behind the end of the service it stands still.
    virtual Instant now() const noexcept = 0;

    /// Runs f on the loop in a later event, never within this call; what one thread posts runs in
    /// order. f must not throw or block. Dropped, unrun, once the service has closed its nodes. Any
    /// thread. Never blocks; allocates.
    virtual void post(std::function<void()> f) = 0;

    /// Runs f on the loop when `delay` (0 or more) has passed. Nothing takes it back: f looks
    /// whether it is still wanted. Dropped like a post. On the loop only.
    virtual void after(Nanos delay, std::function<void()> f) = 0;
};

/// Makes one node for one service: called once, in LockService::open, by the thread that opens. The
/// node is destroyed with the service, in whichever thread lets go of that last; nothing that it
/// has posted runs then or later.
using NodeFactory = std::function<std::unique_ptr<Node>(std::shared_ptr<Loop> loop)>;

}  // namespace quorumlock::nodes
