#include <quorumlock/testing/scripted_node.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "lib/base/check.h"

namespace quorumlock::testing {

using nodes::Answer;
using nodes::Outcome;
using nodes::Step;

ScriptedNode::ScriptedNode(std::string label) : label_(std::move(label)) {}

ScriptedNode::~ScriptedNode() = default;

void ScriptedNode::live_on(std::shared_ptr<nodes::Loop> loop) { loop_ = std::move(loop); }

void ScriptedNode::change(bool ready_now, bool settled_now) {
    is_ready = ready_now;
    is_settled = settled_now;
    events_->on_node_changed(index_);
}

void ScriptedNode::wake() {
    mode = Mode::normal;
    next.clear();
    auto waiting = std::move(hanging_);
    hanging_.clear();
    for (Asked& one : waiting) {
        if (one.to != nullptr) answer_later(one, apply(one));
    }
}

void ScriptedNode::tell(const std::string& resource) { events_->on_wake(index_, resource); }

bool ScriptedNode::holds(const std::string& resource) const {
    const auto key = keys.find(resource);
    return key != keys.end() && key->second.until > loop_->now();
}

std::size_t ScriptedNode::count(const std::string& step) const {
    return static_cast<std::size_t>(std::count(log.begin(), log.end(), step));
}

void ScriptedNode::open(int index, nodes::NodeEvents& events) {
    QL_CHECK(loop_ != nullptr);
    index_ = index;
    events_ = &events;
    closed_ = false;
}

ScriptedNode::Mode ScriptedNode::take_mode() {
    if (next.empty()) return mode;
    const Mode taken = next.front();
    next.pop_front();
    return taken;
}

nodes::Ticket ScriptedNode::ask(const nodes::Ask& ask, nodes::AnswerEvents& to, std::uint32_t tag) {
    static constexpr const char* kNames[] = {"acquire", "raise",   "extend",  "heal",
                                             "release", "inspect", "transfer"};
    log.emplace_back(kNames[static_cast<int>(ask.step)]);
    if (ask.step == Step::acquire || ask.step == Step::transfer)
        tokens.emplace_back(ask.token->view());
    const Asked asked{.ticket = ++last_ticket_,
                      .to = &to,
                      .tag = tag,
                      .step = ask.step,
                      .resource = std::string(ask.resource),
                      .token = ask.token == nullptr ? "" : std::string(ask.token->view()),
                      .from = ask.from == nullptr ? "" : std::string(ask.from->view()),
                      .ttl = ask.ttl,
                      .fence = ask.fence,
                      .wake = ask.wake,
                      .counter = ask.counter};
    if (closed_) {
        answer_later(asked, {.outcome = Outcome::failed, .cause = &closed_cause_});
        return asked.ticket;
    }
    switch (take_mode()) {
        case Mode::lose:
            keys.clear();
            [[fallthrough]];
        case Mode::normal:
            answer_later(asked, apply(asked));
            break;
        case Mode::refuse:
            answer_later(asked, refusal(asked));
            break;
        case Mode::fail:
            clear_giver(asked);
            answer_later(asked, {.outcome = Outcome::failed, .cause = &cause});
            break;
        case Mode::unknown:
            clear_giver(asked);
            answer_later(asked, {.outcome = Outcome::unknown, .cause = &cause});
            break;
        case Mode::apply_and_hang:
            (void)apply(asked);
            [[fallthrough]];
        case Mode::hang:
            clear_giver(asked);
            hanging_.push_back(asked);
            break;
    }
    return asked.ticket;
}

void ScriptedNode::give_up(nodes::Ticket ticket, bool silent) {
    ++given_up;
    if (silent) ++given_up_silent;
    for (auto* queue : {&hanging_, &answers_, &answers_now_}) {
        for (Asked& one : *queue) {
            if (one.ticket == ticket) one.to = nullptr;
        }
    }
}

void ScriptedNode::undo(std::string_view resource, const Token& token, Nanos) {
    log.emplace_back("undo");
    if (undo_hangs) {
        ++owed_undos;
        return;
    }
    (void)remove(std::string(resource), token.view());
}

void ScriptedNode::close() {
    log.emplace_back("close");
    closed_ = true;
    auto waiting = std::move(hanging_);
    hanging_.clear();
    for (Asked& one : waiting) {
        if (one.to == nullptr) continue;
        answer_later(one, {.outcome = Outcome::unknown, .cause = &closed_cause_});
    }
}

nodes::NodeStatus ScriptedNode::status() const {
    nodes::NodeStatus status;
    status.label = label_;
    status.kind = "scripted";
    status.ready = ready();
    if (!status.ready) status.cause = closed_ ? closed_cause_ : cause;
    return status;
}

void ScriptedNode::answer_later(Asked asked, const Answer& answer) {
    asked.answer = answer;
    asked.found = answer.text;
    answers_.push_back(std::move(asked));
    if (answers_.size() == 1) loop_->post([this] { deliver(); });
}

void ScriptedNode::deliver() {
    auto due = std::move(answers_);
    answers_.clear();
    for (Asked& one : due) answers_now_.push_back(std::move(one));
    while (!answers_now_.empty()) {
        Asked one = std::move(answers_now_.front());
        answers_now_.pop_front();
        one.answer.text = one.found;
        if (one.to != nullptr) one.to->on_answer(one.tag, one.answer);
    }
}

bool ScriptedNode::remove(const std::string& resource, std::string_view token) {
    const auto key = keys.find(resource);
    if (key == keys.end() || key->second.token != token) return false;
    keys.erase(key);
    return true;
}

/// Rule W6
void ScriptedNode::clear_giver(const Asked& asked) {
    if (asked.step == Step::transfer) (void)remove(asked.resource, asked.from);
}

Answer ScriptedNode::refusal(const Asked& asked) const {
    if (asked.step == Step::raise) return {.outcome = Outcome::absent};
    const bool asks_for_the_lock = asked.step == Step::acquire || asked.step == Step::transfer;
    return {.outcome = asks_for_the_lock ? Outcome::refused : Outcome::taken,
            .value = -1,
            .armed = asked.step == Step::acquire && asked.wake && tells};
}

Answer ScriptedNode::grant(const Asked& asked, bool given) {
    keys[asked.resource] = {asked.token, loop_->now() + asked.ttl};
    return {.outcome = Outcome::granted,
            .value = given ? 1 : 0,
            .counter = asked.fence ? ++counters[asked.resource] : 0};
}

Answer ScriptedNode::apply(const Asked& asked) {
    const Instant now = loop_->now();
    const bool present = holds(asked.resource);
    const bool ours = present && keys[asked.resource].token == asked.token;
    const Outcome other = present ? Outcome::taken : Outcome::absent;
    switch (asked.step) {
        case Step::acquire:
        case Step::transfer: {
            const bool given =
                present && asked.step == Step::transfer && keys[asked.resource].token == asked.from;
            if (!present || given) return grant(asked, given);
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                keys[asked.resource].until - now);
            Answer answer = refusal(asked);
            answer.value = left.count();
            return answer;
        }
        case Step::raise:
            if (!ours || counters[asked.resource] > asked.counter) {
                return {.outcome = Outcome::absent};
            }
            counters[asked.resource] = asked.counter;
            return {.outcome = Outcome::raised};
        case Step::extend:
            if (!ours) return {.outcome = other};
            keys[asked.resource].until = std::max(keys[asked.resource].until, now + asked.ttl);
            return {.outcome = Outcome::extended};
        case Step::heal:
            if (present) return {.outcome = Outcome::taken};
            keys[asked.resource] = {asked.token, now + asked.ttl};
            return {.outcome = Outcome::healed};
        case Step::release:
            if (!ours) return {.outcome = other};
            (void)remove(asked.resource, asked.token);
            return {.outcome = Outcome::released};
        case Step::inspect:
            break;
    }
    return inspect(asked);
}

