// What has to be undone at a Dapr sidecar, and how often. Rules D4 and D5.
#include <algorithm>
#include <utility>

#include "lib/nodes/dapr_node.h"

namespace quorumlock::nodes {

namespace {

constexpr Nanos kRetryPause = std::chrono::milliseconds(250);
/// A detached lock's nodes are never undone: then its tokens must not pile up.
constexpr std::size_t kMostUnknown = 4096;

}  // namespace

void DaprNode::undo(std::string_view resource, const Token& token, Nanos ttl) {
    for (const auto& acquire : acquires_) {
        if (acquire->token != token) continue;
        acquire->undo_wanted = true;  // Its outcome says what is to be done.
        return;
    }
    owe(resource, token, ttl, origin_of(token));
    pay();
}

DaprNode::Origin DaprNode::origin_of(const Token& token) {
    const auto found = std::find(unknown_.begin(), unknown_.end(), token);
    if (found == unknown_.end()) return Origin::granted;
    unknown_.erase(found);
    return Origin::unknown;
}

void DaprNode::remember_unknown(const Token& token) {
    if (unknown_.size() >= kMostUnknown) unknown_.erase(unknown_.begin());
    unknown_.push_back(token);
}

DaprNode::Undo& DaprNode::owe(std::string_view resource, const Token& token, Nanos ttl,
                              Origin origin) {
    auto made = std::make_unique<Undo>(*this);
    made->resource.assign(resource);
    made->token = token;
    made->ttl = std::chrono::seconds(dapr::whole_seconds(ttl));
    made->origin = origin;
    made->due = env_.event_now();
    if (origin == Origin::granted) {
        made->plan.until = lease_end(made->due, made->ttl);  // applied by now
    } else {
        made->plan.unsure = true;
    }
    undos_.push_back(std::move(made));
    return *undos_.back();
}

void DaprNode::remove(const Undo& undo) {
    const auto found = std::find_if(undos_.begin(), undos_.end(),
                                    [&](const auto& one) { return one.get() == &undo; });
    if (found == undos_.end()) return;
    *found = std::move(undos_.back());
    undos_.pop_back();
}

std::size_t DaprNode::owed() const noexcept {
    const auto undos = std::count_if(undos_.begin(), undos_.end(), [](const auto& undo) {
        return undo->origin != Origin::refused || undo->plan.times == 0;
    });
    const auto acquires = std::count_if(acquires_.begin(), acquires_.end(),
                                        [](const auto& one) { return one->undo_wanted; });
    return static_cast<std::size_t>(undos + acquires);
}

void DaprNode::on_unlock(Undo& undo, const env::HttpAnswer& answer) {
    const auto done = std::move(undo.call);
    const dapr::Reply reply = dapr::read_unlock_answer(answer, context(&undo.token));
    judge(reply);
    const Asker asker = std::exchange(undo.asker, Asker{});
    if (!plan_next(undo, reply)) remove(undo);
    send_waiting();
    pay();
    if (asker.to == nullptr) return;
    Answer told{.outcome = reply.outcome};
    if (reply.outcome == Outcome::failed || reply.outcome == Outcome::unknown) {
        told.cause = &reply.cause;
    }
    asker.to->on_answer(asker.tag, told);  // May end everything here.
}

bool DaprNode::plan_next(Undo& undo, const dapr::Reply& reply) {
    const Instant now = env_.event_now();
    const bool answered = reply.outcome == Outcome::released || reply.outcome == Outcome::absent ||
                          reply.outcome == Outcome::taken || reply.pointless;
    if (answered) {
        if (!undo.plan.unsure) return false;
        if (undo.plan.times == 0) undo.plan.answers_since = now;
        const auto again = next_repetition(undo.plan, undo.ttl);
        if (!again) return false;
        undo.plan.until = Instant::max();
        undo.due = *again;
        return true;
    }
    // Once the store has spoken, nothing is applied behind it any more, but for what the undo's
    // repetitions are there for: the lease has an end.
    if (reply.store_spoke || reply.cause.kind == CauseClass::rejected) {
        undo.plan.until = std::min(undo.plan.until, lease_end(now, undo.ttl));
    }
    undo.due = reply.answered ? now + kRetryPause : now;
    return true;
}

void DaprNode::pay() {
    const Instant now = env_.event_now();
    std::erase_if(
        undos_, [&](const auto& undo) { return undo->call == nullptr && undo->plan.until <= now; });
    // No undo is there to find out whether the store is back: the next acquire will.
    if (store_down_ && undos_.empty() && now >= next_probe_) store_answers();
    if (phase_ == Phase::ready) {
        for (const auto& undo : undos_) {
            if (undo->call != nullptr || undo->due > now) continue;
            // One at a time finds out whether a silent store is back; a fresh one goes at once.
            if (store_down_ && undo->tried && (now < next_probe_ || any_undo_asked())) continue;
            send(*undo);
        }
    } else if (phase_ != Phase::closed) {
        for (const auto& undo : undos_) {
            if (undo->asker.to != nullptr) answer_later(std::exchange(undo->asker, {}), cause_);
        }
    }
    arm_undos();
}

void DaprNode::send(Undo& undo) {
    undo.tried = true;
    undo.call = post(unlock_target_, dapr::unlock_body(undo.resource.view(), undo.token), undo);
}

bool DaprNode::any_undo_asked() const noexcept {
    return std::any_of(undos_.begin(), undos_.end(),
                       [](const auto& undo) { return undo->call != nullptr; });
}

void DaprNode::arm_undos() {
    Instant next = Instant::max();
    if (store_down_ && undos_.empty()) next = next_probe_;
    const bool answer_comes = store_down_ && any_undo_asked();  // and then pay() is called
    for (const auto& undo : undos_) {
        if (undo->call != nullptr) continue;
        next = std::min(next, undo->plan.until);
        if (phase_ != Phase::ready || answer_comes) continue;
        next = std::min(next, store_down_ ? std::max(undo->due, next_probe_) : undo->due);
    }
    if (next == Instant::max() || phase_ == Phase::closed) {
        env_.disarm(undo_alarm_);
    } else {
        env_.arm(undo_alarm_, next);
    }
}

}  // namespace quorumlock::nodes
