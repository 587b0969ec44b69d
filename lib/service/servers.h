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

    /// `wall`: what this machine's wall clock shows.
    nodes::Admission on_greeting(int node, const nodes::Greeter& greeter, Instant now, Nanos wall);
    /// Whose votes count when the service opens, though they are guarded now: see Guard::cold().
    NodeSet cold() const { return guard_.cold(); }
    /// The first connections are made: see Guard::on_opened().
    NodeSet on_opened(Instant now);
    /// Whose clock is more than 10 s off this machine's, but not alone in that.
    NodeSet trusted_clocks() const;
    /// Two nodes were found to be one server before the first round.
    const std::optional<Error>& duplicate() const noexcept { return duplicate_; }

  private:
    struct Known {
        std::string run_id;  ///< Of the server that has this node's vote.
        /// Its wall clock less BootClock, so that setting this machine's changes nothing.
        std::optional<Nanos> clock;
    };

    const std::vector<std::string>& labels_;
    protocol::Guard guard_;
    std::vector<Known> known_;
    Nanos own_clock_{0};  ///< Likewise, of this machine.
    std::optional<Error> duplicate_;
    bool opened_ = false;
};

}  // namespace quorumlock::detail
