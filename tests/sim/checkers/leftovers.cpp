#include "tests/sim/checkers/leftovers.h"

#include <algorithm>

namespace quorumlock::sim {

Leftovers::Leftovers(World& world, Ledger& ledger, Ways& ways, Verdict& verdict)
    : world_(world),
      ledger_(ledger),
      ways_(ways),
      verdict_(verdict),
      known_(ledger.plan().processes.size()) {}

void Leftovers::know(SimProcess& process, Nanos longest_lag, const ServiceOptions& options) {
    Known& known = known_[static_cast<std::size_t>(process.index())];
    known.process = &process;
    known.lag = longest_lag;
    known.options = options;
    known.unlooked.resize(ledger_.plan().resources.size());
    known.looked_at.resize(ledger_.plan().resources.size());
}

void Leftovers::unlooked(int process, int resource, int by) {
    Known& known = known_[static_cast<std::size_t>(process)];
    const auto i = static_cast<std::size_t>(resource);
    known.unlooked[i] += by;
    if (known.unlooked[i] == 0) known.looked_at[i] = world_.now();
}

void Leftovers::let_go(Attempt& attempt) {
    attempt.claim = Attempt::Claim::none;
    attempt.let_go = world_.now();
}

void Leftovers::left(Attempt& attempt) { attempt.claim = Attempt::Claim::left; }

void Leftovers::died(int process) { known_[static_cast<std::size_t>(process)].dead = true; }

/// What is there only because its server's clock was set back has ended by all that a client can
/// know: nobody undoes a lease that has certainly ended.
bool Leftovers::left_over(const Attempt& attempt, int node) {
    const Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
    return ledger_.there(attempt, node) && world_.now() < vote.honest_end;
}

void Leftovers::accuse(const Attempt& attempt, int node, const std::string& why) {
    verdict_.report("leftovers", ledger_.server(node).name() + " still has r" +
                                     std::to_string(attempt.resource) + " with token " +
                                     attempt.name() + " of process " +
                                     std::to_string(attempt.process) + " " + why);
}

void Leftovers::on_set(SimServer& server, Attempt& attempt) {
    if (attempt.process < 0) return;
    if (std::find(open_.begin(), open_.end(), &attempt) == open_.end()) open_.push_back(&attempt);
    const auto found = closed_.find({attempt.process, attempt.service});
    if (found == closed_.end() || attempt.claim == Attempt::Claim::left) return;
    // It was named, or it comes behind all that rule N6 can do: then it ends with its lease.
    const int node = server.index();
    const NodePlan& plan = ledger_.plan().nodes[static_cast<std::size_t>(node)];
    const bool undone = attempt.votes[static_cast<std::size_t>(node)].undone != kNever;
    const bool unsure = ledger_.plan().dapr ? undone : plan.no_kill || plan.no_info;
    if ((found->second >> node & 1U) != 0 || unsure) {
        attempt.claim = Attempt::Claim::left;
        return;
    }
    accuse(attempt, node, "after its service was closed without a word about this node");
}

/// A former connection that could not be killed has delivered its SET behind all repetitions of
/// the undo: it ends with its lease (rule N6). They go by the ttl of the SET, whatever the lock
/// was extended by on other connections.
bool Leftovers::came_too_late(const Attempt& attempt, int node) const {
    const NodePlan& plan = ledger_.plan().nodes[static_cast<std::size_t>(node)];
    if (!plan.no_kill && !plan.no_info) return false;
    const Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
    // Then closing waits for the first undo only: docs/decisions.md (p).
    if (ledger_.plan().dapr) return vote.undone < vote.set_at;
    return repeated_by(vote, ways_.greeted_behind(attempt.process, node, vote.set_link),
                       Nanos(vote.set_for)) == kNever;
}

void Leftovers::closed(int process, int service, std::uint32_t named) {
    closed_[{process, service}] = named;
    for (Attempt* const attempt : open_) {
        if (attempt->process != process || attempt->service != service) continue;
        if (attempt->claim == Attempt::Claim::left) continue;
        for (int node = 0; node < ledger_.nodes(); ++node) {
            if ((named >> node & 1U) == 0 && left_over(*attempt, node) &&
                !came_too_late(*attempt, node)) {
                return accuse(*attempt, node,
                              "after its service was closed without a word about this node");
            }
        }
        // What was named ends with its lease.
        attempt->claim = Attempt::Claim::left;
    }
}

/// Since when nobody claims it; kNever: somebody may.
Time Leftovers::orphan_since(Attempt& attempt) {
    const Known& known = known_[static_cast<std::size_t>(attempt.process)];
    if (known.dead || attempt.claim == Attempt::Claim::left) return kNever;
    if (attempt.belief != nullptr) {
        return attempt.claim == Attempt::Claim::none ? attempt.let_go : kNever;
    }
    const auto i = static_cast<std::size_t>(attempt.resource);
    if (known.unlooked[i] > 0) return kNever;
    // Two questions: ACQUIRE, and RAISE (rule F2).
    const Nanos limit = 2 * round_limit(known.options, attempt.ttl);
    const Time decided = known.process->clock().when(attempt.written + limit.count());
    return std::max(decided + known.lag.count(), known.looked_at[i]);
}

Time Leftovers::allowed_until(Attempt& attempt, int node, Time since) {
    if (ledger_.plan().dapr) return allowed_behind_sidecar(attempt, node, since);
    const SimProcess& client = *known_[static_cast<std::size_t>(attempt.process)].process;
    const Time in_order = ways_.in_order_since(client, attempt.service, node);
    if (in_order == kNever) return kNever;
    const Time until = std::max(since, in_order) + kUndone;
    const NodePlan& plan = ledger_.plan().nodes[static_cast<std::size_t>(node)];
    if (!plan.no_kill && !plan.no_info) return until;
    const Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
    // Where another connection has broken meanwhile the repetitions may begin anew.
    if (came_too_late(attempt, node)) return kNever;
    return std::max(until, repeated_by(vote, ways_.greeted(attempt.process, node), attempt.ttl));
}

Time Leftovers::allowed_behind_sidecar(const Attempt& attempt, int node, Time since) {
    const SimProcess& client = *known_[static_cast<std::size_t>(attempt.process)].process;
    const Time asked = ways_.sidecar_asked_since(client, node);
    if (asked == kNever) return kNever;
    const Time until = std::max(since, asked) + kUndone;
    const Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
    if (vote.set_at <= vote.undone || vote.undo_told == kNever) return until;
    return std::max(until, repeated_by(vote, vote.undo_told, attempt.ttl));
}

/// When the undo that has to meet this SET has been repeated: its instants count from the
/// handshake by a clock that may be a quarter off. kNever: the SET came behind all of them.
Time Leftovers::repeated_by(const Vote& vote, Time greeted, Nanos ttl) {
    for (const Time pause :
         {Time{0}, std::min(kSecond, ttl.count()), std::max(kSecond, ttl.count())}) {
        if (vote.set_at <= greeted + pause - pause / 4)
            return greeted + pause + pause / 4 + kUndone;
    }
    return kNever;
}

void Leftovers::look() {
    std::erase_if(open_, [this](Attempt* attempt) {
        for (int node = 0; node < ledger_.nodes(); ++node) {
            if (left_over(*attempt, node)) return false;
        }
        return true;
    });
    for (Attempt* const attempt : open_) {
        const Time since = orphan_since(*attempt);
        if (since >= world_.now()) continue;
        for (int node = 0; node < ledger_.nodes(); ++node) {
            if (!left_over(*attempt, node)) continue;
            const Time until = allowed_until(*attempt, node, since);
            if (until >= world_.now()) continue;
            return accuse(
                *attempt, node,
                text_of(world_.now() - since) + " after nobody had a claim to it any more");
        }
    }
}

void Leftovers::at_the_end() {
    for (Attempt* const attempt : open_) {
        if (attempt->claim == Attempt::Claim::left) continue;
        if (known_[static_cast<std::size_t>(attempt->process)].dead) continue;
        for (int node = 0; node < ledger_.nodes(); ++node) {
            if (left_over(*attempt, node)) return accuse(*attempt, node, "when all is over");
        }
    }
}

}  // namespace quorumlock::sim
