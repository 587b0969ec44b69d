#include "tests/sim/checkers/commands.h"

#include <algorithm>
#include <charconv>

#include "tests/sim/checkers/exclusion.h"

namespace quorumlock::sim {

namespace {

Nanos milliseconds(std::string_view digits) {
    std::int64_t ms = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), ms);
    return std::chrono::milliseconds(ms);
}

Vote& vote_at(Attempt& attempt, const SimServer& server) {
    return attempt.votes[static_cast<std::size_t>(server.index())];
}

/// So long a process may be preempted between looking at the clock and writing, and more.
constexpr Time kPreempted = 25 * kMilli;

/// No validity of it ends later.
std::int64_t last_promise(const Attempt& attempt) {
    std::int64_t last = 0;
    for (const Vote& vote : attempt.votes) last = std::max(last, vote.promise);
    return last;
}

}  // namespace

std::int64_t Commands::promise_of(std::int64_t written, Nanos ttl) const noexcept {
    constexpr std::int64_t kMillion = 1'000'000;
    const std::int64_t ppm = ledger_.plan().drift_ppm;
    const std::int64_t drift = (ttl.count() * ppm + kMillion - 1) / kMillion + 2 * kMilli;
    return written + ttl.count() - drift;
}

void Commands::read(SimServer& server, Link* link, std::int64_t written,
                    const std::vector<std::string_view>& words) {
    if (!sidecar_) changing_ = {};
    giving_.clear();
    if (link == nullptr) return;
    if (words[0] == "SET") {
        read_set(server, *link, written, words);
    } else if (words[0] == "EVALSHA" || words[0] == "EVAL") {
        read_script(server, *link, written, words);
    } else if (words.size() == 4 && words[0] == "CLIENT" && words[1] == "KILL") {
        read_kill(server, *link, words[3]);
    }
}

void Commands::read_kill(SimServer& server, Link& link, std::string_view id) {
    ClientId number = 0;
    std::from_chars(id.data(), id.data() + id.size(), number);
    Link* const other = server.link_of(number);
    if (other == nullptr) return;
    if (&other->process() == &link.process() && other->service == link.service) return;
    verdict_.report("commands", link.process().name() + " kills a connection of " +
                                    other->process().name() + " at " + server.name());
}

/// Does the order of commands hold across connections too?
bool Commands::is_ordered(const Attempt& attempt, const SimServer& server) const noexcept {
    const NodePlan& node = ledger_.plan().nodes[static_cast<std::size_t>(server.index())];
    return !node.no_kill && !node.no_info && !attempt.token_shared;
}

void Commands::read_set(SimServer& server, Link& link, std::int64_t written,
                        const std::vector<std::string_view>& words) {
    if (words.size() != 6 || words[3] != "NX" || words[4] != "PX") {
        return verdict_.report("commands", "a SET is not SET resource token NX PX ttl");
    }
    Attempt* const attempt = ledger_.find(words[2]);
    if (attempt != nullptr && vote_at(*attempt, server).extend_read) {
        return read_heal(link, written, *attempt, words[5]);
    }
    read_acquire(server, link, written, words[1], words[2], words[5]);
}

void Commands::read_acquire(SimServer& server, Link& link, std::int64_t written,
                            std::string_view resource, std::string_view token,
                            std::string_view ttl) {
    ++sets_;
    Attempt* attempt = ledger_.find(token);
    if (attempt == nullptr) {
        attempt = &ledger_.open(token, ledger_.resource(resource));
        attempt->process = link.process().index();
        attempt->service = link.service;
        attempt->written = written;
        attempt->first_read = world_.now();
        attempt->ttl = milliseconds(ttl);
        retries_.on_attempt(link.process(), *attempt, written);
        lines_.on_attempt(link.process(), *attempt, written, giving_);
    }
    if (attempt->resource < 0 ||
        ledger_.plan().resources[static_cast<std::size_t>(attempt->resource)] != resource) {
        verdict_.report("commands", "token " + attempt->name() + " is used for another resource");
    }
    if (attempt->process != link.process().index() || attempt->service != link.service) {
        verdict_.report("commands", "two services use the token " + attempt->name());
    }
    Vote& vote = vote_at(*attempt, server);
    if (vote.set_read) {
        verdict_.report("commands", server.name() + " was sent the ACQUIRE of token " +
                                        attempt->name() + " twice");
    }
    vote.set_read = true;
    attempt->written = std::min(attempt->written, written);
    changing_ = attempt->token;
    promise_ = promise_of(written, milliseconds(ttl));
}

