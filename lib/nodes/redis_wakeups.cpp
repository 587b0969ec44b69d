#include "lib/nodes/redis_wakeups.h"

#include <utility>

#include "lib/nodes/node_secret.h"
#include "lib/nodes/redis_errors.h"
#include "lib/nodes/redis_handshake.h"
#include "lib/resp/writer.h"

namespace quorumlock::nodes {

namespace {

constexpr std::string_view kChannel = "__redis__:invalidate";
constexpr Nanos kIdle = std::chrono::seconds(15);  // Rule N8

bool says(const resp::Value& value, std::string_view text) {
    return value.type == resp::Type::string && value.text == text;
}

}  // namespace

RedisWakeups::RedisWakeups(const NodeUri& uri, const std::string& client_name, Nanos limit,
                           env::Env& env, WakeupEvents& events)
    : uri_(uri),
      client_name_(client_name),
      limit_(limit),
      env_(env),
      events_(events),
      connection_(uri, limit, env, *this),
      backoff_(std::chrono::milliseconds(50), std::chrono::seconds(5)) {}

void RedisWakeups::start(std::string_view run_id) {
    stop();
    run_id_ = run_id;
    backoff_.reset();
    connect();
}

/// With the secret as it is now: the first connection may have been made before it was changed.
void RedisWakeups::connect() {
    Cause why;
    if (!read_secret(uri_, env_, password_, why)) return wait();
    phase_ = Phase::connecting;
    connection_.connect();
}

void RedisWakeups::wait() {
    phase_ = Phase::waiting;
    env_.arm(alarm_, env_.event_now() + backoff_.take(env_.random_u64()));
}

void RedisWakeups::stop() {
    ++generation_;
    phase_ = Phase::off;
    env_.disarm(alarm_);
    connection_.drop();
}

void RedisWakeups::on_connected() {
    phase_ = Phase::greeting;
    reader_ = std::make_unique<resp::Reader>();
    parts_.clear();
    next_ = 0;
    std::string out;
    const auto say = [&](Part part, std::initializer_list<std::string_view> words) {
        resp::append_command(out, words);
        parts_.push_back(part);
    };
    if (append_auth(out, uri_, password_)) parts_.push_back(Part::auth);
    if (!client_name_.empty()) say(Part::set_name, {"CLIENT", "SETNAME", client_name_});
    say(Part::client_id, {"CLIENT", "ID"});
    if (!run_id_.empty()) say(Part::info, {"INFO", "server"});
    say(Part::subscribe, {"SUBSCRIBE", kChannel});
    connection_.write(out);
    env_.arm(alarm_, env_.event_now() + limit_);
}

void RedisWakeups::on_bytes(const char* bytes, std::size_t size) {
    const std::uint64_t generation = generation_;
    pinged_ = false;
    if (phase_ == Phase::subscribed) env_.arm(alarm_, env_.event_now() + kIdle);
    reader_->feed(bytes, size);
    while (generation == generation_) {
        switch (reader_->next()) {
            case resp::Reader::Next::need_more:
                return;
            case resp::Reader::Next::broken:
                lose();
                return;
            case resp::Reader::Next::value:
                on_reply(reader_->value());
                break;
        }
    }
}

void RedisWakeups::on_reply(const resp::Value& reply) {
    if (phase_ == Phase::greeting) {
        on_greeting(reply);
    } else {
        on_message(reply);
    }
}

void RedisWakeups::on_greeting(const resp::Value& reply) {
    const Part part = parts_[next_++];
    if (reply.type == resp::Type::error) {
        const ServerError what = classify(reply.text).what;
        const bool forbidden = what == ServerError::noperm || what == ServerError::unknown_command;
        if (part == Part::set_name) return;  // For people's eyes only.
        if (forbidden) {
            refuse(cause_of(reply.text));
        } else {
            lose();
        }
        return;
    }
    switch (part) {
        case Part::auth:
        case Part::set_name:
            break;
        case Part::client_id:
            client_id_ = reply.integer;
            break;
        case Part::info:
            // Another server's clients have the same numbers: wake-ups would go to a stranger.
            if (reply.type != resp::Type::string || reply.text.find(run_id_) == reply.text.npos) {
                lose();
            }
            break;
        case Part::subscribe:
            if (reply.type != resp::Type::array || client_id_ <= 0) {
                lose();
                break;
            }
            phase_ = Phase::subscribed;
            env_.arm(alarm_, env_.event_now() + kIdle);
            events_.on_subscribed(client_id_);
            break;
    }
}

/// {"message", channel, {key, ...}}, with nil for the keys when all are gone; {"pong", ""}.
void RedisWakeups::on_message(const resp::Value& reply) {
    if (reply.type != resp::Type::array || reply.size < 2) {
        lose();
        return;
    }
    if (reply.size != 3 || !says(reply.elements[0], "message") ||
        !says(reply.elements[1], kChannel)) {
        return;
    }
    const resp::Value& keys = reply.elements[2];
    const std::uint64_t generation = generation_;
    if (keys.type != resp::Type::array) {
        events_.on_wakeup({});
        return;
    }
    for (std::size_t i = 0; i < keys.size && generation == generation_; ++i) {
        const resp::Value& key = keys.elements[i];
        // Armed with the resource's key its counter was too, and nobody waits for that.
        if (key.type != resp::Type::string || key.text.starts_with(kCounterPrefix)) continue;
        if (!key.text.empty()) events_.on_wakeup(key.text);
    }
}

void RedisWakeups::on_disconnected(const Cause&) { lose(); }

void RedisWakeups::on_alarm() {
    if (phase_ == Phase::waiting) {
        connect();
    } else if (phase_ == Phase::subscribed && !std::exchange(pinged_, true)) {
        std::string ping;
        resp::append_command(ping, {"PING"});
        connection_.write(ping);
        env_.arm(alarm_, env_.event_now() + limit_);
    } else {
        lose();
    }
}

void RedisWakeups::lose() {
    const bool was_subscribed = phase_ == Phase::subscribed;
    ++generation_;
    env_.disarm(alarm_);
    if (!was_subscribed && connection_.try_next()) {
        phase_ = Phase::connecting;
        return;
    }
    connection_.drop();
    pinged_ = false;
    wait();
    if (was_subscribed) events_.on_unsubscribed();
}

void RedisWakeups::refuse(const Cause& why) {
    stop();
    events_.on_wakeups_refused(why);
}

}  // namespace quorumlock::nodes
