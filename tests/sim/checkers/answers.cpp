#include "tests/sim/checkers/answers.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

constexpr Time kLastTry = 10 * kMilli;

int count(const Error& error, NodeVote vote) {
    const auto& nodes = error.nodes();
    return static_cast<int>(std::count_if(nodes.begin(), nodes.end(),
                                          [vote](const NodeReport& n) { return n.vote == vote; }));
}

}  // namespace

void Answers::acquire_failed(const SimProcess& process, const Error& error, std::int64_t deadline) {
    const Errc code = error.code();
    // Without a line for each node it was not the nodes that decided.
    if (code == Errc::closed || code == Errc::cancelled || error.nodes().empty()) return;
    if (deadline != 0 && process.reading() < deadline - kLastTry) {
        verdict_.report("answers", process.name() + " waited, and was told " + errc_name(code) +
                                       " " + text_of(deadline - process.reading()) +
                                       " before its deadline");
    }
    check_cause(process, error);
}

void Answers::check_cause(const SimProcess& process, const Error& error) {
    const Errc code = error.code();
    const bool blames_nodes = code == Errc::no_quorum || code == Errc::rejected_by_server;
    if (code != Errc::contended && !blames_nodes) return;
    const int spare = ledger_.nodes() - ledger_.plan().quorum();
    const int failed = count(error, NodeVote::failed);
    const int unknown = count(error, NodeVote::unknown);
    // An open node's line says unknown too, so these are bounds.
    const bool true_cause = blames_nodes ? failed + unknown > spare
                                         : failed <= spare && count(error, NodeVote::refused) > 0;
    const bool lost = count(error, NodeVote::granted) < ledger_.plan().quorum();
    if (true_cause && lost) return;
    verdict_.report("answers", process.name() + " was told what cannot be: " + error.to_string());
}

void Answers::granted(SimProcess& process, const Lock& lock, Nanos min_validity) {
    const Attempt* const attempt = ledger_.find(lock.token());
    if (attempt == nullptr) return;
    std::vector<Time> set_at;
    for (const Vote& vote : attempt->votes) {
        if (vote.state != Vote::State::none) set_at.push_back(vote.set_at);
    }
    std::sort(set_at.begin(), set_at.end());
    const auto needed = static_cast<std::size_t>(ledger_.plan().quorum());
    if (set_at.size() < needed) return;  // The backing is judged elsewhere.
    const std::int64_t decided = process.clock().at(set_at[needed - 1]);
    const std::int64_t end = lock.validity_end().time_since_epoch().count();
    if (end - decided > min_validity.count()) return;
    verdict_.report("answers", process.name() + " was granted token " + attempt->name() + " with " +
                                   text_of(end - decided) + " of validity left, not more than " +
                                   text_of(min_validity.count()));
}

void Answers::extended(const SimProcess& process, const Lock& lock, const Result<void>& result) {
    if (result || result.error().code() != Errc::lost || !lock.held()) return;
    verdict_.report("answers", process.name() + " still holds what extend() said is lost");
}

}  // namespace quorumlock::sim
