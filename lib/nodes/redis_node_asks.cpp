// What goes out, and the answers to what does not.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "lib/base/check.h"
#include "lib/nodes/redis_node.h"

namespace quorumlock::nodes {

namespace {

constexpr std::size_t kDebtsPerBacklog = 10;

Command command_for(Step step) noexcept {
    switch (step) {
        case Step::acquire:
            return Command::acquire;
        case Step::raise:
            return Command::raise;
        case Step::extend:
            return Command::extend;
        case Step::heal:
            return Command::heal;
        case Step::transfer:
            return Command::transfer;
        case Step::release:
            return Command::release;
        case Step::inspect:
            break;
    }
    return Command::inspect;
}

}  // namespace

Ticket RedisNode::ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) {
    QL_CHECK(ask.token != nullptr || ask.step == Step::inspect);
    QL_CHECK(ask.step != Step::raise || ask.counter > 0);
    QL_CHECK(ask.step != Step::transfer || ask.from != nullptr);
    if (phase_ != Phase::ready) {  // Rule N1
        // A release has to be done all the same. One that belongs to no acquire of ours (a bare
        // token) could come without end: hence the bound.
        if (ask.step == Step::release && !never_sent(*ask.token) &&
            debts_.size() < kDebtsPerBacklog * options_.max_backlog) {
            owe(ask.resource, *ask.token, ask.ttl, {}, Instant::max());
        }
        return answer_later(ask, to, tag, Unasked::down);
    }
    if (ask.step == Step::release) {
        // Rule N7: its place was reserved with its acquire. Rule N8: it goes to a silent node too.
        write_undo(Command::release, ask.resource, *ask.token, ask.ttl, fresh_plan(*ask.token));
        Outstanding& entry = pipeline_.at(pipeline_.size() - 1);
        entry.to = &to;
        entry.tag = tag;
        return entry.ticket;
    }
    if (guarded_ && ask.step != Step::inspect) {  // Rule G1
        return answer_later(ask, to, tag, Unasked::guarded);
    }
    if (silent_) return answer_later(ask, to, tag, Unasked::silent);  // Rule N8
    if (pipeline_.size() >= options_.max_backlog) {                   // Rule N7
        return answer_later(ask, to, tag, Unasked::backlog);
    }
    const bool arms = ask.wake && tracking_;
    if (arms) write_caching();  // In the same write: both go round together.
    Outstanding& entry = push(command_for(ask.step), ask.ttl);
    if (arms) entry.armed_by = subscriptions_;
    entry.to = &to;
    entry.tag = tag;
    if (ask.token != nullptr) entry.token = *ask.token;
    if (entry.command == Command::inspect) {
        ask_inspect(ask, entry);
    } else if (entry.command == Command::heal) {
        commands_.acquire(ask.resource, *ask.token, whole_ms(ask.ttl));
        write(entry);
    } else if (entry.command == Command::acquire && !ask.fence && !arms) {
        ask_plain_acquire(ask, entry);
    } else {
        entry.resource.assign(ask.resource);
        entry.fence = ask.fence;
        entry.by_script = true;
        if (ask.from != nullptr) {
            entry.from = *ask.from;
            entry.from_ttl = ask.from_ttl;
        }
        entry.counter = ask.step == Step::raise ? ask.counter : clock_to_start_at();
        write_script(entry, RedisCommands::By::sha);
    }
    const Ticket ticket = entry.ticket;
    // Rule N6: the giver's own acquire may still come by a former connection, behind the transfer.
    if (ask.from != nullptr && left_open_.may_come(*ask.from, env_.event_now())) {
        undo(ask.resource, *ask.from, ask.from_ttl);
    }
    return ticket;
}

void RedisNode::write_script(Outstanding& entry, RedisCommands::By by) {
    const std::string_view resource = entry.resource.view();
    switch (entry.command) {
        case Command::acquire:
            if (entry.fence) {
                commands_.acquire(by, resource, entry.token, whole_ms(entry.ttl), entry.counter);
            } else {
                commands_.acquire_uncounted(by, resource, entry.token, whole_ms(entry.ttl));
            }
            break;
        case Command::raise:
            commands_.raise(by, resource, entry.token, entry.counter);
            break;
        case Command::transfer:
            commands_.transfer(by, resource, entry.from, entry.token, whole_ms(entry.ttl),
                               entry.fence, entry.counter);
            break;
        case Command::extend:
            commands_.extend(by, resource, entry.token, whole_ms(entry.ttl));
            break;
        default:
            commands_.release(by, resource, entry.token);
            break;
    }
    write(entry);
}

/// In microseconds; 0: at whatever the server's clock says. Rule F5. By this machine's wall clock
/// as it was when the server was met, so that setting it does not make every server wrong.
std::int64_t RedisNode::clock_to_start_at() const noexcept {
    const Nanos wall = wall_base_ + env_.event_now().time_since_epoch();
    return clock_trusted_ ? 0 : std::max<std::int64_t>(wall.count() / 1000, 0);
}

void RedisNode::read_wall_clock() {
    wall_base_ = env_.wall_now() - env_.event_now().time_since_epoch();
}

void RedisNode::ask_plain_acquire(const Ask& ask, Outstanding& entry) {
    commands_.acquire(ask.resource, *ask.token, whole_ms(ask.ttl));
    const std::uint64_t end = connection_.accepted() + commands_.bytes().size();
    if (ask.want_remaining) {
        entry.two_replies = true;
        commands_.pttl(ask.resource);
    }
    write(entry);
    entry.end = end;  // Rule N3 asks about the SET, not about the PTTL behind it.
}