/// Rules H1 and H2: it follows an EXTEND, and belongs to a lock of the same service that was still
/// held when it was written. One that a former connection had still to deliver may come behind a
/// newer one.
void Commands::read_heal(Link& link, std::int64_t written, Attempt& attempt, std::string_view ttl) {
    changing_ = attempt.token;
    promise_ = promise_of(written, milliseconds(ttl));
    if (attempt.process != link.process().index() || attempt.service != link.service) {
        verdict_.report("commands", "token " + attempt.name() + " is healed by another service");
    }
    const Belief* const belief = attempt.belief;
    if (belief != nullptr && belief->over && written > belief->ended) {
        verdict_.report("commands", "token " + attempt.name() + " is healed, and its lock is " +
                                        (belief->let_go ? "let go" : "lost"));
    }
}

void Commands::read_fence_script(SimServer& server, Link& link, std::int64_t written,
                                 const std::vector<std::string_view>& words) {
    if (words.size() == 9) {
        // What the server does not know it does not run; the text may follow (rule N9).
        if (words[0] == "EVALSHA" && !server.redis().has_script(words[1])) return;
        return read_acquire(server, link, written, words[3], words[5], words[6]);
    }
    if (words.size() == 10) return read_transfer(server, link, written, words, 5);
    Attempt* const attempt = ledger_.find(words[5]);
    if (words.size() != 8 || attempt == nullptr) {
        return verdict_.report("commands", "a RAISE is not one of a token that has been seen");
    }
    changing_ = attempt->token;
}

/// Rule W5: an ACQUIRE that may also take the key from the giver, of the same service. `to`: where
/// the taker's token stands; the ttl is behind it, and the giver's token the last word.
void Commands::read_transfer(SimServer& server, Link& link, std::int64_t written,
                             const std::vector<std::string_view>& words, std::size_t to) {
    if (words[0] == "EVALSHA" && !server.redis().has_script(words[1])) return;
    const Attempt* const giver = ledger_.find(words.back());
    if (giver == nullptr || giver->process != link.process().index() ||
        giver->service != link.service) {
        verdict_.report("commands", "a TRANSFER takes from a token of another service");
    } else if (words[0] == "EVALSHA" && written >= last_promise(*giver) + kPreempted) {
        verdict_.report("commands", "the lock of token " + giver->name() +
                                        " is handed over behind the end of its validity");
    }
    giving_ = words.back();
    read_acquire(server, link, written, words[3], words[to], words[to + 1]);
}

void Commands::read_script(SimServer& server, Link& link, std::int64_t written,
                           const std::vector<std::string_view>& words) {
    if (words.size() < 5) return;
    if (words[2] == "2") return read_fence_script(server, link, written, words);
    if (words.size() == 9) return read_transfer(server, link, written, words, 4);
    if (words.size() == 8) {  // An ACQUIRE that is armed and not counted.
        if (words[0] == "EVALSHA" && !server.redis().has_script(words[1])) return;
        return read_acquire(server, link, written, words[3], words[4], words[5]);
    }
    Attempt* const attempt = ledger_.find(words[4]);
    if (attempt == nullptr) return;
    Vote& vote = vote_at(*attempt, server);
    changing_ = attempt->token;
    if (words.size() == 5) {
        vote.release_read = true;
        vote.release_link = link.number();
        return;
    }
    // One that a former connection had still to deliver comes late, and finds nothing to extend.
    const bool on_its_way = link.number() < vote.release_link;
    if (vote.release_read && !on_its_way && is_ordered(*attempt, server)) {
        verdict_.report("commands", "an EXTEND of token " + attempt->name() +
                                        " came behind its RELEASE at " + server.name());
    }
    vote.extend_read = true;
    // After NOSCRIPT the text goes out: the same extension, begun earlier (rule N9).
    if (words[0] == "EVALSHA") renewals_.on_extend(link.process(), *attempt, written);
    const Nanos ttl = milliseconds(words[5]);
    attempt->ttl = std::max(attempt->ttl, ttl);
    promise_ = promise_of(written, ttl);
    note_unwritten(server, *attempt, ttl);
}

