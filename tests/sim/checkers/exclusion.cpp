#include "tests/sim/checkers/exclusion.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

/// A belief that has been over for so long can meet no new one: a process is never further ahead
/// of the world than it was preempted.
constexpr Time kForget = 10 * kSecond;

}  // namespace

void Belief::fire() {
    // The validity ends now, whether or not its holder is awake to see it.
    if (!over) owner.expired(*this);
}

Exclusion::Exclusion(World& world, Ledger& ledger, Renewals& renewals, Verdict& verdict)
    : world_(world),
      ledger_(ledger),
      renewals_(renewals),
      verdict_(verdict),
      recent_(ledger.plan().resources.size()),
      closed_(ledger.plan().processes.size()) {}

Exclusion::~Exclusion() = default;

std::string Exclusion::who(const Belief& belief) const {
    const std::string name =
        belief.process == nullptr ? "another vendor's client" : belief.process->name();
    return name + " with token " + belief.attempt->name() + " (" +
           ledger_.votes(*belief.attempt, world_.now()) + ")";
}

Belief* Exclusion::granted(SimProcess& process, const Lock& lock) {
    Attempt* const attempt = ledger_.find(lock.token());
    if (attempt == nullptr) {
        verdict_.report("backing", process.name() +
                                       " was granted a lock for which no server has "
                                       "seen a SET");
        return nullptr;
    }
    Belief& belief = beliefs_.emplace_back(*this);
    belief.attempt = attempt;
    belief.process = &process;
    belief.lock = &lock;
    belief.validity_end = lock.validity_end().time_since_epoch().count();
    belief.begin = process.time();
    belief.until = process.clock().when(belief.validity_end);
    begin(belief);
    return &belief;
}

Belief* Exclusion::vendor_granted(Attempt& attempt, Time until) {
    Belief& belief = beliefs_.emplace_back(*this);
    belief.attempt = &attempt;
    belief.begin = world_.now();
    belief.until = until;
    begin(belief);
    return &belief;
}

void Exclusion::begin(Belief& belief) {
    ++grants_;
    belief.attempt->belief = &belief;
    world_.trace().note(belief.begin, Mark::held, 1, belief.attempt->token, [&] {
        return who(belief) + " HOLDS r" + std::to_string(belief.attempt->resource) + " until " +
               text_of(belief.until);
    });
    check_promise(belief);
    if (belief.until <= belief.begin || (belief.lock != nullptr && !belief.lock->held())) {
        // Told too late to be of use: held() was false when it was first asked; its validity was
        // over, or its service was closed meanwhile.
        return end(belief, belief.begin);
    }
    current_.push_back(&belief);
    recent_[static_cast<std::size_t>(belief.attempt->resource)].push_back(&belief);
    world_.arm(belief, belief.until);
    check_backing(belief);
    check_others(belief);
    note_weakness(belief);
}

void Exclusion::poll(SimProcess& process) {
    // A belief that ends takes itself out of the list.
    for (std::size_t i = 0; i < current_.size();) {
        Belief* const belief = current_[i];
        if (belief->process == &process) follow(*belief);
        if (i < current_.size() && current_[i] == belief) ++i;
    }
    std::erase_if(expired_, [](const Belief* b) { return b->let_go; });
    for (const Belief* const belief : expired_) {
        if (belief->process != &process || !belief->lock->held()) continue;
        verdict_.report("validity", who(*belief) + " was extended when its validity had ended");
    }
}

void Exclusion::expired(Belief& belief) {
    finish(belief, belief.until);
    if (belief.process != nullptr) expired_.push_back(&belief);
}

void Exclusion::follow(Belief& belief) {
    const std::int64_t reading = belief.process->reading();
    const std::int64_t end = belief.lock->validity_end().time_since_epoch().count();
    if (!belief.lock->held()) {
        if (reading < belief.validity_end) check_patience(belief);
        return finish(belief, belief.process->time());
    }
    if (reading >= end) {
        return verdict_.report("validity", who(belief) + ": held() is true after the validity");
    }
    if (end == belief.validity_end) return;
    if (end < belief.validity_end) {
        return verdict_.report("validity", who(belief) + ": an extension shortened the validity");
    }
    belief.validity_end = end;
    belief.until = belief.process->clock().when(end);
    world_.arm(belief, belief.until);
    world_.trace().note(belief.process->time(), Mark::held, 2, belief.attempt->token,
                        [&] { return who(belief) + " EXTENDED until " + text_of(belief.until); });
    check_promise(belief);
    check_backing(belief);
}

void Exclusion::check_promise(Belief& belief) {
    if (belief.process == nullptr) return;
    int backing = 0;
    for (const Vote& vote : belief.attempt->votes) {
        if (vote.state != Vote::State::none && vote.promise >= belief.validity_end) ++backing;
    }
    if (backing >= ledger_.plan().quorum()) return;
    verdict_.report("validity", who(belief) + " believes until " + text_of(belief.until) +
                                    ", but only " + std::to_string(backing) +
                                    " nodes were asked so late that t0 + ttl - drift reaches it");
}

/// Its service closes, or has closed.
bool Exclusion::is_closed(const Belief& belief) const noexcept {
    return belief.attempt->service <= closed_[static_cast<std::size_t>(belief.process->index())];
}

