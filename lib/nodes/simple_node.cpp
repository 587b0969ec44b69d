#include <quorumlock/simple_node.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "lib/base/check.h"

namespace quorumlock::nodes {

namespace {

constexpr Nanos kFirstPause = std::chrono::milliseconds(100);
constexpr Nanos kLongestPause = std::chrono::seconds(2);
/// A lease lives for its ttl on the store's clock, which may be slow.
constexpr Nanos lease_end(Nanos ttl) { return ttl + ttl / 10 + std::chrono::seconds(1); }

bool has_an_answer(Outcome outcome) {
    return outcome != Outcome::failed && outcome != Outcome::unknown;
}

}  // namespace

struct SimpleNode::Open {
    Ticket ticket;
    AnswerEvents* to;  ///< Null: given up, or the node's own undo.
    std::uint32_t tag;
    Ask ask;  ///< Its resource and token are those below.
    std::string resource;
    Token token;
    bool held_back = false;           ///< Not performed yet; see must_wait().
    std::shared_ptr<Debt> debt = {};  ///< The undo that this release pays.
};

struct SimpleNode::Debt {
    std::string resource;
    Token token;
    Nanos ttl;
    Instant until{};  ///< The lease has certainly ended; set when it is paid first.
    Nanos pause = kFirstPause;
};

// ---- Reply ----

Reply::Reply(std::shared_ptr<Loop> loop, SimpleNode& node, Ticket ticket)
    : loop_(std::move(loop)), node_(&node), ticket_(ticket) {}

Reply::Reply(Reply&& other) noexcept = default;

Reply& Reply::operator=(Reply&& other) noexcept {
    std::swap(loop_, other.loop_);
    std::swap(node_, other.node_);
    std::swap(ticket_, other.ticket_);
    return *this;
}

Reply::~Reply() {
    (*this)(Outcome::unknown, {CauseClass::broken, "the node let go of the step unanswered"});
}

void Reply::operator()(const Answer& answer) {
    if (loop_ == nullptr) return;
    const auto loop = std::exchange(loop_, nullptr);
    loop->post([node = node_, ticket = ticket_, answer, text = std::string(answer.text),
                cause = answer.cause != nullptr ? *answer.cause : Cause{}] {
        node->replied(ticket, answer, text, cause);
    });
}

void Reply::operator()(Outcome outcome, Cause cause) {
    (*this)(Answer{.outcome = outcome, .cause = &cause});
}

// ---- SimpleNode ----

SimpleNode::SimpleNode(std::shared_ptr<Loop> loop, std::string kind, std::string label)
    : loop_(std::move(loop)), kind_(std::move(kind)), label_(std::move(label)) {}

SimpleNode::~SimpleNode() = default;

void SimpleNode::open(int index, NodeEvents& events) {
    QL_CHECK(events_ == nullptr);
    index_ = index;
    events_ = &events;
    cause_ = {CauseClass::unreachable, "not connected yet"};
    connect();
}

void SimpleNode::set_ready(bool ready, Cause why_not) {
    if (closed_) return;
    ready_ = ready;
    cause_ = ready ? Cause{} : std::move(why_not);
    loop_->post([this] {
        settled_ = true;
        events_->on_node_changed(index_);
    });
}

Cause SimpleNode::refusal(Step step) const {
    const Abilities its = abilities();
    if ((step == Step::extend && !its.extend) || (step == Step::inspect && !its.inspect) ||
        (step == Step::raise && !its.fence) || (step == Step::heal && !its.heal) ||
        step == Step::transfer) {
        return {CauseClass::unsupported, "a " + kind_ + " node cannot do this"};
    }
    if (closed_ || !ready_) return cause_;
    if (open_.size() >= kMaxBacklog) {
        return {CauseClass::silent,
                "its backlog is full: " + std::to_string(kMaxBacklog) + " steps are unanswered"};
    }
    return {};
}

Ticket SimpleNode::ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) {
    Cause cause = refusal(ask.step);
    open_.push_back({.ticket = ++last_ticket_,
                     .to = &to,
                     .tag = tag,
                     .ask = ask,
                     .resource = std::string(ask.resource),
                     .token = ask.token != nullptr ? *ask.token : Token{}});
    if (cause.kind != CauseClass::none) {
        // Rule N3: what was never performed was certainly not applied.
        Reply(loop_, *this, last_ticket_)(Outcome::failed, std::move(cause));
    } else {
        start_or_hold(open_.back());
    }
    return last_ticket_;
}

