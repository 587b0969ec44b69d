#include "lib/nodes/dapr_node.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "lib/nodes/dapr_endpoint.h"

namespace quorumlock::nodes {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kLeastLimit = milliseconds(500);

/// "host:port", or the socket's path.
std::string place(const NodeUri& uri) {
    const std::string address = uri.address();
    return address.substr(0, address.size() - uri.store.size() - 1);
}

}  // namespace

DaprNode::DaprNode(NodeUri uri, const NodeOptions& options, env::Env& env)
    : uri_(std::move(uri)),
      options_(options),
      env_(env),
      wrong_environment_(complete_dapr_uri(uri_, env)),
      lock_target_(dapr::target("lock", uri_.store)),
      unlock_target_(dapr::target("unlock", uri_.store)),
      host_(uri_.kind == NodeUri::Kind::dapr_unix ? std::string() : place(uri_)),
      unreachable_backoff_(milliseconds(50), seconds(5)),
      rejected_backoff_(seconds(1), seconds(10)),
      store_backoff_(milliseconds(250), seconds(4)),
      later_(new Later(*this)) {
    cause_ = {CauseClass::unreachable, "not reached yet (" + where() + ")"};
}

DaprNode::~DaprNode() {
    if (later_->queued) {
        later_->node = nullptr;  // It deletes itself when it comes to run.
    } else {
        delete later_;
    }
}

Abilities DaprNode::abilities() const noexcept {
    Abilities abilities;
    abilities.extend = abilities.inspect = false;
    abilities.any_name = false;
    // Rule D6: what its Redis client needs to give up, told by the sidecar itself.
    abilities.patience = seconds(8);
    return abilities;
}

std::string DaprNode::where() const {
    std::string text = place(uri_);
    if (address_ < addresses_.size() && addresses_[address_] != uri_.host) {
        text += " at " + addresses_[address_];
    }
    return text;
}

dapr::Context DaprNode::context(const Token* token) const {
    dapr::Context context{where(), {}};
    if (!token_.empty()) context.secrets.push_back(token_);
    if (token != nullptr) context.secrets.emplace_back(token->view());
    return context;
}

void DaprNode::open(int index, NodeEvents& events) {
    QL_CHECK(phase_ == Phase::fresh);
    index_ = index;
    events_ = &events;
    start_attempt();
}

void DaprNode::start_attempt() {
    Cause why = wrong_environment_;
    if (why.kind != CauseClass::none || !read_dapr_token(uri_, env_, token_, why)) {
        return attempt_failed(std::move(why));
    }
    headers_.clear();
    if (!token_.empty()) headers_.push_back("dapr-api-token: " + token_);
    addresses_.clear();
    address_ = 0;
    if (uri_.kind == NodeUri::Kind::dapr_unix) return probe(false);
    phase_ = Phase::looking_up;
    env_.arm(alarm_, env_.event_now() + options_.connect_timeout);
    lookup_ = env_.look_up(uri_.host, *this);
}

void DaprNode::on_addresses(std::span<const std::string> addresses, std::string_view why) {
    const auto done = std::move(lookup_);
    env_.disarm(alarm_);
    addresses_.assign(addresses.begin(), addresses.end());
    if (addresses_.empty()) {
        attempt_failed({CauseClass::unreachable, std::string(why) + " (" + where() + ")"});
    } else {
        probe(false);
    }
}

void DaprNode::probe(bool metadata) {
    phase_ = Phase::asking;
    probe_.metadata = metadata;
    env::HttpRequest request;
    if (!addresses_.empty()) request.address = addresses_[address_];
    request.port = uri_.port;
    request.socket_path = uri_.path;
    request.host = host_;
    request.target = metadata ? "/v1.0/metadata" : "/v1.0/healthz";
    request.headers = headers_;
    request.time_limit = std::max(options_.connect_timeout, kLeastLimit);
    asked_at_ = env_.event_now();
    probe_.call = env_.request(request, probe_);
}

