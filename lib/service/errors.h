// The texts and node lines of failed rounds. Made only when there is a failure. Rule A8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/cause.h>
#include <quorumlock/error.h>
#include <quorumlock/node.h>

#include "lib/protocol/acquire.h"
#include "lib/protocol/extend.h"
#include "lib/protocol/release.h"

namespace quorumlock::detail {

/// What one node said in the current round, kept so that a failure can be told.
struct NodeWord {
    nodes::Outcome outcome = nodes::Outcome::unknown;
    bool answered = false;
    bool armed = false;  ///< Will tell of a change (rule W1).
    std::int64_t value = 0;
    Cause cause;  ///< Where it has not answered: why it could not, if that is known.
};

/// One round, as far as its report needs it.
struct RoundReport {
    const std::vector<std::string>& labels;
    const std::vector<NodeWord>& words;
    const protocol::Votes& votes;
    Nanos time_limit;
};

Error acquire_error(protocol::AcquireDecision decision, bool cut_by_caller,
                    const RoundReport& report);
Error extend_error(protocol::ExtendDecision decision, const RoundReport& report);
Error release_error(protocol::ReleaseDecision decision, const RoundReport& report, Nanos ttl);

/// The holder's remaining ms as the refusing nodes told it: what a waiter can count on. The time
/// after which so many of them are free that a quorum can be reached; nullopt when unknown.
std::optional<Nanos> holder_remaining(const RoundReport& report);

Error closed_error();
Error cancelled_error();

}  // namespace quorumlock::detail
