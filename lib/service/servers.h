// What is known of the servers behind the nodes, and what follows for their votes: a guard after a
// restart, one vote for a server that is named twice, whose clock a counter may start from.
// Rules G1, G2 and F5. On the loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <quorumlock/error.h>
#include <quorumlock/node.h>

#include "lib/protocol/guard.h"
#include "lib/service/settings.h"

namespace quorumlock::detail {

class Servers {
  public:
    Servers(const Settings& settings, const std::vector<std::string>& labels);

    nodes::Admission on_greeting(int node, const nodes::Greeter& greeter, Instant now);
    /// The first connections are made: see Guard::on_opened().
    NodeSet on_opened(Instant now);
    /// Whose clock is as right as any: off by no more than 10 s, or with another that agrees.
    NodeSet trusted_clocks() const;
    /// Two nodes were found to be one server before the first round.
    const std::optional<Error>& duplicate() const noexcept { return duplicate_; }

  private:
    struct Known {
        std::string run_id;  ///< Of the server that has this node's vote.
        std::optional<Nanos> clock_ahead;
    };

    const std::vector<std::string>& labels_;
    protocol::Guard guard_;
    std::vector<Known> known_;
    std::optional<Error> duplicate_;
    bool opened_ = false;
};

}  // namespace quorumlock::detail
