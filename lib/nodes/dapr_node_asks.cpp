// What a Dapr sidecar is asked, and what becomes of its answers. Rules D1..D4.
#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "lib/nodes/dapr_node.h"

namespace quorumlock::nodes {

namespace {

/// The sidecar's own Redis client has given up by then, and says so. Rule D6.
constexpr Nanos kLimit = std::chrono::seconds(8);

}  // namespace

Ticket DaprNode::ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) {
    const Asker asker = fresh_asker(to, tag);
    if (ask.step == Step::release) {
        release(ask, asker);
    } else if (ask.step != Step::acquire) {
        answer_later(asker, {CauseClass::unsupported,
                             std::string("Dapr's lock API cannot ") +
                                 (ask.step == Step::extend ? "extend a lease" : "look at a lock")});
    } else if (!ready()) {
        answer_later(asker, why_not_ready());
    } else if (acquires_.size() >= options_.max_backlog) {
        answer_later(asker,
                     {CauseClass::silent, "too far behind: " + std::to_string(acquires_.size()) +
                                              " locks are asked for (max_backlog is " +
                                              std::to_string(options_.max_backlog) + ")"});
    } else {
        auto acquire = std::make_unique<Acquire>(*this);
        acquire->asker = asker;
        acquire->resource.assign(ask.resource);
        acquire->token = *ask.token;
        acquire->ttl = ask.ttl;
        acquires_.push_back(std::move(acquire));
        Acquire& made = *acquires_.back();
        if (!behind_an_undo(made)) send(made);
    }
    return asker.ticket;
}

/// It has to be done also where the sidecar cannot be asked now.
void DaprNode::release(const Ask& ask, const Asker& asker) {
    for (const auto& acquire : acquires_) {
        if (acquire->token != *ask.token) continue;
        // Rule D4: sent now, it could overtake the acquire, which would then stay.
        const Asker earlier = std::exchange(acquire->releaser, asker);
        if (earlier.to != nullptr) {
            answer_later(earlier, {CauseClass::busy, "was released once more meanwhile"},
                         Outcome::unknown);
        }
        acquire->undo_wanted = true;
        return;
    }
    owe(ask.resource, *ask.token, ask.ttl, origin_of(*ask.token)).asker = asker;
    pay();
}

std::unique_ptr<env::HttpCall> DaprNode::post(const std::string& target, const std::string& body,
                                              env::HttpEvents& events) {
    env::HttpRequest request;
    request.method = env::HttpRequest::Method::post;
    if (!addresses_.empty()) request.address = addresses_[address_];
    request.port = uri_.port;
    request.socket_path = uri_.path;
    request.host = host_;
    request.target = target;
    request.headers = headers_;
    request.body = body;
    request.time_limit = kLimit;
    return env_.request(request, events);
}

void DaprNode::send(Acquire& acquire) {
    acquire.call =
        post(lock_target_, dapr::lock_body(acquire.resource.view(), acquire.token, acquire.ttl),
             acquire);
}

/// Rule D4: two requests take two connections, and the later one may overtake the earlier. An undo
/// that waits for its acquire's answer counts too.
bool DaprNode::behind_an_undo(const Acquire& acquire) const noexcept {
    const std::string_view resource = acquire.resource.view();
    return std::any_of(undos_.begin(), undos_.end(),
                       [&](const auto& undo) {
                           return undo->call != nullptr && undo->origin != Origin::refused &&
                                  undo->plan.times == 0 && undo->resource.view() == resource;
                       }) ||
           std::any_of(acquires_.begin(), acquires_.end(), [&](const auto& other) {
               return other->call != nullptr && other->undo_wanted &&
                      other->resource.view() == resource;
           });
}

void DaprNode::send_waiting() {
    for (std::size_t i = 0; i < acquires_.size();) {
        Acquire& acquire = *acquires_[i];
        if (acquire.call != nullptr || behind_an_undo(acquire)) {
            ++i;
        } else if (acquire.undo_wanted || acquire.asker.to == nullptr) {
            const auto done = take(acquire);  // never sent
            settle(*done, Outcome::failed);
            if (done->asker.to == nullptr) continue;
            answer_later(done->asker, {CauseClass::busy, "was undone before it could be asked"});
        } else if (!ready()) {
            answer_later(take(acquire)->asker, why_not_ready());
        } else {
            send(acquire);
            ++i;
        }
    }
}