void Exclusion::check_patience(Belief& belief) {
    if (is_closed(belief)) return;
    int there = 0;
    for (int node = 0; node < ledger_.nodes(); ++node) {
        const NodePlan& plan = ledger_.plan().nodes[static_cast<std::size_t>(node)];
        const bool sure = !plan.no_kill && !plan.no_info;
        if (sure && ledger_.there(*belief.attempt, node)) ++there;
    }
    if (there <= ledger_.nodes() - ledger_.plan().quorum()) return;
    verdict_.report("patience", who(belief) + " gave r" + std::to_string(belief.attempt->resource) +
                                    " up before its end, although " + std::to_string(there) +
                                    " nodes still have its key");
}

void Exclusion::check_backing(Belief& belief) {
    const int backed = ledger_.backed(*belief.attempt, world_.now());
    if (backed >= ledger_.plan().quorum()) return;
    verdict_.report("backing", who(belief) + " believes in r" +
                                   std::to_string(belief.attempt->resource) + " on only " +
                                   std::to_string(backed) + " leases");
}

/// Both have a lease at some node. One that was applied when a belief was over took nothing from
/// it: so late comes what a partition has held back.
bool Exclusion::share_a_node(const Belief& one, const Belief& two) {
    const Time end = std::min(one.end, two.end);
    for (int node = 0; node < ledger_.nodes(); ++node) {
        const auto n = static_cast<std::size_t>(node);
        const Vote& first = one.attempt->votes[n];
        const Vote& second = two.attempt->votes[n];
        if (std::max(first.set_at, second.set_at) >= end) continue;
        // The guard outlasts a lease, and not what a clock that is set back later would make of it.
        const auto outlasted = [this](const Vote& vote) {
            return vote.crashed && world_.now() >= vote.honest_end;
        };
        if (outlasted(first) || outlasted(second)) continue;
        if (ledger_.live(*one.attempt, node, world_.now()) &&
            ledger_.live(*two.attempt, node, world_.now())) {
            return true;
        }
    }
    return false;
}

void Exclusion::check_others(Belief& belief) {
    auto& recent = recent_[static_cast<std::size_t>(belief.attempt->resource)];
    std::erase_if(recent,
                  [&](const Belief* b) { return b->over && b->end + kForget < world_.now(); });
    for (Belief* const other : recent) {
        if (other == &belief || other->end <= belief.begin || belief.end <= other->begin) continue;
        if (!share_a_node(belief, *other)) {
            ++excused_overlaps_;
            continue;
        }
        verdict_.report("exclusion", "two hold r" + std::to_string(belief.attempt->resource) +
                                         " at once: " + who(*other) + " and " + who(belief));
    }
}

void Exclusion::votes_changed(Attempt& attempt) {
    if (attempt.belief == nullptr || attempt.belief->over) return;
    check_others(*attempt.belief);
    note_weakness(*attempt.belief);
}

void Exclusion::note_weakness(Belief& belief) {
    int live = 0;
    for (int node = 0; node < ledger_.nodes(); ++node) {
        if (ledger_.live(*belief.attempt, node, world_.now())) ++live;
    }
    const int enough = ledger_.nodes() - ledger_.plan().quorum() + 1;
    if (live < enough && belief.weak_since == kNever) belief.weak_since = world_.now();
}

void Exclusion::let_go(Belief& belief) {
    belief.let_go = true;
    if (!belief.over)
        finish(belief, belief.process == nullptr ? world_.now() : belief.process->time());
}

void Exclusion::end(Belief& belief, Time at) {
    belief.over = true;
    belief.end = at;
    if (belief.process == nullptr) return;
    belief.ended = belief.process->reading();
    belief.runs_from = std::max(at, belief.process->stopped_until());
    belief.stolen = belief.process->stolen();
}

void Exclusion::finish(Belief& belief, Time at) {
    end(belief, std::min(at, belief.until));
    world_.disarm(belief);
    std::erase(current_, &belief);
    check_backing(belief);
    note_weakness(belief);
    if (at >= belief.until && !belief.let_go && belief.process != nullptr && !is_closed(belief)) {
        renewals_.expired(*belief.process, *belief.attempt, belief.begin, belief.until);
    }
    if (belief.weak_since != kNever) {
        excused_time_ += std::max<Time>(belief.end - belief.weak_since, 0);
    }
    world_.trace().note(belief.end, Mark::held, 0, belief.attempt->token, [&] {
        return who(belief) + " holds r" + std::to_string(belief.attempt->resource) + " no longer";
    });
}

void Exclusion::revived(SimProcess& process, std::string_view token) {
    verdict_.report("validity", process.name() + " has extended token " +
                                    std::string(token.substr(0, 6)) + ", which it did not hold");
}

void Exclusion::not_let_go(SimProcess& process, std::string_view token) {
    verdict_.report("validity", process.name() + " has released token " +
                                    std::string(token.substr(0, 6)) + ", and held() is still true");
}

void Exclusion::clock_changed(SimProcess& process) {
    for (Belief* const belief : current_) {
        if (belief->process != &process) continue;
        belief->until = process.clock().when(belief->validity_end);
        world_.arm(*belief, belief->until);
    }
}

void Exclusion::closing(const SimProcess& process) {
    closed_[static_cast<std::size_t>(process.index())] = process.service;
}

void Exclusion::died(SimProcess& process) {
    std::erase_if(expired_, [&](const Belief* b) { return b->process == &process; });
    for (std::size_t i = 0; i < current_.size();) {
        if (current_[i]->process == &process) {
            let_go(*current_[i]);
        } else {
            ++i;
        }
    }
}

}  // namespace quorumlock::sim
