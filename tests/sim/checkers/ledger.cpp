#include "tests/sim/checkers/ledger.h"

namespace quorumlock::sim {

namespace {

const char* word_for(Vote::State state) {
    switch (state) {
        case Vote::State::none:
            return "never";
        case Vote::State::present:
            return "held";
        case Vote::State::ghost:
            return "taken away by ourselves";
        case Vote::State::lapsed:
            return "run out";
        case Vote::State::excused:
            return "excused";
    }
    return "";
}

}  // namespace

Attempt* Ledger::find(std::string_view token) noexcept {
    const auto found = by_token_.find(token);
    return found == by_token_.end() ? nullptr : found->second;
}

Attempt& Ledger::open(std::string_view token, int resource) {
    Attempt& attempt = attempts_.emplace_back();
    attempt.token = token;
    attempt.resource = resource;
    by_token_.emplace(attempt.token, &attempt);
    return attempt;
}

int Ledger::resource(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < plan_.resources.size(); ++i) {
        if (plan_.resources[i] == name) return static_cast<int>(i);
    }
    return -1;
}

void Ledger::taint_all(int node, bool on, Time at) noexcept {
    tainting_[static_cast<std::size_t>(node)] += on ? 1 : -1;
    taint(node, at);
}

bool Ledger::tainted(int node, const Vote& vote) const noexcept {
    const auto i = static_cast<std::size_t>(node);
    return vote.cut_short || tainting_[i] > 0 || tainted_[i] > vote.applied;
}

bool Ledger::live(Attempt& attempt, int node, Time now) noexcept {
    Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
    if (vote.state != Vote::State::present && vote.state != Vote::State::ghost) return false;
    if (server(node).wall_at(now) < vote.expires) return true;
    vote.state = tainted(node, vote) ? Vote::State::excused : Vote::State::lapsed;
    return false;
}

bool Ledger::there(const Attempt& attempt, int node) noexcept {
    const Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
    return vote.there && server(node).wall() < vote.expires;
}

int Ledger::backed(Attempt& attempt, Time now) noexcept {
    int count = 0;
    for (int node = 0; node < nodes(); ++node) {
        const bool held = live(attempt, node, now);
        const Vote& vote = attempt.votes[static_cast<std::size_t>(node)];
        if (held || vote.state == Vote::State::excused) ++count;
    }
    return count;
}

int Ledger::count(const Attempt& attempt, Vote::State state) const noexcept {
    int some = 0;
    for (const Vote& vote : attempt.votes) some += vote.state == state ? 1 : 0;
    return some;
}

std::string Ledger::votes(Attempt& attempt, Time now) {
    std::string text;
    for (int node = 0; node < nodes(); ++node) {
        live(attempt, node, now);
        text += (node == 0 ? "" : ", ") + server(node).name() + " " +
                word_for(attempt.votes[static_cast<std::size_t>(node)].state);
    }
    return text;
}

}  // namespace quorumlock::sim
