#include "lib/nodes/redis_node.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "lib/base/hash.h"
#include "lib/base/told.h"
#include "lib/nodes/node_secret.h"
#include "lib/nodes/redis_errors.h"

namespace quorumlock::nodes {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kLeastLimit = milliseconds(500);
constexpr Nanos kIdle = seconds(15);  // Rule N8
constexpr Nanos kLongestSilence = seconds(30);

bool is_tls_alert(const char* bytes, std::size_t size) {
    return size > 0 && bytes[0] == 0x15 && (size == 1 || bytes[1] == 0x03);
}

}  // namespace

RedisNode::RedisNode(NodeUri uri, const NodeOptions& options, env::Env& env)
    : uri_(std::move(uri)),
      options_(options),
      limit_(std::max(options.connect_timeout, kLeastLimit)),
      env_(env),
      connection_(uri_, options.connect_timeout, env, *this),
      unreachable_backoff_(milliseconds(50), seconds(5)),
      rejected_backoff_(seconds(1), seconds(10)),
      later_(new Later(*this)) {
    commands_.set_retention(options.fence_retention);
    cause_ = {CauseClass::unreachable, "not connected yet (" + connection_.where() + ")"};
}

RedisNode::~RedisNode() {
    if (later_->queued) {
        later_->node = nullptr;  // It deletes itself when it comes to run.
    } else {
        delete later_;
    }
}

void RedisNode::open(int index, NodeEvents& events) {
    QL_CHECK(phase_ == Phase::fresh);
    index_ = index;
    events_ = &events;
    start_attempt();
}

void RedisNode::start_attempt() {
    attempt_cause_ = {};
    Cause why;
    if (!read_secret(uri_, env_, password_, why)) {
        attempt_failed(std::move(why));
        return;
    }
    phase_ = Phase::connecting;
    connection_.connect();
}

void RedisNode::on_connected() {
    phase_ = Phase::handshaking;
    heard_before_ = heard_;
    reader_ = std::make_unique<resp::Reader>();
    asked_at_ = env_.event_now();
    env_.arm(alarm_, asked_at_ + options_.connect_timeout);
    connection_.write(handshake_.begin(uri_, password_, options_.client_name));
}

void RedisNode::on_bytes(const char* bytes, std::size_t size) {
    quiet_since_ = env_.event_now();
    if (heard_++ == heard_before_) {
        round_trip_ = quiet_since_ - asked_at_;
        if (is_tls_alert(bytes, size)) {
            attempt_failed({CauseClass::rejected,
                            "answered by a TLS alert: the server seems to want TLS; use "
                            "rediss:// (" +
                                connection_.where() + ")"});
            return;
        }
    }
    if (silent_) {  // Rule N8: any byte ends the silence.
        silent_ = false;
        env_.arm(alarm_, quiet_since_ + limit_);
        notify();
    }
    const std::uint64_t connection = connection_count_;
    reader_->feed(bytes, size);
    while (connection == connection_count_) {
        switch (reader_->next()) {
            case resp::Reader::Next::need_more:
                return;
            case resp::Reader::Next::broken:  // Rule N11
                lose({CauseClass::broken, "not understood: " + one_line(reader_->error())});
                return;
            case resp::Reader::Next::value:
                break;
        }
        const resp::Value& reply = reader_->value();
        if (phase_ == Phase::ready) {
            on_reply(reply);
        } else if (phase_ == Phase::settling) {
            on_kill_reply(reply);
        } else {
            on_handshake_reply(reply);
        }
    }
}

void RedisNode::on_handshake_reply(const resp::Value& reply) {
    const auto progress = handshake_.on_reply(reply);
    if (progress == RedisHandshake::Progress::more) return;
    greeting_ = handshake_.greeting();
    if (progress == RedisHandshake::Progress::failed) {
        attempt_failed(handshake_.cause());
        return;
    }
    if (!admit()) return;
    commands_.set_scripts(greeting_.scripts);
    begin_settling();
}