/// A store may do in any order what it was asked at once. So the steps of one token wait for what
/// sets its key, and an acquire for what ends the one before it (rule N5).
bool SimpleNode::must_wait(const Open& open) const noexcept {
    const Step step = open.ask.step;
    if (step == Step::inspect) return false;
    if (step == Step::acquire && in_debt(open.resource)) return true;
    for (const Open& earlier : open_) {
        if (earlier.ticket == open.ticket) return false;
        if (earlier.resource != open.resource) continue;
        const Step before = earlier.ask.step;
        if (step == Step::acquire ? before == Step::release
                                  : (before == Step::acquire || before == Step::heal) &&
                                        earlier.token == open.token) {
            return true;
        }
    }
    return false;
}

void SimpleNode::start_or_hold(Open& open) {
    open.held_back = must_wait(open);
    if (open.held_back) return;
    if (open.debt != nullptr && open.debt->until == Instant{}) {
        open.debt->until = loop_->now() + lease_end(open.debt->ttl);
    }
    Ask ask = open.ask;
    ask.resource = open.resource;
    ask.token = &open.token;
    perform(ask, Reply(loop_, *this, open.ticket));
}

void SimpleNode::resume() {
    for (Open& one : open_) {
        if (one.held_back) start_or_hold(one);
    }
}

void SimpleNode::replied(Ticket ticket, Answer answer, const std::string& text,
                         const Cause& cause) {
    const auto at = std::find_if(open_.begin(), open_.end(),
                                 [ticket](const Open& one) { return one.ticket == ticket; });
    if (at == open_.end()) return;
    const Open open = std::move(*at);
    open_.erase(at);
    answer.text = text;
    answer.cause = has_an_answer(answer.outcome) ? nullptr : &cause;
    if (open.to != nullptr) open.to->on_answer(open.tag, answer);
    if (open.debt != nullptr) {
        if (has_an_answer(answer.outcome)) {
            std::erase(debts_, open.debt);
        } else {
            pay_again(open.debt);
        }
    } else if (open.ask.step == Step::acquire && answer.outcome == Outcome::failed) {
        forgive(open);
    }
    resume();
}

void SimpleNode::give_up(Ticket ticket, bool /*silent*/) {
    for (Open& one : open_) {
        if (one.ticket == ticket) one.to = nullptr;
    }
}

// ---- undos ----

bool SimpleNode::in_debt(std::string_view resource) const noexcept {
    return std::any_of(debts_.begin(), debts_.end(),
                       [resource](const auto& debt) { return debt->resource == resource; });
}

void SimpleNode::undo(std::string_view resource, const Token& token, Nanos ttl) {
    const auto acquire = std::find_if(open_.begin(), open_.end(), [&](const Open& one) {
        return one.ask.step == Step::acquire && one.token == token && one.resource == resource;
    });
    if (acquire != open_.end() && acquire->held_back) {
        open_.erase(acquire);  // never performed
        return;
    }
    debts_.push_back(std::make_shared<Debt>(Debt{std::string(resource), token, ttl}));
    pay(debts_.back());
}

void SimpleNode::pay(const std::shared_ptr<Debt>& debt) {
    open_.push_back({.ticket = ++last_ticket_,
                     .to = nullptr,
                     .tag = 0,
                     .ask = {.step = Step::release, .resource = {}, .ttl = debt->ttl},
                     .resource = debt->resource,
                     .token = debt->token,
                     .debt = debt});
    start_or_hold(open_.back());
}

void SimpleNode::pay_again(const std::shared_ptr<Debt>& debt) {
    if (loop_->now() + debt->pause > debt->until) {
        std::erase(debts_, debt);
        return;
    }
    loop_->after(debt->pause, [this, debt] { pay(debt); });
    debt->pause = std::min(2 * debt->pause, kLongestPause);
}

/// Its acquire was certainly not applied: an undo that waits for it has nothing to do.
void SimpleNode::forgive(const Open& failed) {
    std::erase_if(open_, [&](const Open& one) {
        if (!one.held_back || one.debt == nullptr || one.token != failed.token) return false;
        std::erase(debts_, one.debt);
        return true;
    });
}

// ---- the end ----

void SimpleNode::close() {
    closed_ = true;
    ready_ = false;
    cause_ = {CauseClass::closed, "the service is closing"};
    for (const Open& one : open_) {
        if (one.to == nullptr) continue;
        Reply(loop_, *this, one.ticket)(one.held_back ? Outcome::failed : Outcome::unknown, cause_);
    }
}

NodeStatus SimpleNode::status() const {
    NodeStatus status;
    status.label = label_;
    status.kind = kind_;
    status.ready = ready_;
    status.cause = cause_;
    status.backlog = open_.size();
    status.owed_undos = debts_.size();
    return status;
}

}  // namespace quorumlock::nodes