std::unique_ptr<DaprNode::Acquire> DaprNode::take(const Acquire& acquire) {
    const auto found = std::find_if(acquires_.begin(), acquires_.end(),
                                    [&](const auto& one) { return one.get() == &acquire; });
    QL_CHECK(found != acquires_.end());
    auto taken = std::move(*found);
    *found = std::move(acquires_.back());
    acquires_.pop_back();
    return taken;
}

void DaprNode::on_lock(Acquire& acquire, const env::HttpAnswer& answer) {
    const auto done = take(acquire);
    const dapr::Reply reply = dapr::read_lock_answer(answer, context(&acquire.token));
    judge(reply);
    settle(acquire, reply.outcome);
    pay();
    send_waiting();
    if (acquire.asker.to == nullptr) return;
    Answer told{.outcome = reply.outcome};
    if (reply.outcome == Outcome::refused) told.value = -1;
    if (reply.outcome == Outcome::failed || reply.outcome == Outcome::unknown) {
        told.cause = &reply.cause;
    }
    acquire.asker.to->on_answer(acquire.asker.tag, told);  // May end everything here.
}

/// An acquire has its outcome: what has to be undone, now or when the service says so?
void DaprNode::settle(const Acquire& acquire, Outcome outcome) {
    const bool wanted = acquire.undo_wanted;
    const Asker& releaser = acquire.releaser;
    Undo* undo = nullptr;
    const auto owe_it = [&](Origin origin) {
        undo = &owe(acquire.resource.view(), acquire.token, acquire.ttl, origin);
    };
    if (outcome == Outcome::refused) {
        // Rule D4: it may be a lie. Bounded, since a person may poll for a lock that is held.
        if (wanted || undos_.size() < 10 * options_.max_backlog) owe_it(Origin::refused);
    } else if (outcome == Outcome::unknown && wanted) {
        owe_it(Origin::unknown);
    } else if (outcome == Outcome::unknown) {
        remember_unknown(acquire.token);
    } else if (outcome == Outcome::granted && wanted) {
        owe_it(Origin::granted);
    }
    if (undo != nullptr) {
        undo->asker = releaser;
    } else if (releaser.to != nullptr) {
        answer_later(releaser, {}, Outcome::absent);  // certainly never there
    }
}

void DaprNode::give_up(Ticket ticket, bool silent) {
    for (LocalAnswer& one : local_) {
        if (one.asker.ticket == ticket) one.asker.to = nullptr;
    }
    for (const auto& undo : undos_) {
        if (undo->asker.ticket == ticket) undo->asker.to = nullptr;
    }
    for (const auto& one : acquires_) {
        if (one->releaser.ticket == ticket) one->releaser.to = nullptr;
    }
    const auto found = std::find_if(acquires_.begin(), acquires_.end(),
                                    [&](const auto& one) { return one->asker.ticket == ticket; });
    if (found == acquires_.end()) return;
    Acquire& acquire = **found;
    acquire.asker.to = nullptr;
    if (!silent || acquire.call == nullptr) return;
    // Nothing will come of it: its undo need not wait for it.
    const auto done = take(acquire);
    settle(*done, Outcome::unknown);
    const Cause why{CauseClass::silent, "no answer within the time limit (" + where() + ")"};
    store_fell_silent(why);
    lose(why);
    pay();
    send_waiting();
}

Cause DaprNode::why_not_ready() const {
    if (phase_ != Phase::ready) return cause_;
    return {store_cause_.kind, store_cause_.text + "; it is asked again by and by"};
}

void DaprNode::answer_later(const Asker& asker, Cause cause, Outcome outcome) {
    local_.push_back({asker, std::move(cause), outcome});
    env_.post(*later_);
}

void DaprNode::Later::run() {
    if (node == nullptr) {
        delete this;
        return;
    }
    node->run_later();
}

void DaprNode::run_later() {
    const std::size_t count = local_.size();
    if (std::exchange(notify_, false) && events_ != nullptr && phase_ != Phase::closed) {
        events_->on_node_changed(index_);
    }
    answer_local(std::min(count, local_.size()));
}

void DaprNode::answer_local(std::size_t count) {
    // Listeners may ask again, give up or close the node.
    for (std::size_t i = 0; i < count && !local_.empty(); ++i) {
        const LocalAnswer answer = std::move(local_.front());
        local_.erase(local_.begin());
        if (answer.asker.to == nullptr) continue;
        Answer told{.outcome = answer.outcome};
        if (answer.cause.kind != CauseClass::none) told.cause = &answer.cause;
        answer.asker.to->on_answer(answer.asker.tag, told);
    }
}

}  // namespace quorumlock::nodes