/// Rules G1, G2: the service knows the other nodes, and decides. False: it has no vote.
bool RedisNode::admit() {
    const Instant now = env_.event_now();
    Greeter greeter{.run_id = greeting_.run_id};
    if (greeting_.uptime_s >= 0) greeter.started = now - told<seconds>(greeting_.uptime_s);
    const bool known = !met_run_id_.empty() && !greeting_.run_id.empty();
    greeter.restarted = known && met_run_id_ != greeting_.run_id;
    greeter.promoted = known && !greeter.restarted && !greeting_.replication_id.empty() &&
                       met_replication_id_ != greeting_.replication_id;
    read_wall_clock();
    if (greeting_.wall_us > 0) {
        clock_ahead_ = told<std::chrono::microseconds>(greeting_.wall_us) - env_.wall_now();
        greeter.clock_ahead = clock_ahead_;
    }
    Admission admission = events_->on_greeting(index_, greeter);
    if (admission.refused.kind != CauseClass::none) {
        attempt_failed(std::move(admission.refused));
        return false;
    }
    if (!greeting_.run_id.empty()) met_run_id_ = greeting_.run_id;
    if (!met_run_id_.empty()) identity_ = stable_hash(met_run_id_) | 1;
    if (!greeting_.replication_id.empty()) met_replication_id_ = greeting_.replication_id;
    guarded_ = admission.guarded_until > now;
    if (guarded_) {
        env_.arm(guard_alarm_, admission.guarded_until);
    } else {
        env_.disarm(guard_alarm_);
    }
    return true;
}

void RedisNode::lift_guard() {
    if (!guarded_) return;
    guarded_ = false;
    env_.disarm(guard_alarm_);
    notify();
}

void RedisNode::become_ready(Former former) {
    const Instant now = env_.event_now();
    phase_ = Phase::ready;
    settled_ = true;
    ready_since_ = now;
    quiet_since_ = now;
    switch (former) {
        case Former::replaced:
            left_open_.restarted();
            break;
        case Former::killed:
            left_open_.killed();
            break;
        case Former::unsure:
            left_open_.unsure(now);
            break;
    }
    to_kill_ = 0;
    unkillable_ = false;
    unreachable_backoff_.reset();
    rejected_backoff_.reset();
    cause_ = {};
    env_.arm(alarm_, now + limit_);
    debts_.renew(now, former);
    pay_debts();  // Rule N6: before any new acquire
    if (watched_) start_wakeups();
    notify();
}

void RedisNode::attempt_failed(Cause cause) {
    ++connection_count_;
    // An address that answered says more than one that did not.
    if (cause.kind != CauseClass::unreachable || attempt_cause_.kind == CauseClass::none ||
        attempt_cause_.kind == CauseClass::unreachable) {
        attempt_cause_ = std::move(cause);
    }
    env_.disarm(alarm_);
    phase_ = Phase::connecting;
    if (connection_.try_next()) return;
    connection_.drop();
    cause_ = attempt_cause_;
    settled_ = true;
    wait_for_next_attempt();
    notify();
}

void RedisNode::wait_for_next_attempt() {
    phase_ = Phase::waiting;
    auto& backoff = needs_a_person(cause_.kind) ? rejected_backoff_ : unreachable_backoff_;
    env_.arm(alarm_, env_.event_now() + backoff.take(env_.random_u64()));
}

void RedisNode::on_disconnected(const Cause& cause) {
    if (phase_ == Phase::ready) {
        lose({CauseClass::broken, cause.text});
    } else if (phase_ == Phase::handshaking && heard_ == heard_before_ && !uri_.tls) {
        attempt_failed({CauseClass::unreachable,
                        "closed during the handshake (does the server want TLS? then use "
                        "rediss://): " +
                            cause.text});
    } else {
        attempt_failed(cause);
    }
}

void RedisNode::lose(Cause cause) {
    if (phase_ != Phase::ready) {
        attempt_failed(std::move(cause));
        return;
    }
    ++connection_count_;
    lost_sent_ = connection_.sent();
    remember_former_connection();
    connection_.drop();
    silent_ = false;
    cause_ = std::move(cause);
    wait_for_next_attempt();
    notify();
    const Cause why = cause_;  // The answers may lead to close(), which has a cause of its own.
    answer_all(why);
    if (phase_ == Phase::closed) return;
    arm_debts();
    stop_wakeups();
}

