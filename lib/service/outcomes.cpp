#include "lib/service/outcomes.h"

namespace quorumlock::detail {

using nodes::Outcome;
using protocol::Votes;

NodeSet Votes::*votes_for(Outcome outcome) {
    switch (outcome) {
        case Outcome::granted:
        case Outcome::raised:
        case Outcome::extended:
        case Outcome::healed:
        case Outcome::released:
            return &Votes::yes;
        case Outcome::refused:
        case Outcome::absent:
        case Outcome::taken:
            return &Votes::no;
        case Outcome::failed:
            return &Votes::failed;
        case Outcome::unknown:
            break;
    }
    return &Votes::unknown;
}

}  // namespace quorumlock::detail