Answer ScriptedNode::inspect(const Asked& asked) const {
    Answer seen{.outcome = Outcome::absent};
    if (const auto counter = counters.find(asked.resource); counter != counters.end()) {
        seen.counter = counter->second;
    }
    if (!holds(asked.resource)) return seen;
    const Key& key = keys.at(asked.resource);
    seen.outcome = Outcome::taken;
    seen.text = key.token;
    seen.value =
        std::chrono::duration_cast<std::chrono::milliseconds>(key.until - loop_->now()).count();
    return seen;
}

// ---- the nodes of one service ----

namespace {

/// What the service owns: the test's node goes on when the service has ended.
class Borrowed final : public nodes::Node {
  public:
    explicit Borrowed(std::shared_ptr<ScriptedNode> node) : node_(std::move(node)) {}

    void open(int index, nodes::NodeEvents& events) override { node_->open(index, events); }
    bool ready() const noexcept override { return node_->ready(); }
    bool settled() const noexcept override { return node_->settled(); }
    nodes::Abilities abilities() const noexcept override { return node_->abilities(); }
    void prepare_wake() override { node_->prepare_wake(); }
    bool can_wake() const noexcept override { return node_->can_wake(); }
    nodes::Ticket ask(const nodes::Ask& ask, nodes::AnswerEvents& to, std::uint32_t tag) override {
        return node_->ask(ask, to, tag);
    }
    void give_up(nodes::Ticket ticket, bool silent) override { node_->give_up(ticket, silent); }
    void undo(std::string_view resource, const Token& token, Nanos ttl) override {
        node_->undo(resource, token, ttl);
    }
    std::size_t owed() const noexcept override { return node_->owed(); }
    void close() override { node_->close(); }
    nodes::NodeStatus status() const override { return node_->status(); }
    const std::string& label() const noexcept override { return node_->label(); }

  private:
    std::shared_ptr<ScriptedNode> node_;
};

}  // namespace

ScriptedNodes::ScriptedNodes(int count) {
    for (int i = 0; i < count; ++i) {
        nodes_.push_back(std::make_shared<ScriptedNode>("node" + std::to_string(i)));
    }
}

std::vector<nodes::NodeFactory> ScriptedNodes::factories() const {
    std::vector<nodes::NodeFactory> made;
    for (const auto& node : nodes_) {
        made.push_back([node](std::shared_ptr<nodes::Loop> loop) {
            node->live_on(std::move(loop));
            return std::make_unique<Borrowed>(node);
        });
    }
    return made;
}

void ScriptedNodes::set_all(ScriptedNode::Mode mode) const {
    for (const auto& node : nodes_) node->mode = mode;
}

void ScriptedNodes::forget(const std::string& resource) const {
    for (const auto& node : nodes_) node->forget(resource);
}

int ScriptedNodes::holding(const std::string& resource) const {
    return static_cast<int>(std::count_if(nodes_.begin(), nodes_.end(),
                                          [&](auto& node) { return node->holds(resource); }));
}

}  // namespace quorumlock::testing