void RedisNode::remember_former_connection() {
    if (greeting_.client_id != 0 && !greeting_.run_id.empty()) {
        to_kill_ = greeting_.client_id;
        former_run_id_ = greeting_.run_id;
    } else {
        unkillable_ = true;
    }
    for (std::size_t i = 0; i < pipeline_.size(); ++i) {
        const Outstanding& entry = pipeline_.at(i);
        if (!entry.sets_key() || entry.first_is_in || entry.end > lost_sent_) {
            continue;
        }
        left_open_.add(entry.token, entry.ttl);
    }
}

void RedisNode::answer_all(const Cause& cause) {
    // Rule N3. Nothing is pushed meanwhile: the node is not ready.
    while (!pipeline_.empty()) {
        const Outstanding& entry = pipeline_.front();
        if (entry.must_be_done() && !entry.needless) {
            owe(entry.resource.view(), entry.token, entry.ttl, entry.plan, Instant::max());
        }
        clear_giver(entry);
        if (entry.command == Command::acquire && entry.first_is_in) {
            finish({.outcome = entry.first, .value = -1});
        } else {
            const bool withdrawn = entry.end > lost_sent_;
            finish({.outcome = withdrawn ? Outcome::failed : Outcome::unknown, .cause = &cause});
        }
    }
}

void RedisNode::on_alarm() {
    switch (phase_) {
        case Phase::waiting:
            start_attempt();
            break;
        case Phase::handshaking:
        case Phase::settling:
            attempt_failed({CauseClass::unreachable,
                            "connected, but the handshake was not answered in time (" +
                                connection_.where() + ")"});
            break;
        case Phase::ready:
            watch();
            break;
        default:
            break;
    }
}

void RedisNode::watch() {
    // Rule N8
    const Instant now = env_.event_now();
    if (silent_) {
        lose(silent_cause());
    } else if (pipeline_.empty()) {
        if (now - quiet_since_ >= kIdle) {
            ping();
            env_.arm(alarm_, now + limit_);
        } else {
            env_.arm(alarm_, quiet_since_ + kIdle);
        }
    } else if (now - quiet_since_ >= limit_) {
        become_silent();
    } else {
        env_.arm(alarm_, quiet_since_ + limit_);
    }
}

void RedisNode::become_silent() {
    silent_ = true;
    env_.arm(alarm_, env_.event_now() + kLongestSilence);
    notify();
}

void RedisNode::notify() {
    notify_ = true;
    env_.post(*later_);
}

void RedisNode::close() {
    if (phase_ == Phase::closed) return;
    if (phase_ == Phase::ready) lost_sent_ = connection_.sent();
    phase_ = Phase::closed;
    settled_ = true;
    silent_ = false;
    ++connection_count_;
    env_.disarm(alarm_);
    env_.disarm(debts_alarm_);
    env_.disarm(guard_alarm_);
    connection_.drop();
    if (wakeups_) wakeups_->stop();
    cause_ = {CauseClass::closed, "the service is closed"};
    const Cause why = cause_;
    answer_all(why);
    answer_local(local_.size());
}

NodeStatus RedisNode::status() const {
    NodeStatus status;
    status.label = uri_.label;
    status.warning = warning_about(uri_);
    status.kind = "redis";
    status.ready = ready();
    if (silent_) {
        status.cause = silent_cause();
    } else if (phase_ != Phase::ready) {
        status.cause = cause_;
    } else if (guarded_) {
        char text[128];
        write_guard(text);
        status.cause = {CauseClass::busy, text};
        status.guarded = guard_alarm_.when() - env_.event_now();
    } else {
        status.cause.text = greeting_.note;
        if (!greeting_.note.empty() && !kill_note_.empty()) status.cause.text += "; ";
        status.cause.text += kill_note_;
        if (!status.cause.text.empty() && !wake_note_.empty()) status.cause.text += "; ";
        status.cause.text += wake_note_;
    }
    status.version = greeting_.version;
    status.role = greeting_.role;
    status.run_id = greeting_.run_id;
    status.round_trip = round_trip_;
    status.clock_ahead = clock_ahead_;
    status.backlog = pipeline_.size();
    status.owed_undos = debts_.size();
    status.commands = commands_.count();
    return status;
}

}  // namespace quorumlock::nodes
