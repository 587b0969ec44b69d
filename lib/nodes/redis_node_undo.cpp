// What has to be undone: on the same connection, or after a reconnect. Rules N5 and N6.
#include <algorithm>

#include "lib/base/check.h"
#include "lib/nodes/redis_errors.h"
#include "lib/nodes/redis_node.h"

namespace quorumlock::nodes {

namespace {

constexpr Nanos kRetryPause = std::chrono::milliseconds(250);

}  // namespace

void RedisNode::undo(std::string_view resource, const Token& token, Nanos ttl) {
    if (never_sent(token)) return;  // Rule A6: neither granted nor unknown
    if (phase_ == Phase::ready) {
        write_undo(Command::undo, resource, token, ttl, fresh_plan(token));  // Rule N5
    } else {
        owe(resource, token, ttl, {}, Instant::max());  // Rule N6
    }
}

void RedisNode::begin_settling() {
    // Rule N6: nothing of a former connection may be executed behind an undo.
    kill_note_.clear();
    const bool needed = !debts_.empty() || left_open_.any_fresh();
    const bool restarted =
        !former_run_id_.empty() && !greeting_.run_id.empty() && former_run_id_ != greeting_.run_id;
    if (restarted) {  // The old process is gone, and its ids name somebody else.
        to_kill_ = 0;
        unkillable_ = false;
        become_ready(Former::replaced);
        return;
    }
    if (greeting_.run_id.empty() && to_kill_ != 0) {
        to_kill_ = 0;
        unkillable_ = true;
    }
    if (!needed || to_kill_ == 0) {
        become_ready(needed && unkillable_ ? Former::unsure : Former::killed);
        return;
    }
    phase_ = Phase::settling;  // within the handshake's time limit
    commands_.client_kill(to_kill_);
    connection_.write(commands_.bytes());
    commands_.clear();
}

void RedisNode::on_kill_reply(const resp::Value& reply) {
    if (reply.type == resp::Type::error && !reply.text.starts_with("ERR No such client")) {
        const ErrorMeaning& meaning = classify(reply.text);
        const Cause cause = cause_of(reply.text);
        if (meaning.what != ServerError::noperm && meaning.what != ServerError::unknown_command &&
            meaning.what != ServerError::other) {
            attempt_failed(cause);
            return;
        }
        unkillable_ = true;
        kill_note_ =
            "CLIENT KILL is refused, so after a broken connection a lock may be left for "
            "up to its ttl: " +
            cause.text;
    } else if (reply.type != resp::Type::error && reply.type != resp::Type::integer &&
               reply.type != resp::Type::status) {
        on_bad_reply();
        return;
    }
    become_ready(unkillable_ ? Former::unsure : Former::killed);
}

UndoPlan RedisNode::fresh_plan(const Token& token) const {
    if (!left_open_.may_come(token, env_.event_now())) return {};
    return {Instant::max(), ready_since_, true, 0};
}

void RedisNode::write_undo(Command command, std::string_view resource, const Token& token,
                           Nanos ttl, const UndoPlan& plan) {
    Outstanding& entry = push(command, ttl);
    entry.resource.assign(resource);
    entry.token = token;
    entry.plan = plan;
    write_script(entry, RedisCommands::By::sha);
}

void RedisNode::owe(std::string_view resource, const Token& token, Nanos ttl, const UndoPlan& plan,
                    Instant due) {
    debts_.add(resource, token, ttl, plan, due);
}

/// Rule W6: a TRANSFER that was perhaps not applied leaves the giver's key, and its asker may have
/// gone meanwhile.
void RedisNode::clear_giver(const Outstanding& entry) {
    if (entry.command != Command::transfer) return;
    const std::string resource(entry.resource.view());
    undo(resource, Token(entry.from), entry.from_ttl);
}

void RedisNode::duty_answered(const Outstanding& entry) {
    if (!entry.plan.unsure) return;
    UndoPlan plan = entry.plan;
    const auto again = next_repetition(plan, entry.ttl);
    if (!again) return;
    if (plan.until == Instant::max()) {
        plan.until = undo_end(plan, env_.event_now(), entry.ttl);
    }
    owe(entry.resource.view(), entry.token, entry.ttl, plan, *again);
    arm_debts_by(*again);
}

void RedisNode::duty_not_executed(const Outstanding& entry) {
    // All commands before it on this connection have been executed: the lease's end is known.
    UndoPlan plan = entry.plan;
    const Instant now = env_.event_now();
    plan.until = std::min(plan.until, undo_end(plan, now, entry.ttl));
    owe(entry.resource.view(), entry.token, entry.ttl, plan, now + kRetryPause);
    arm_debts_by(std::min(plan.until, now + kRetryPause));
}

void RedisNode::pay_debts() {
    const Instant now = env_.event_now();
    debts_.drop_ended(now);
    if (phase_ == Phase::ready) {
        debts_.take_due(now, [this](const UndoDebts::Debt& debt) {
            write_undo(Command::undo, debt.resource.view(), debt.token, debt.ttl, debt.plan);
        });
    }
    arm_debts();
}

void RedisNode::arm_debts() {
    if (debts_.empty()) {
        env_.disarm(debts_alarm_);
        return;
    }
    if (const auto next = debts_.next_event(phase_ == Phase::ready)) {
        env_.arm(debts_alarm_, *next);
    } else {
        env_.disarm(debts_alarm_);
    }
}

void RedisNode::arm_debts_by(Instant at) {
    if (!debts_alarm_.armed() || debts_alarm_.when() > at) env_.arm(debts_alarm_, at);
}

}  // namespace quorumlock::nodes
