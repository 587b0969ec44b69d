// Core: waiting for a lock. Rules A9, W1..W6.
#include <algorithm>
#include <utility>

#include "lib/base/hash.h"
#include "lib/service/core.h"
#include "lib/service/tokens.h"

namespace quorumlock::detail {

namespace {

/// The last try of a waiting acquire starts this long before its deadline, so that its answers
/// can still be in time.
constexpr Nanos kLastTry = std::chrono::milliseconds(10);
/// Hand-overs in a row, at most: then other processes get their turn (rule W5).
constexpr std::size_t kMostHandOvers = 16;
constexpr Nanos kLeastStandBack = std::chrono::microseconds(100);
/// Between those who ask because of a change that no node names.
constexpr Nanos kBetweenWaves = std::chrono::milliseconds(20);
/// So many times what a question lately took is enough for the others to have asked.
constexpr int kStandBackRounds = 3;

/// Weights of nodes by rendezvous: every process finds the same order for a resource, and
/// different resources find different ones.
std::uint64_t weight(std::uint64_t resource, std::uint64_t node) noexcept {
    std::uint64_t mixed = resource ^ (node * 0x9e3779b97f4a7c15ULL);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

}  // namespace

// ---- the line ----

void Core::join_line(OperationState& operation) {
    WaitLine* line = lines_.find(operation.resource.view());
    if (line == nullptr) {
        line = &lines_.make(operation.resource.view());
        line->plan.begin(node_count(), settings_.options.retry_delay,
                         settings_.options.retry_delay_max);
    }
    operation.waiter.line = line;
    line->waiters.push_back(operation.waiter);
    if (line->waiters.first() == &operation.waiter) {
        arm_last_try(operation);
        ask_from(*line);
    } else {
        env_.arm(operation.timer(), operation.deadline);
    }
}

void Core::arm_last_try(OperationState& head) {
    env_.arm(head.timer(), std::max(env_.event_now(), head.deadline - kLastTry));
}

/// The line goes on without it; who is the first now takes over what is known.
void Core::leave_line(OperationState& operation) {
    WaitLine* const line = std::exchange(operation.waiter.line, nullptr);
    if (line == nullptr) return;
    const bool was_head = line->waiters.first() == &operation.waiter;
    line->waiters.remove(operation.waiter);
    if (line->waiters.empty()) {
        env_.disarm(line->timer());
        lines_.drop(*line);
        return;
    }
    if (!was_head) return;
    arm_last_try(line->head());
    if (line->plan.asking()) line->plan.on_abandoned(env_.event_now());
    schedule(*line);
}

void Core::schedule(WaitLine& line) {
    const Instant when = line.plan.when();
    if (when == Instant::max()) {
        env_.disarm(line.timer());
    } else {
        env_.arm(line.timer(), std::max(when, env_.event_now()));
    }
}

void Core::on_line_timer(WaitLine& line) {
    if (line.plan.when() <= env_.event_now()) {
        ask_from(line);
    } else {
        schedule(line);
    }
}

void Core::ask_from(WaitLine& line) {
    const Instant now = env_.event_now();
    const int gate = line.plan.way(now) == protocol::Waiting::Way::gate ? gate_of(line) : -1;
    line.plan.on_asked(gate >= 0 ? protocol::Waiting::Way::gate : protocol::Waiting::Way::all, now);
    env_.disarm(line.timer());
    begin_attempt(line.head(), gate);
}

/// Rule W4: the first of those that can vote now, and could when they were asked last. Less than 0:
/// none can, or there is no other.
int Core::gate_of(const WaitLine& line) {
    if (node_count() == 1) return -1;
    const std::uint64_t resource = stable_hash(line.resource.view());
    int best = -1;
    std::uint64_t most = 0;
    all_nodes().each([&](int i) {
        if (!node(i).ready() || line.no_gates.has(i)) return;
        const std::uint64_t identity = node(i).identity();
        const std::uint64_t its =
            weight(resource, identity != 0 ? identity : static_cast<std::uint64_t>(i) + 1);
        if (best < 0 || its > most) {
            best = i;
            most = its;
        }
    });
    return best;
}

// ---- what comes of an attempt ----

/// It goes on waiting, or its time is over.
void Core::wait_on(OperationState& operation, const protocol::Waiting::Outcome& outcome) {
    WaitLine& line = *operation.waiter.line;
    const Instant now = env_.event_now();
    if (!std::exchange(wakes_prepared_, true)) {  // Rule W1: not before somebody waits
        for (const auto& node : nodes_) node->prepare_wake();
    }
    line.plan.set_question_time(question_takes_);
    const bool at_gate = line.plan.asked() == protocol::Waiting::Way::gate;
    line.plan.on_failed(outcome, now, random());
    if (operation.deadline - now > kLastTry) {
        schedule(line);
    } else if (at_gate && now < operation.deadline) {
        try_last(operation);
    } else {
        give_up_waiting(operation);
    }
}

/// Of all nodes: their answers are what the caller is told.
void Core::try_last(OperationState& operation) {
    WaitLine& line = *operation.waiter.line;
    line.plan.on_asked(protocol::Waiting::Way::all, env_.event_now());
    env_.disarm(line.timer());
    begin_attempt(operation, -1);
}

/// Rule A9: the cause of the last whole round is the answer.
void Core::give_up_waiting(OperationState& operation) {
    const WaitLine& line = *operation.waiter.line;
    Error error = line.last_error ? *line.last_error
                                  : Error(Errc::timed_out,
                                          "the wait ended before its turn came: others of this "
                                          "service stood in line before it");
    fail(operation, std::move(error));
}

void Core::on_waiting_timer(OperationState& operation) {
    WaitLine& line = *operation.waiter.line;
    // An attempt that is under way ends with the deadline by itself.
    if (&line.head() == &operation && line.plan.asking()) return;
    if (&line.head() != &operation || env_.event_now() >= operation.deadline) {
        give_up_waiting(operation);
    } else {
        try_last(operation);
    }
}

void Core::on_wake(int index, std::string_view resource) {
    const Instant now = env_.event_now();
    const auto push = [&](WaitLine& line, int node, Instant at) {
        line.plan.set_question_time(question_takes_);
        line.plan.on_push(node, gate_of(line), at, random());
        if (line.plan.when() <= now) {
            ask_from(line);
        } else {
            schedule(line);
        }
    };
    if (resource.empty()) {
        // Rule W1: all lines, in waves that leave half of a backlog to everybody else.
        const std::size_t wave = std::max<std::size_t>(settings_.options.max_backlog / 2, 1);
        std::size_t number = 0;
        lines_.each([&](WaitLine& line) {
            const auto waves = static_cast<Nanos::rep>(number++ / wave);
            push(line, -1, now + waves * kBetweenWaves);
        });
    } else if (WaitLine* line = lines_.find(resource); line != nullptr) {
        push(*line, index, now);
    }
}

void Core::on_wake_refused(int index, const Cause& why) {
    notice("waiters ask " + labels_[static_cast<std::size_t>(index)] +
           " again and again, since it does not tell them of changes: " + why.text);
}

// ---- what this service holds itself ----

/// Rule W5: as many as stand in line now, whether or not the holder did.
void Core::grant_hand_overs(const OperationState& operation, Lease& lease) {
    if (lease.taken_over) return;
    const WaitLine* const own = operation.waiter.line;
    const WaitLine* const line = own != nullptr ? own : lines_.find(operation.resource.view());
    const std::size_t all = line == nullptr ? 0 : line->waiters.size();
    const std::size_t behind = own != nullptr ? all - 1 : all;
    lease.hand_overs = static_cast<std::int8_t>(std::clamp<std::size_t>(behind, 1, kMostHandOvers));
}

void Core::on_turn_ended(OperationState& operation, Lease& lease) {
    WaitLine& line = *operation.waiter.line;
    const Nanos took = env_.event_now() - lease.round_started();
    question_takes_ += (took - question_takes_) / 8;
    line.plan.on_held_here();
    line.no_gates = lease.without_vote(line.no_gates);
    operation.handed_over = lease.taken_over;
    leave_line(operation);
}

/// What was held here is not held any more: whoever waits for it here may ask.
void Core::on_free(Lease& lease, bool at_once) {
    if (!std::exchange(lease.keeps_others_waiting, false)) return;
    WaitLine* const line = lines_.find(lease.resource());
    if (line == nullptr) return;
    Instant at = env_.event_now();
    if (!at_once) at += stand_back();
    line->plan.on_free(at, !at_once);
    schedule(*line);
}

/// Rule W5: so long that other processes, which have just been woken, get their turn.
Nanos Core::stand_back() {
    const Nanos most = std::min(std::max(kStandBackRounds * question_takes_, kLeastStandBack),
                                settings_.options.retry_delay);
    const auto span = static_cast<std::uint64_t>(most.count());
    return Nanos(static_cast<Nanos::rep>(span / 2 + random() % (span + 1)));
}

/// Rule W5. False: nobody waits here, or it must not be handed over; then it is released.
bool Core::hand_over(Lease& giver) {
    WaitLine* const line = lines_.find(giver.resource());
    if (line == nullptr || giver.hand_overs <= 0 || phase_ != Phase::running) return false;
    if (!giver.keeps_others_waiting) return false;  // it has been given up before
    if (!settings_.abilities.transfer || giver.hold() != Hold::let_go ||
        env_.event_now() >= giver.validity_end()) {
        return false;
    }
    const auto token = fresh_token(env_);
    if (!token) return false;
    OperationState& head = line->head();
    if (Lease* asking = head.lease; asking != nullptr) {  // it will be refused, or need not ask
        detach(*asking, head);
        asking->undo();
        recycle_if_unused(*asking);
    }
    // From now on it is not held here, should this fail: pushes count again.
    line->plan.on_free(env_.event_now(), false);
    line->plan.on_asked(protocol::Waiting::Way::all, env_.event_now());
    env_.disarm(line->timer());
    Lease& taker = new_lease();
    taker.begin(head.resource.view(), *token, head.ttl, NodeSet{});
    taker.hand_overs = static_cast<std::int8_t>(giver.hand_overs - 1);
    attach(taker, head);
    ++head.attempts;
    head.last_try = env_.event_now();
    ++giver.users;
    giver.keeps_others_waiting = false;
    taker.take_over(giver, time_limit(giver.ttl(), Nanos::max()),
                    {.time_limit = time_limit(head.ttl, Nanos::max()),
                     .deadline = head.deadline,
                     .fence = head.fence});
    return true;
}

void Core::on_handed(Lease& giver) {
    --giver.users;
    recycle_if_unused(giver);
}

}  // namespace quorumlock::detail
