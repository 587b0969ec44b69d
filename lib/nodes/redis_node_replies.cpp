// What comes in: every reply belongs to the oldest outstanding command.
#include <algorithm>
#include <charconv>
#include <utility>

#include "lib/base/told.h"
#include "lib/nodes/redis_errors.h"
#include "lib/nodes/redis_node.h"

namespace quorumlock::nodes {

namespace {

/// Rule F1: what the script can say.
bool is_counter(std::int64_t said, bool fence) noexcept {
    return fence ? said > 0 && said <= kMaxFence : said == 0;
}

}  // namespace

void RedisNode::on_reply(const resp::Value& reply) {
    if (pipeline_.empty()) {
        if (reply.type == resp::Type::error) {  // Said before the connection is closed.
            lose(cause_of(reply.text));
        } else {
            on_bad_reply();
        }
        return;
    }
    switch (pipeline_.front().command) {
        case Command::acquire:
            if (pipeline_.front().by_script) {
                on_script_reply(reply);
            } else {
                on_acquire_reply(reply);
            }
            break;
        case Command::raise:
            on_raise_reply(reply);
            break;
        case Command::heal:
            on_heal_reply(reply);
            break;
        case Command::transfer:
            on_script_reply(reply);
            break;
        case Command::extend:
            on_extend_reply(reply);
            break;
        case Command::release:
        case Command::undo:
            on_release_reply(reply);
            break;
        case Command::inspect:
            on_inspect_reply(reply);
            break;
        case Command::ping:
            on_ping_reply(reply);
            break;
        case Command::caching:
            on_caching_reply(reply);
            break;
        case Command::tracking:
            on_tracking_reply(reply);
            break;
    }
}

void RedisNode::on_acquire_reply(const resp::Value& reply) {
    Outstanding& entry = pipeline_.front();
    if (entry.first_is_in) {
        std::int64_t remaining = -1;
        if (reply.type == resp::Type::integer) {
            remaining = reply.integer == -2 ? 0 : reply.integer;  // -2: it has just gone
        } else if (reply.type != resp::Type::error) {
            return on_bad_reply();
        }
        return finish({.outcome = entry.first, .value = remaining});
    }
    if (reply.type == resp::Type::error) return on_error_reply(reply.text);
    if (reply.type != resp::Type::status && reply.type != resp::Type::nil) return on_bad_reply();
    const bool granted = reply.type == resp::Type::status;
    const Answer answer{.outcome = granted ? Outcome::granted : Outcome::refused,
                        .value = granted ? 0 : -1};
    if (!entry.two_replies) return finish(answer);
    entry.first_is_in = true;
    entry.first = answer.outcome;
    if (granted) deliver(answer);
}

void RedisNode::on_script_reply(const resp::Value& reply) {
    if (reply.type == resp::Type::error) return on_error_reply(reply.text);
    const resp::Value* const two = reply.elements;
    if (reply.type != resp::Type::array || reply.size != 2 || two[0].type != resp::Type::integer ||
        two[1].type != resp::Type::integer) {
        return on_bad_reply();
    }
    const Outstanding& entry = pipeline_.front();
    const std::int64_t said = two[0].integer;
    const std::int64_t told = two[1].integer;
    const bool counted = is_counter(told, entry.fence);
    // Of the giver of a TRANSFER, and only there: rule W5.
    const bool from_giver = said == 2 && entry.command == Command::transfer;
    if ((said == 1 || from_giver) && counted) {
        finish({.outcome = Outcome::granted, .value = said - 1, .counter = told});
    } else if (said == 0) {
        finish({.outcome = Outcome::refused,
                .value = std::max<std::int64_t>(told, -1),
                .armed = still_armed(entry)});
    } else {
        on_bad_reply();
    }
}

void RedisNode::on_raise_reply(const resp::Value& reply) {
    if (reply.type == resp::Type::error) return on_error_reply(reply.text);
    if (reply.type != resp::Type::integer) return on_bad_reply();
    finish({.outcome = reply.integer == 1 ? Outcome::raised : Outcome::absent});
}

void RedisNode::on_heal_reply(const resp::Value& reply) {
    if (reply.type == resp::Type::error) return on_error_reply(reply.text);
    if (reply.type != resp::Type::status && reply.type != resp::Type::nil) return on_bad_reply();
    finish({.outcome = reply.type == resp::Type::status ? Outcome::healed : Outcome::taken,
            .value = -1});
}

void RedisNode::on_extend_reply(const resp::Value& reply) {
    if (reply.type == resp::Type::error) return on_error_reply(reply.text);
    if (reply.type != resp::Type::integer) return on_bad_reply();
    finish({.outcome = reply.integer == 1   ? Outcome::extended
                       : reply.integer == 0 ? Outcome::absent
                                            : Outcome::taken,
            .value = -1});
}

void RedisNode::on_release_reply(const resp::Value& reply) {
    if (reply.type == resp::Type::error) return on_error_reply(reply.text);
    if (reply.type != resp::Type::integer) return on_bad_reply();
    duty_answered(pipeline_.front());
    finish({.outcome = reply.integer == 1   ? Outcome::released
                       : reply.integer == 0 ? Outcome::absent
                                            : Outcome::taken,
            .value = -1});
}

void RedisNode::on_inspect_reply(const resp::Value& reply) {
    Outstanding& entry = pipeline_.front();
    if (!entry.first_is_in) {
        if (reply.type == resp::Type::error) return on_error_reply(reply.text);
        if (reply.type != resp::Type::string && reply.type != resp::Type::nil) {
            return on_bad_reply();
        }
        const bool present = reply.type == resp::Type::string;
        entry.first_is_in = true;
        entry.first = present ? Outcome::taken : Outcome::absent;
        if (present) inspected_.assign(reply.text);
        return;
    }
    if (!entry.second_is_in) {
        entry.second_is_in = true;
        entry.counter = -1;
        if (reply.type == resp::Type::integer) {
            entry.counter = reply.integer;
        } else if (reply.type != resp::Type::error) {
            return on_bad_reply();
        }
        return;
    }
    const std::int64_t remaining = entry.counter;
    std::int64_t counter = 0;
    if (reply.type == resp::Type::string) {
        std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), counter);
    } else if (reply.type != resp::Type::nil && reply.type != resp::Type::error) {
        return on_bad_reply();
    }
    if (entry.first != Outcome::taken || remaining == -2) {  // -2: it has just gone
        return finish({.outcome = Outcome::absent, .counter = counter});
    }
    // The listener may ask again, but no further reply is read before it returns.
    finish({.outcome = Outcome::taken, .value = remaining, .text = inspected_, .counter = counter});
}

