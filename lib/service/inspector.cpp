#include "lib/service/inspector.h"

#include <algorithm>
#include <map>

#include "lib/base/told.h"
#include "lib/service/core.h"
#include "lib/service/operation_state.h"

namespace quorumlock::detail {

namespace {

/// Rule Q1: a holder is who has a majority; how long that lasts is the time until so many of its
/// keys have expired that it has none any more.
void sum_up(Inspection& found) {
    std::map<std::string, std::vector<Nanos>> by_token;
    for (const NodeInspection& node : found.nodes) {
        if (!node.present) continue;
        by_token[node.token].push_back(node.remaining.value_or(Nanos::max()));
    }
    const auto most = std::max_element(
        by_token.begin(), by_token.end(),
        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    if (most == by_token.end()) return;
    auto& left = most->second;
    found.votes = static_cast<int>(left.size());
    const int needed = protocol::quorum(static_cast<int>(found.nodes.size()));
    if (found.votes < needed) return;
    found.holder = most->first;
    std::sort(left.begin(), left.end());
    const Nanos end = left[static_cast<std::size_t>(found.votes - needed)];
    if (end != Nanos::max()) found.remaining = end;
}

}  // namespace

Inspector::Inspector(Core& core, OperationState& operation)
    : core_(core), operation_(operation), tickets_(core.labels().size(), 0) {}

Inspector::~Inspector() { finish(); }

void Inspector::start(Nanos time_limit) {
    found_.nodes.resize(tickets_.size());
    unasked_ = core_.all_nodes();
    for (std::size_t i = 0; i < tickets_.size(); ++i) {
        found_.nodes[i].node = core_.labels()[i];
        found_.nodes[i].cause = "no answer within the time limit";
        ++open_;
        ask_if_settled(static_cast<int>(i));
    }
    core_.env().arm(*this, core_.env().event_now() + time_limit);
}

/// The first connections are no reason to overlook a token: a short-lived client asks before all of
/// them are made.
void Inspector::ask_if_settled(int node) {
    nodes::Node& asked = core_.node(node);
    if (!unasked_.has(node) || !(asked.ready() || asked.settled())) return;
    unasked_.remove(node);
    const nodes::Ask ask{.step = nodes::Step::inspect, .resource = operation_.resource.view()};
    tickets_[static_cast<std::size_t>(node)] = asked.ask(ask, *this, static_cast<unsigned>(node));
}

void Inspector::on_answer(std::uint32_t tag, const nodes::Answer& answer) {
    tickets_[tag] = 0;
    --open_;
    NodeInspection& node = found_.nodes[tag];
    node.fence = static_cast<std::uint64_t>(std::max<std::int64_t>(answer.counter, 0));
    switch (answer.outcome) {
        case nodes::Outcome::taken:
            node.answered = node.present = true;
            node.token = std::string(answer.text);
            if (answer.value >= 0) node.remaining = told<std::chrono::milliseconds>(answer.value);
            node.cause.clear();
            break;
        case nodes::Outcome::absent:
            node.answered = true;
            node.cause.clear();
            break;
        default:
            node.cause = answer.cause != nullptr ? answer.cause->text : "no reason given";
    }
    if (open_ == 0) fire();
}

void Inspector::fire() {
    finish();
    sum_up(found_);
    core_.complete(operation_, Result<Inspection>(std::move(found_)));
}

void Inspector::finish() {
    if (std::exchange(finished_, true)) return;
    core_.env().disarm(*this);
    for (std::size_t i = 0; i < tickets_.size(); ++i) {
        if (tickets_[i] != 0) core_.node(static_cast<int>(i)).give_up(tickets_[i], false);
    }
}

}  // namespace quorumlock::detail