/// Where the lease is long enough already, to the millisecond in which servers count, an EXTEND
/// writes nothing and promises as much: also where it had run out, and the clock was set back.
void Commands::note_unwritten(SimServer& server, Attempt& attempt, Nanos ttl) {
    Vote& vote = vote_at(attempt, server);
    (void)ledger_.live(attempt, server.index(), world_.now());
    if (!ledger_.there(attempt, server.index())) return;
    const std::int64_t left = vote.expires / 1000 - 1 - server.wall() / 1000;
    if (left < ttl.count() / kMilli) return;
    vote.promise = std::max(vote.promise, promise_);
    if (vote.state != Vote::State::lapsed) return;
    vote.state = Vote::State::present;
    vote.crashed = false;
    vote.applied = world_.now();
    vote.honest_end = server.clock().when(server.wall() * kMicro + ttl.count());
}

Attempt* Commands::key_set(SimServer& server, Link* link, std::string_view, std::string_view value,
                           WallMicros expires) {
    Attempt* const attempt = ledger_.find(value);
    if (attempt == nullptr) return nullptr;
    Vote& vote = vote_at(*attempt, server);
    if ((link != nullptr || sidecar_) && changing_ != attempt->token) {
        verdict_.report("commands", "a command of another token changed the key of token " +
                                        attempt->name() + " at " + server.name());
    }
    if (vote.state == Vote::State::none && vote.release_read && is_ordered(*attempt, server)) {
        verdict_.report("commands", "the undo of token " + attempt->name() +
                                        " was overtaken by its SET at " + server.name());
    }
    if (vote.state == Vote::State::present && expires < vote.expires) {
        verdict_.report("commands", "the lease of token " + attempt->name() + " at " +
                                        server.name() + " was shortened");
    }
    const Time end = server.clock().when(expires * kMicro);
    if (!vote.there) {  // For the first time, or behind a HEAL that was released meanwhile.
        vote.set_at = world_.now();
        vote.set_link = link != nullptr ? link->number() : 0;
        vote.set_for = end - world_.now();
    }
    // A short extension does not give back what a clock has taken from a long lease.
    vote.cut_short = vote.state == Vote::State::present && end < vote.honest_end &&
                     ledger_.tainted(server.index(), vote);
    vote.honest_end = std::max(vote.honest_end, end);
    vote.state = Vote::State::present;
    vote.crashed = false;
    vote.applied = world_.now();
    // What was put back (rule H1) has only the lease that it was put back with.
    vote.expires = vote.there ? std::max(vote.expires, expires) : expires;
    vote.there = true;
    if (link != nullptr) vote.promise = std::max(vote.promise, promise_);
    return attempt;
}

Attempt* Commands::key_gone(SimServer& server, Link* link, std::string_view, std::string_view value,
                            Gone why) {
    Attempt* const attempt = ledger_.find(value);
    if (attempt == nullptr) return nullptr;
    const bool ours = link != nullptr || sidecar_;
    if (ours && why == Gone::deleted && changing_ != attempt->token) {
        verdict_.report("commands", "a command of another token deleted the key of token " +
                                        attempt->name() + " at " + server.name());
    }
    if (ours && why == Gone::overwritten && giving_ != attempt->token) {
        verdict_.report("commands", "a command of another token took the key of token " +
                                        attempt->name() + " at " + server.name());
    }
    if (ours && why == Gone::deleted && attempt->detached && !attempt->token_shared) {
        verdict_.report("commands", "the detached lock of token " + attempt->name() +
                                        " was released at " + server.name());
    }
    Vote& vote = vote_at(*attempt, server);
    vote.there = false;
    if (vote.state != Vote::State::present) return nullptr;
    switch (why) {
        case Gone::expired:
            vote.state =
                ledger_.tainted(server.index(), vote) ? Vote::State::excused : Vote::State::lapsed;
            break;
        case Gone::deleted:
        case Gone::overwritten:
            vote.state = ours ? Vote::State::ghost : Vote::State::excused;
            break;
        case Gone::crashed:
            // Under the guard it counts as there until it would have ended: rule G1.
            vote.crashed = true;
            vote.state = ledger_.plan().guarded() ? Vote::State::ghost : Vote::State::excused;
            break;
        case Gone::flushed:
            vote.state = Vote::State::excused;
            break;
    }
    return attempt;
}

void Commands::data_lost(int node) {
    for (Attempt& attempt : ledger_.attempts()) {
        Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
        if (vote.state == Vote::State::ghost) vote.state = Vote::State::excused;
    }
}

}  // namespace quorumlock::sim