void RedisNode::ask_inspect(const Ask& ask, Outstanding& entry) {
    entry.two_replies = true;
    commands_.get(ask.resource);
    commands_.pttl(ask.resource);
    commands_.get_counter(ask.resource);
    write(entry);
}

Outstanding& RedisNode::push(Command command, Nanos ttl) {
    if (pipeline_.empty()) {
        quiet_since_ = env_.event_now();
        if (alarm_.when() > quiet_since_ + limit_) env_.arm(alarm_, quiet_since_ + limit_);
    }
    Outstanding& entry = pipeline_.push(command);
    entry.ttl = ttl;
    entry.heard = heard_;
    return entry;
}

void RedisNode::write(Outstanding& entry) {
    connection_.write(commands_.bytes());
    commands_.clear();
    entry.end = connection_.accepted();
}

void RedisNode::ping() {
    Outstanding& entry = push(Command::ping, Nanos{0});
    asked_at_ = quiet_since_;
    commands_.ping();
    write(entry);
}

void RedisNode::give_up(Ticket ticket, bool silent) {
    if ((ticket & 1) != 0) {
        const std::uint64_t number = ticket >> 1;
        if (number >= local_first_ && number < local_first_ + local_.size()) {
            local_[number - local_first_].to = nullptr;
        }
        return;
    }
    Outstanding* const entry = pipeline_.find(ticket);
    if (entry == nullptr) return;
    entry->to = nullptr;
    // Rule N8: a node that said anything since is slow, not silent.
    if (silent && phase_ == Phase::ready && !silent_ && entry->heard == heard_) become_silent();
}

Ticket RedisNode::answer_later(const Ask& ask, AnswerEvents& to, std::uint32_t tag, Unasked why) {
    if (ask.step == Step::transfer) undo(ask.resource, *ask.from, ask.from_ttl);  // Rule W6
    local_.push_back({&to, tag, why, ask.step == Step::acquire ? *ask.token : Token{}});
    env_.post(*later_);
    return ((local_first_ + local_.size() - 1) << 1) | 1;
}

/// An acquire that this node will answer `failed`, given up before it could say so.
bool RedisNode::never_sent(const Token& token) const noexcept {
    return std::any_of(local_.begin(), local_.end(),
                       [&](const LocalAnswer& answer) { return answer.acquire == token; });
}

void RedisNode::Later::run() {
    if (node == nullptr) {
        delete this;
        return;
    }
    node->run_later();
}

void RedisNode::run_later() {
    const std::size_t count = local_.size();
    if (notify_) {
        notify_ = false;
        if (events_ != nullptr && phase_ != Phase::closed) events_->on_node_changed(index_);
    }
    answer_local(std::min(count, local_.size()));
}

void RedisNode::answer_local(std::size_t count) {
    for (bool& fresh : local_cause_fresh_) fresh = false;
    const std::uint64_t end = local_first_ + count;
    for (std::uint64_t number = local_first_; number < end; ++number) {
        if (number < local_first_) continue;  // A listener has closed the node meanwhile.
        const LocalAnswer answer = local_[number - local_first_];
        if (answer.to == nullptr) continue;
        local_[number - local_first_].to = nullptr;
        const Cause& cause = unasked_cause(answer.why);
        answer.to->on_answer(answer.tag, {.outcome = Outcome::failed, .cause = &cause});
    }
    if (end <= local_first_) return;
    local_.erase(local_.begin(), local_.begin() + static_cast<std::ptrdiff_t>(end - local_first_));
    local_first_ = end;
}

const Cause& RedisNode::unasked_cause(Unasked why) {
    const auto i = static_cast<std::size_t>(why);
    Cause& cause = local_causes_[i];
    if (std::exchange(local_cause_fresh_[i], true)) return cause;
    // Assigned, never replaced: a dead node's answers cost no allocation once these are warm.
    if (phase_ == Phase::closed || (why == Unasked::down && cause_.kind != CauseClass::none)) {
        cause.kind = cause_.kind;
        cause.text.assign(cause_.text);
    } else if (why == Unasked::down) {
        cause = {CauseClass::unreachable, "was not connected (" + connection_.where() + ")"};
    } else {
        char text[128];
        if (why == Unasked::silent) {
            write_silence(text);
        } else if (why == Unasked::guarded) {
            write_guard(text);
        } else {
            std::snprintf(text, sizeof(text),
                          "too far behind: %zu commands wait for it (max_backlog is %zu)",
                          pipeline_.size(), options_.max_backlog);
        }
        cause.kind = why == Unasked::guarded ? CauseClass::busy : CauseClass::silent;
        cause.text.assign(text);
    }
    return cause;
}

void RedisNode::write_guard(std::span<char> text) const {
    const auto seconds = [](Nanos time) { return std::chrono::duration<double>(time).count(); };
    std::snprintf(text.data(), text.size(),
                  "may have restarted without its locks, so it does not vote for %.1f s more",
                  seconds(guard_alarm_.when() - env_.event_now()));
}

void RedisNode::write_silence(std::span<char> text) const {
    const double seconds = std::chrono::duration<double>(env_.event_now() - quiet_since_).count();
    std::snprintf(text.data(), text.size(), "no answer for %.1f s; %zu command%s", seconds,
                  pipeline_.size(), pipeline_.size() == 1 ? " waits" : "s wait");
}

Cause RedisNode::silent_cause() const {
    char text[128];
    write_silence(text);
    return {CauseClass::silent, text};
}

}  // namespace quorumlock::nodes
