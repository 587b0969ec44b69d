// The acquires that broken connections have left unanswered. Where such a connection cannot be
// killed, what it still carries may be executed behind an undo: rule N6. Only these undos have to
// be repeated; an acquire of the present connection has its undo behind it.
#pragma once

#include <vector>

#include <quorumlock/time.h>
#include <quorumlock/token.h>

namespace quorumlock::nodes {

class LeftOpen {
  public:
    /// The connection that carried it is gone.
    void add(const Token& token, Nanos ttl);
    /// Something was added since the last connection was ready.
    bool any_fresh() const noexcept;

    /// A connection is ready, and nothing of the one before it is executed any more,
    void killed();
    /// nor of any other: the server is another process now.
    void restarted() noexcept { acquires_.clear(); }
    /// A connection is ready, and the one before it may still deliver what it carried.
    void unsure(Instant now);
    /// May this token's acquire still be executed?
    bool may_come(const Token& token, Instant now) const noexcept;

  private:
    struct Acquire {
        Token token;
        Nanos ttl;
        Instant until;  ///< max(): no connection has been ready since.
    };
    std::vector<Acquire> acquires_;
};

}  // namespace quorumlock::nodes
