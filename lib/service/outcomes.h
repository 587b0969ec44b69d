// How the rounds see what nodes answer.
#pragma once

#include <quorumlock/node.h>

#include "lib/protocol/quorum.h"

namespace quorumlock::detail {

/// Into which set of a round an outcome puts its node.
NodeSet protocol::Votes::*votes_for(nodes::Outcome outcome);

}  // namespace quorumlock::detail