void DaprNode::on_probe(const env::HttpAnswer& answer) {
    const auto done = std::move(probe_.call);
    if (probe_.metadata) {
        metadata_ = dapr::read_metadata(answer, uri_.store, context(nullptr));
        if (metadata_.refused.kind != CauseClass::none) return attempt_failed(metadata_.refused);
        return become_ready();
    }
    Cause trouble = dapr::read_health(answer, context(nullptr));
    if (trouble.kind == CauseClass::none) {
        round_trip_ = env_.event_now() - asked_at_;
        probe(true);
    } else if (answer.status == 0 && address_ + 1 < addresses_.size()) {
        ++address_;
        probe(false);
    } else {
        attempt_failed(std::move(trouble));
    }
}

void DaprNode::become_ready() {
    phase_ = Phase::ready;
    settled_ = true;
    cause_ = {};
    unreachable_backoff_.reset();
    rejected_backoff_.reset();
    // Rule D5: what waited for the sidecar goes first, and finds out whether the store answers.
    next_probe_ = env_.event_now();
    pay();
    notify();
}

void DaprNode::attempt_failed(Cause cause) {
    cause_ = std::move(cause);
    settled_ = true;
    phase_ = Phase::waiting;
    auto& backoff = needs_a_person(cause_.kind) ? rejected_backoff_ : unreachable_backoff_;
    env_.arm(alarm_, env_.event_now() + backoff.take(env_.random_u64()));
    notify();
}

void DaprNode::on_alarm() {
    if (phase_ == Phase::waiting) {
        start_attempt();
    } else if (phase_ == Phase::looking_up) {
        lookup_.reset();
        attempt_failed(
            {CauseClass::unreachable, "the name look-up took too long (" + where() + ")"});
    }
}

/// The sidecar does not answer: it is looked for until it does.
void DaprNode::lose(const Cause& cause) {
    if (phase_ == Phase::ready) attempt_failed(cause);
}

void DaprNode::store_fell_silent(const Cause& cause) {
    store_cause_ = cause;
    // What was asked at the same time fails at the same time: that is one failure.
    if (store_down_ && env_.event_now() < next_probe_) return;
    next_probe_ = env_.event_now() + store_backoff_.take(env_.random_u64());
    if (std::exchange(store_down_, true)) return;
    notify();
}

void DaprNode::store_answers() {
    store_backoff_.reset();
    if (!std::exchange(store_down_, false)) return;
    store_cause_ = {};
    notify();
}

/// What an answer tells of the sidecar and of the store behind it.
void DaprNode::judge(const dapr::Reply& reply) {
    if (reply.store_spoke) {
        store_answers();
    } else if (reply.outcome == Outcome::unknown &&
               (reply.answered || reply.cause.kind != CauseClass::broken)) {
        // Who answers what nobody understands tells as little of the store as who is silent: asked
        // on, every acquire would leave an undo that is asked for ever.
        store_fell_silent(reply.cause);
    }
    if (!reply.answered) lose(reply.cause);
}

void DaprNode::notify() {
    notify_ = true;
    env_.post(*later_);
}

void DaprNode::close() {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    settled_ = true;
    env_.disarm(alarm_);
    env_.disarm(undo_alarm_);
    lookup_.reset();
    probe_.call.reset();
    cause_ = {CauseClass::closed, "the service is closed"};
    const Cause why = cause_;
    const auto acquires = std::exchange(acquires_, {});
    const auto undos = std::exchange(undos_, {});
    const auto tell = [&why](const Asker& asker, bool sent) {
        const Outcome outcome = sent ? Outcome::unknown : Outcome::failed;
        if (asker.to != nullptr)
            asker.to->on_answer(asker.tag, {.outcome = outcome, .cause = &why});
    };
    for (const auto& one : acquires) {
        const bool sent = std::exchange(one->call, nullptr) != nullptr;
        tell(one->asker, sent);
        tell(one->releaser, sent);
    }
    for (const auto& one : undos) {
        one->call.reset();
        tell(one->asker, one->tried);
    }
    answer_local(local_.size());
}

NodeStatus DaprNode::status() const {
    NodeStatus status;
    status.label = uri_.label;
    status.kind = "dapr";
    status.ready = ready();
    if (!ready()) {
        status.cause = why_not_ready();
    } else {
        status.cause.text = metadata_.note;
    }
    status.version = metadata_.version;
    status.app_id = metadata_.app_id;
    status.round_trip = round_trip_;
    status.backlog = acquires_.size();
    status.owed_undos = owed();
    return status;
}

}  // namespace quorumlock::nodes
