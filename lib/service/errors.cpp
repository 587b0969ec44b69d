#include "lib/service/errors.h"

#include <algorithm>
#include <array>

#include <quorumlock/options.h>

#include "lib/base/told.h"

namespace quorumlock::detail {

namespace {

using nodes::Outcome;

std::string in_ms(Nanos time) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    if (us % 1000 == 0) return std::to_string(us / 1000) + " ms";
    const auto tenths = us / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

std::string cause_of(const NodeWord& word, const RoundReport& report) {
    if (!word.answered) {
        return word.cause.kind != CauseClass::none ? word.cause.text
                                                   : "no answer within " + in_ms(report.time_limit);
    }
    switch (word.outcome) {
        case Outcome::granted:
            return "granted, and undone";
        case Outcome::raised:
            return "its fencing counter was raised, and the grant undone";
        case Outcome::extended:
            return "extended";
        case Outcome::healed:
            return "healed";
        case Outcome::released:
            return "released";
        case Outcome::absent:
            return "the token holds nothing here (any more)";
        case Outcome::taken:
            return "held by another token";
        case Outcome::refused:
            return word.value > 0 ? "held by another for " + std::to_string(word.value) + " ms more"
                                  : "held by another";
        case Outcome::failed:
        case Outcome::unknown:
            break;
    }
    return word.cause.text.empty() ? "no reason given" : word.cause.text;
}

NodeVote vote_of(int node, const protocol::Votes& votes) {
    if (votes.yes.has(node)) return NodeVote::granted;
    if (votes.no.has(node)) return NodeVote::refused;
    if (votes.failed.has(node)) return NodeVote::failed;
    return NodeVote::unknown;
}

std::vector<NodeReport> lines(const RoundReport& report) {
    std::vector<NodeReport> out;
    out.reserve(report.labels.size());
    for (std::size_t i = 0; i < report.labels.size(); ++i) {
        const int node = static_cast<int>(i);
        const NodeWord& word = report.words[i];
        // Decided before this node was heard: its silence is no fault of its own.
        const bool undecided = report.votes.open.has(node) && word.cause.kind == CauseClass::none;
        out.push_back(
            {report.labels[i], vote_of(node, report.votes),
             undecided ? "not waited for: the round was decided" : cause_of(word, report)});
    }
    return out;
}

std::string of(int some, std::size_t all) {
    return std::to_string(some) + " of " + std::to_string(all) + " nodes";
}

/// Waiting does not help when so many nodes need a person that no quorum is left.
bool rejected_by_too_many(const RoundReport& report) {
    const int total = static_cast<int>(report.words.size());
    const auto rejecting =
        std::count_if(report.words.begin(), report.words.end(), [](const NodeWord& word) {
            return word.answered && word.outcome == Outcome::failed &&
                   needs_a_person(word.cause.kind);
        });
    return total - static_cast<int>(rejecting) < protocol::quorum(total);
}

Error no_quorum(const char* what, int yes, const RoundReport& report) {
    const std::size_t total = report.labels.size();
    const int needed = protocol::quorum(static_cast<int>(total));
    std::string text = std::string("no quorum: ") + of(yes, total) + " " + what + ", " +
                       std::to_string(needed) + " are needed";
    if (rejected_by_too_many(report)) {
        return {Errc::rejected_by_server, text + "; the servers' set-up is at fault", lines(report),
                Nanos{-1}};
    }
    return {Errc::no_quorum, std::move(text), lines(report), Nanos{-1}};
}

}  // namespace

std::optional<Nanos> holder_remaining(const RoundReport& report) {
    std::array<std::int64_t, limits::kMaxNodes> left{};
    std::size_t count = 0;
    for (const NodeWord& word : report.words) {
        if (word.answered && word.outcome == Outcome::refused && word.value >= 0) {
            left[count++] = word.value;
        }
    }
    const int total = static_cast<int>(report.words.size());
    const int refused = report.votes.no.size();
    const int mute = report.votes.failed.size() + report.votes.unknown.size();
    // So many refusals must end before the rest, with these, can be a quorum.
    const int must_end = protocol::quorum(total) - (total - refused - mute);
    if (must_end <= 0 || static_cast<std::size_t>(must_end) > count) return std::nullopt;
    std::sort(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(count));
    return told<std::chrono::milliseconds>(left[static_cast<std::size_t>(must_end) - 1]);
}

Error acquire_error(protocol::AcquireDecision decision, bool cut_by_caller,
                    const RoundReport& report) {
    const std::size_t total = report.labels.size();
    switch (decision) {
        case protocol::AcquireDecision::contended: {
            const auto left = holder_remaining(report);
            return {Errc::contended,
                    "held by another: " + of(report.votes.no.size(), total) + " refused" +
                        (left ? ", for about " + in_ms(*left) + " more" : ""),
                    lines(report), left.value_or(Nanos{-1})};
        }
        case protocol::AcquireDecision::expired:
            return {Errc::expired,
                    "won too late: the answers took so long that too little of the "
                    "ttl was left; ask for a longer ttl",
                    lines(report), Nanos{-1}};
        case protocol::AcquireDecision::open:
        case protocol::AcquireDecision::acquired:
        case protocol::AcquireDecision::no_quorum:
            break;
    }
    if (cut_by_caller) {
        return {Errc::timed_out,
                "the wait ended after " + in_ms(report.time_limit) +
                    " of the round, before a quorum had answered",
                lines(report), Nanos{-1}};
    }
    return no_quorum("granted", report.votes.yes.size(), report);
}

Error extend_error(protocol::ExtendDecision decision, const RoundReport& report) {
    const std::size_t total = report.labels.size();
    if (decision == protocol::ExtendDecision::lost) {
        return {Errc::lost,
                "the lock is lost: " + of(report.votes.no.size(), total) + " no longer hold it",
                lines(report), Nanos{-1}};
    }
    if (decision == protocol::ExtendDecision::too_late) {
        return {Errc::lost,
                "the lock is lost: the extension was answered after its validity had "
                "ended",
                lines(report), Nanos{-1}};
    }
    return no_quorum("extended", report.votes.yes.size(), report);
}

Error release_error(protocol::ReleaseDecision decision, const RoundReport& report, Nanos ttl) {
    const std::size_t total = report.labels.size();
    if (decision == protocol::ReleaseDecision::not_held) {
        return {Errc::not_held,
                "not held (any more): " + of(report.votes.no.size(), total) + " say so",
                lines(report), Nanos{-1}};
    }
    Error error = no_quorum("released", report.votes.yes.size(), report);
    std::string rest = "; what remains there ends with the lease";
    if (ttl > Nanos{0}) rest += ", at the latest " + in_ms(ttl) + " after a frozen node resumes";
    return {error.code(), error.message() + rest, error.nodes(), Nanos{-1}};
}

Error closed_error() { return {Errc::closed, "the service is closed"}; }
Error cancelled_error() { return {Errc::cancelled, "the acquire was cancelled"}; }

}  // namespace quorumlock::detail
