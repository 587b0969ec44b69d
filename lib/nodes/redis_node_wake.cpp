// What tells those who wait: a second connection, and the arming of acquires. Rule W1.
#include <utility>

#include "lib/nodes/redis_errors.h"
#include "lib/nodes/redis_node.h"

namespace quorumlock::nodes {

void RedisNode::prepare_wake() {
    if (std::exchange(watched_, true)) return;
    if (phase_ == Phase::ready) start_wakeups();
}

void RedisNode::start_wakeups() {
    if (!wakeups_) {
        WakeupEvents& events = *this;
        wakeups_ = std::make_unique<RedisWakeups>(uri_, options_.client_name, limit_, env_, events);
    }
    wakeups_->start(greeting_.run_id);
}

/// With the first connection the server forgets what was armed by it.
void RedisNode::stop_wakeups() {
    if (wakeups_) wakeups_->stop();
    if (std::exchange(tracking_, false)) on_wakeup({});
}

void RedisNode::on_subscribed(std::int64_t client_id) {
    if (phase_ != Phase::ready) return;
    ++subscriptions_;
    Outstanding& entry = push(Command::tracking, Nanos{0});
    entry.armed_by = subscriptions_;
    commands_.tracking(client_id);
    write(entry);
}

void RedisNode::on_tracking_reply(const resp::Value& reply) {
    const std::uint32_t subscription = pipeline_.front().armed_by;
    if (reply.type == resp::Type::error) return on_arming_refused(reply.text, subscription);
    if (reply.type != resp::Type::status) return on_bad_reply();
    tracking_ = subscription == subscriptions_ && wakeups_->started();
    if (tracking_) wakeups_->confirm();
    wake_note_.clear();
    finish({});
    // Who was refused before could not be armed: he asks once more, however long he would pause.
    if (tracking_) on_wakeup({});
}

void RedisNode::on_caching_reply(const resp::Value& reply) {
    const std::uint32_t subscription = pipeline_.front().armed_by;
    if (reply.type == resp::Type::error) return on_arming_refused(reply.text, subscription);
    if (reply.type != resp::Type::status) return on_bad_reply();
    finish({});
}

/// By a rule for good; by a server that is busy, or has forgotten, until it is asked anew.
void RedisNode::on_arming_refused(std::string_view said, std::uint32_t subscription) {
    const Cause why = cause_of(said);
    const ServerError what = classify(said).what;
    finish({});
    if (subscription != subscriptions_) return;
    if (what == ServerError::noperm || what == ServerError::unknown_command) {
        stop_wakeups();
        on_wakeups_refused(why);
    } else {
        wakeups_->try_again();
    }
}

void RedisNode::on_unsubscribed() {
    ++subscriptions_;
    if (std::exchange(tracking_, false)) on_wakeup({});
}

void RedisNode::on_wakeups_refused(const Cause& why) {
    const bool said = !wake_note_.empty();
    wake_note_ =
        "waiters ask again and again, since the server does not tell them of changes: " + why.text;
    if (!said) events_->on_wake_refused(index_, why);
}

void RedisNode::on_wakeup(std::string_view resource) { events_->on_wake(index_, resource); }

void RedisNode::write_caching() {
    Outstanding& entry = push(Command::caching, Nanos{0});
    entry.armed_by = subscriptions_;
    commands_.caching();
    write(entry);
}

/// The push that it waits for comes on the subscription that it was armed by, or never.
bool RedisNode::still_armed(const Outstanding& entry) const noexcept {
    return entry.armed_by != 0 && tracking_ && entry.armed_by == subscriptions_;
}

}  // namespace quorumlock::nodes
