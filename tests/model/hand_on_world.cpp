// The world's side towards Search, and what must hold in every state.
#include "tests/model/hand_on_world.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "lib/base/check.h"

namespace quorumlock::env {

using model::Move;

HandOnWorld::HandOnWorld(const Programs& programs, bool at_once, Mistake mistake)
    : at_once_(at_once), mistake_(mistake) {
    std::size_t operation = 0;
    for (std::size_t t = 0; t < programs.size(); ++t) {
        for (const Call call : programs[t]) {
            programs_.at(t).emplace_back(call, operation);
            kinds_.at(operation) = call;
            if (call == Call::drop) now_.phases[operation] = Phase::left;
            if (call == Call::then || call == Call::chain) to_call_back_ |= bit(operation);
            closes_ = closes_ || call == Call::close;
            ++operation;
            if (call != Call::chain) continue;
            kinds_.at(operation) = Call::then;
            to_call_back_ |= bit(operation++);
        }
        next_call(t, 0);
    }
    push(kOwn, Step::own_thread);
}

std::uint8_t HandOnWorld::take_first(Set& set) {
    const auto first = static_cast<std::uint8_t>(std::countr_zero(set));
    set &= static_cast<Set>(set - 1U);
    return first;
}

std::size_t HandOnWorld::owner_of(std::size_t operation) const {
    std::size_t t = 0;
    while (t + 1 < kCallers && !programs_[t + 1].empty() &&
           programs_[t + 1].front().second <= operation) {
        ++t;
    }
    return t;
}

void HandOnWorld::push(std::size_t t, Step step, std::size_t about) {
    Thread& thread = now_.threads[t];
    QL_CHECK(thread.depth < thread.stack.size());
    thread.stack[thread.depth++] = {step, static_cast<std::uint8_t>(about)};
}

HandOnWorld::Frame HandOnWorld::pop(std::size_t t) {
    Thread& thread = now_.threads[t];
    return std::exchange(thread.stack[--thread.depth], Frame{});
}

const HandOnWorld::Frame* HandOnWorld::top(std::size_t t) const {
    const Thread& thread = now_.threads[t];
    return thread.depth == 0 ? nullptr : &thread.stack[thread.depth - 1U];
}

bool HandOnWorld::has(std::size_t t, Step step) const {
    const Thread& thread = now_.threads[t];
    return std::any_of(thread.stack.begin(), thread.stack.begin() + thread.depth,
                       [step](const Frame& frame) { return frame.step == step; });
}

// ---- what can happen next ----

std::size_t HandOnWorld::choices(std::size_t t) const {
    const Frame* const frame = top(t);
    if (frame == nullptr) return 0;
    switch (frame->step) {
        case Step::park:
            return now_.threads[t].unparked ? 1 : 0;
        case Step::join:
            return top(kOwn) == nullptr ? 1 : 0;
        case Step::poll:
            return frame->about != 0 || now_.wake_sent || now_.in_flight != 0 ? 1 : 0;
        case Step::events:  // the end of the turn, or one more answer
            return 1 + static_cast<std::size_t>(std::popcount(now_.in_flight));
        case Step::run_task:
            return at_once_ && !now_.closed && kinds_[frame->about] != Call::close ? 2 : 1;
        case Step::own_thread:  // it was woken, or the linger has passed; or it is awake anyway
            if (now_.own_rests == Rest::none) return 1;
            return (now_.notified ? 1U : 0U) + (now_.own_rests == Rest::linger ? 1U : 0U);
        default:
            return 1;
    }
}

/// Nobody else can see this step or keep it from happening, so its moment makes no difference.
bool HandOnWorld::is_nobody_elses_business(std::size_t t) const {
    const Frame* const frame = top(t);
    if (frame == nullptr || choices(t) != 1) return false;
    return frame->step == Step::program || frame->step == Step::lead_until ||
           frame->step == Step::run_task || frame->step == Step::park ||
           frame->step == Step::events;
}

std::vector<Move> HandOnWorld::moves() const {
    std::vector<Move> moves;
    for (std::size_t t = 0; t <= kOwn; ++t) {
        for (std::size_t choice = 0; choice < choices(t); ++choice) {
            moves.push_back({static_cast<std::uint8_t>(t), static_cast<std::uint8_t>(choice)});
        }
    }
    return moves;
}

void HandOnWorld::make(Move move) {
    violation_.clear();
    step(move.actor, pop(move.actor), move.choice);
    for (std::size_t t = 0; t <= kOwn; ++t) {
        while (is_nobody_elses_business(t)) step(t, pop(t), 0);
    }
    check();
}

std::string HandOnWorld::describe(Move move) const {
    static constexpr const char* kSteps[] = {"program",
                                             "run_in_loop",
                                             "drain_inbox",
                                             "run_task",
                                             "end_others",
                                             "hand_on",
                                             "unpark",
                                             "wake",
                                             "finish",
                                             "call_back",
                                             "expect_callback",
                                             "attach",
                                             "wait",
                                             "park",
                                             "promoted",
                                             "lead_until",
                                             "about_to_wait",
                                             "poll",
                                             "woke",
                                             "events",
                                             "stop",
                                             "join",
                                             "own_thread",
                                             "own_turned",
                                             "run_callbacks",
                                             "drain",
                                             "draining"};
    static_assert(std::size(kSteps) == static_cast<std::size_t>(Step::draining) + 1);
    static constexpr const char* kLeaders[] = {"nobody leads", "a caller leads", "own leads"};
    const Frame& frame = *top(move.actor);
    const std::string who =
        move.actor == kOwn ? "own thread" : "caller " + std::to_string(move.actor);
    return who + ": " + kSteps[static_cast<int>(frame.step)] + " " + std::to_string(frame.about) +
           " (choice " + std::to_string(move.choice) + "; " +
           kLeaders[static_cast<int>(now_.hand_on.leader())] + ")";
}

bool HandOnWorld::finished() const noexcept {
    for (std::size_t t = 0; t < kCallers; ++t) {
        if (top(t) != nullptr) return false;
    }
    if (closes_ && top(kOwn) != nullptr) return false;
    return now_.inbox == 0 && now_.callbacks == 0 && now_.in_flight == 0 &&
           now_.called_back == to_call_back_;
}

// ---- what must hold ----

void HandOnWorld::require(bool holds, const char* what) {
    if (!holds && violation_.empty()) violation_ = what;
}

bool HandOnWorld::about_to(Step step, std::size_t about) const {
    for (std::size_t t = 0; t <= kOwn; ++t) {
        const Frame* const frame = top(t);
        if (frame != nullptr && frame->step == step && frame->about == about) return true;
    }
    return false;
}

/// The lead was handed to this follower, who is about to take it.
bool HandOnWorld::is_promised(std::size_t t) const {
    if (has(t, Step::promoted)) return true;
    return has(t, Step::park) && now_.followers[t].leads &&
           (now_.threads[t].unparked || about_to(Step::unpark, t));
}

bool HandOnWorld::is_somebody_lined_up() const {
    return std::any_of(now_.threads.begin(), now_.threads.end(),
                       [](const Thread& thread) { return thread.in_line; });
}

void HandOnWorld::check_leader() {
    int callers = 0;
    for (std::size_t t = 0; t < kCallers; ++t) {
        callers += now_.threads[t].leads || has(t, Step::draining) || is_promised(t) ? 1 : 0;
    }
    const bool own = now_.threads[kOwn].leads || has(kOwn, Step::draining);
    const bool own_comes = now_.own_rests == Rest::none || now_.notified;
    require(callers + (own ? 1 : 0) <= 1, "two are inside the loop");
    require(now_.callbacks == 0 || now_.ended || own_comes,
            "callbacks are queued, and the own thread rests");
    switch (now_.hand_on.leader()) {
        case HandOn::Leader::nobody:
            require(callers == 0 && !own, "somebody is inside the loop without the lead");
            require(!is_somebody_lined_up(), "callers are lined up, and nobody leads");
            require(own_comes || now_.own_rests == Rest::linger,
                    "nobody leads, and the own thread sleeps");
            require(own_comes || now_.expected == 0,
                    "a callback is expected, and nobody leads at once");
            break;
        case HandOn::Leader::caller:
            require(callers == 1 && !own, "the lead is a caller's, and none takes it");
            break;
        case HandOn::Leader::own_thread:
            require(now_.ended || (callers == 0 && own_comes),
                    "the lead is the own thread's, and it does not take it");
            break;
        case HandOn::Leader::callers_loop:
            require(false, "there is no caller's loop here");
    }
}

/// A leader that waits for events must have no reason not to, or be about to be woken.
void HandOnWorld::check_poller(std::size_t t) {
    const Frame* const frame = top(t);
    if (frame == nullptr || frame->step != Step::poll || frame->about != 0) return;
    if (now_.wake_sent || about_to(Step::wake, 0)) return;
    require(now_.inbox == 0, "work is queued, and the leader waits for events");
    if (t != kOwn) return;
    require(now_.callbacks == 0, "callbacks are queued, and the own thread waits for events");
    require(!now_.stopping, "the own thread is to end, and waits for events");
    require(!is_somebody_lined_up() || now_.expected != 0,
            "the own thread keeps the lead although callers are blocked");
}

void HandOnWorld::check_parked(std::size_t t) {
    const Frame* const frame = top(t);
    if (frame == nullptr || frame->step != Step::park) return;
    require((now_.signals & bit(frame->about)) == 0 || about_to(Step::unpark, t),
            "an operation is done, and its caller sleeps");
}

void HandOnWorld::check() {
    check_leader();
    for (std::size_t t = 0; t <= kOwn; ++t) {
        check_poller(t);
        check_parked(t);
    }
}

}  // namespace quorumlock::env