void RedisNode::on_ping_reply(const resp::Value& reply) {
    if (reply.type == resp::Type::error) return on_error_reply(reply.text);
    if (reply.type != resp::Type::status) return on_bad_reply();
    round_trip_ = quiet_since_ - asked_at_;
    finish({});
}

void RedisNode::on_error_reply(std::string_view text) {
    const ErrorMeaning& meaning = classify(text);
    if (meaning.what == ServerError::noscript && repeat_by_text()) return;
    clear_giver(pipeline_.front());
    Outstanding& entry = pipeline_.front();
    Cause cause = cause_of(text);
    // The server's clock was set, or this machine's: the next acquire goes by what it shows now.
    if (meaning.what == ServerError::clock) read_wall_clock();
    // Rule N4. A read changes nothing, whatever the error.
    const bool failed = meaning.not_applied || entry.command == Command::inspect;
    if (entry.command == Command::acquire && failed) spare_undo(entry.token);
    if (entry.must_be_done()) {
        if (meaning.what == ServerError::wrongtype) {
            duty_answered(entry);
        } else if (!entry.needless) {
            // Rule N2: a RELEASE that may not have run does no harm when it runs again.
            duty_not_executed(entry);
        }
    }
    const std::uint64_t connection = connection_count_;
    const Answer answer{.outcome = failed ? Outcome::failed : Outcome::unknown, .cause = &cause};
    if (entry.two_replies) {  // The PTTL's reply is still to come; nobody waits for it.
        entry.first_is_in = true;
        entry.first = answer.outcome;
        deliver(answer);
    } else {
        finish(answer);
    }
    if (connection != connection_count_) return;
    // The password or the role has changed: only a new handshake can tell.
    if (meaning.what == ServerError::noauth || meaning.what == ServerError::readonly) {
        lose(std::move(cause));
    }
}

/// Its undo may be behind it: were it repeated until the server can execute it, a node that loads
/// its data would be asked for more with every attempt, and for nothing.
void RedisNode::spare_undo(const Token& token) {
    for (std::size_t i = 1; i < pipeline_.size(); ++i) {
        Outstanding& later = pipeline_.at(i);
        if (later.must_be_done() && later.token == token) later.needless = true;
    }
}

/// Rule W1: the oldest command met NOSCRIPT, nobody waits for its answer, so it is not repeated and
/// not armed; and nobody knows.
void RedisNode::tell_unarmed() {
    const Outstanding& front = pipeline_.front();
    if (front.command != Command::acquire || front.to != nullptr || front.armed_by == 0) return;
    const std::string resource(front.resource.view());
    events_->on_wake(index_, resource);
}

bool RedisNode::repeat_by_text() {
    tell_unarmed();  // before all: who is told may ask, and move the pipeline
    // Rule N9: nothing ran. A release may always be repeated; what else goes by a script only while
    // somebody waits for it and no later command of its token is on its way.
    Outstanding& front = pipeline_.front();
    if (front.moved || !front.has_token()) return false;
    if (!front.must_be_done()) {
        if (front.to == nullptr) return false;
        for (std::size_t i = 1; i < pipeline_.size(); ++i) {
            const Outstanding& later = pipeline_.at(i);
            if (later.has_token() && later.token == front.token) return false;
        }
    }
    const Outstanding earlier = front;
    pipeline_.pop();
    if (earlier.armed_by != 0) write_caching();  // The arming was spent on nothing.
    Outstanding& entry = pipeline_.push_again(earlier);
    if (earlier.armed_by != 0) entry.armed_by = subscriptions_;
    entry.heard = heard_;
    write_script(entry, RedisCommands::By::text);
    return true;
}

void RedisNode::on_bad_reply() {
    // Rule N3: what stands in line, this command included, is unknown.
    lose({CauseClass::broken,
          "the server gave a reply that its command cannot have (is something "
          "else listening at " +
              connection_.where() + "?)"});
}

void RedisNode::deliver(Answer answer) {
    Outstanding& entry = pipeline_.front();
    AnswerEvents* const to = std::exchange(entry.to, nullptr);
    if (to != nullptr) to->on_answer(entry.tag, answer);
}

void RedisNode::finish(const Answer& answer) {
    AnswerEvents* const to = pipeline_.front().to;
    const std::uint32_t tag = pipeline_.front().tag;
    pipeline_.pop();
    if (to != nullptr) to->on_answer(tag, answer);
}

}  // namespace quorumlock::nodes
