#include "lib/nodes/memory_node.h"

#include <chrono>
#include <utility>

#include "lib/base/check.h"

namespace quorumlock::nodes {

namespace {

std::int64_t rounded_up_ms(Nanos left) {
    return std::chrono::ceil<std::chrono::milliseconds>(left).count();
}

}  // namespace

struct MemoryNode::Delivery final : env::Task {
    explicit Delivery(MemoryNode* owner) : node(owner) {}
    void run() override {
        if (node != nullptr) {
            node->deliver();
        } else {
            delete this;
        }
    }
    MemoryNode* node;
};

MemoryNode::MemoryNode(NodeUri uri, const NodeOptions& options, env::Env& env)
    : label_(std::move(uri.label)),
      env_(env),
      counters_(options.fence_retention),
      delivery_(std::make_unique<Delivery>(this)) {}

MemoryNode::~MemoryNode() {
    delivery_->node = nullptr;
    if (delivery_->queued) (void)delivery_.release();  // it ends itself when it runs
}

void MemoryNode::open(int index, NodeEvents& events) {
    QL_CHECK(state_ == State::fresh);
    index_ = index;
    events_ = &events;
    state_ = State::open;
    cause_ = {};
    env_.post(*delivery_);
}

Ticket MemoryNode::ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) {
    Pending pending{};
    if (state_ == State::open) {
        pending = perform(ask);
    } else {
        // Rule N3: what was never sent was certainly not applied.
        pending.outcome = Outcome::failed;
        if (ask.step == Step::transfer) undo(ask.resource, *ask.from, ask.from_ttl);  // Rule W6
    }
    pending.to = &to;
    pending.tag = tag;
    pending_.push_back(pending);
    env_.post(*delivery_);
    return first_ticket_ + pending_.size() - 1;
}

MemoryNode::Pending MemoryNode::perform(const Ask& ask) {
    const auto now = env_.event_now();
    MemoryStore::Found found;
    std::int64_t counter = 0;
    switch (ask.step) {
        case Step::acquire:
            found = store_.acquire(ask.resource, *ask.token, ask.ttl, now);
            if (found.outcome == Outcome::granted && ask.fence) {
                counter = counters_.count(ask.resource, now, env_.wall_now());  // Rule F1
            }
            break;
        case Step::raise:  // Rule F2
            found = store_.inspect(ask.resource, now);
            found.outcome = found.holder == *ask.token && found.outcome == Outcome::taken &&
                                    counters_.raise(ask.resource, ask.counter, now)
                                ? Outcome::raised
                                : Outcome::absent;
            break;
        case Step::heal:  // Rule H1: the counter is left alone
            found = store_.acquire(ask.resource, *ask.token, ask.ttl, now);
            found.outcome = found.outcome == Outcome::granted ? Outcome::healed : Outcome::taken;
            break;
        case Step::transfer:  // Rule W5
            found = store_.transfer(ask.resource, *ask.from, *ask.token, ask.ttl, now);
            if (found.outcome == Outcome::granted && ask.fence) {
                counter = counters_.count(ask.resource, now, env_.wall_now());
            }
            break;
        case Step::extend:
            found = store_.extend(ask.resource, *ask.token, ask.ttl, now);
            break;
        case Step::release:
            found = store_.release(ask.resource, *ask.token, now);
            break;
        case Step::inspect:
            found = store_.inspect(ask.resource, now);
            counter = counters_.of(ask.resource, now);
            break;
    }
    Pending pending{};
    pending.outcome = found.outcome;
    pending.counter = counter;
    pending.holder = found.holder;
    if (ask.step == Step::transfer && found.outcome == Outcome::granted) {
        pending.value = found.remaining > Nanos{0} ? 1 : 0;
    } else if (found.outcome == Outcome::refused) {
        pending.value = ask.want_remaining ? rounded_up_ms(found.remaining) : -1;
    } else if (ask.step == Step::inspect && found.outcome == Outcome::taken) {
        pending.value = rounded_up_ms(found.remaining);
    }
    return pending;
}

void MemoryNode::deliver() {
    if (!settled_ && events_ != nullptr) {
        settled_ = true;
        events_->on_node_changed(index_);
    }
    // What is asked meanwhile waits for an event of its own, so that no caller holds the loop.
    const auto count = pending_.size();
    for (std::size_t i = 0; i < count; ++i) {
        const auto pending = pending_[i];
        if (pending.to == nullptr) continue;
        Answer answer{.outcome = pending.outcome, .value = pending.value};
        answer.counter = pending.counter;
        if (pending.outcome == Outcome::taken) answer.text = pending.holder.view();
        if (pending.outcome == Outcome::failed) answer.cause = &cause_;
        pending.to->on_answer(pending.tag, answer);
    }
    first_ticket_ += count;
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
    if (!pending_.empty()) env_.post(*delivery_);
}

void MemoryNode::give_up(Ticket ticket, bool /*silent*/) {
    // Answered tickets are below the range, and the subtraction then wraps beyond it.
    const auto index = ticket - first_ticket_;
    if (index < pending_.size()) pending_[index].to = nullptr;
}

void MemoryNode::undo(std::string_view resource, const Token& token, Nanos /*ttl*/) {
    // Rule A6. A closed node still forgets: nothing here can fail.
    (void)store_.release(resource, token, env_.event_now());
}

void MemoryNode::close() {
    // The answers under way are true ones and still come.
    state_ = State::closed;
    cause_ = {CauseClass::closed, "the service is closing"};
}

NodeStatus MemoryNode::status() const {
    NodeStatus status;
    status.label = label_;
    status.kind = "memory";
    status.ready = ready();
    status.cause = cause_;
    status.backlog = pending_.size();
    return status;
}

}  // namespace quorumlock::nodes
