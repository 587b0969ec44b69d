// What each step does: LoopRunner's functions, cut where others can come in between.
#include <memory>

#include "tests/model/hand_on_world.h"

namespace quorumlock::env {

void HandOnWorld::next_call(std::size_t t, std::size_t index) {
    if (index >= programs_[t].size()) return;
    push(t, Step::program, index + 1);
    const auto [call, operation] = programs_[t][index];
    start(t, call, operation);
}

/// OperationState's side of a call; what is pushed last is done first.
void HandOnWorld::start(std::size_t t, Call call, std::size_t operation) {
    if (call == Call::close) push(t, Step::stop);
    if (call == Call::get || call == Call::close) push(t, Step::wait, operation);
    if (call == Call::then || call == Call::chain) {
        push(t, Step::attach, operation);
        push(t, Step::expect_callback);
    }
    push(t, Step::run_in_loop, operation);
}

void HandOnWorld::step(std::size_t t, Frame frame, std::uint8_t choice) {
    switch (frame.step) {
        case Step::program:
            return next_call(t, frame.about);
        case Step::run_in_loop:
            return run_in_loop(t, frame.about);
        case Step::drain_inbox:
            return drain_inbox(t);
        case Step::run_task:
            return run_task(t, frame.about, choice != 0);
        case Step::end_others:
            return end_others(t, frame.about);
        case Step::hand_on:
            return hand_on(t);
        case Step::unpark:
            return unpark(frame.about);
        case Step::wake:
            now_.wake_sent = true;
            return;
        case Step::finish:
            return finish(t, frame.about);
        case Step::call_back:
            return call_back(t, frame.about);
        case Step::expect_callback:
            ++now_.expected;
            if (now_.hand_on.expect() && mistake_ != Mistake::expects_silently) notify_own();
            return;
        case Step::attach:
            if (now_.phases[frame.about] == Phase::done)
                return push(t, Step::call_back, frame.about);
            now_.phases[frame.about] = Phase::continued;
            return;
        default:
            step_waiting(t, frame);
            step_turn(t, frame, choice);
            step_own(t, frame, choice);
    }
}

// ---- work for the loop ----

void HandOnWorld::run_in_loop(std::size_t t, std::size_t operation) {
    now_.inbox |= bit(operation);
    if (now_.ended) return push(t, Step::drain);
    if (t != kOwn && now_.hand_on.try_lead(HandOn::Leader::caller)) {
        now_.threads[t].leads = now_.taken = true;
        push(t, Step::hand_on);
        drain_inbox(t);
    } else if (now_.polling && mistake_ != Mistake::does_not_wake_the_poller) {
        push(t, Step::wake);
    }
}

void HandOnWorld::drain_inbox(std::size_t t) {
    if (now_.inbox == 0) return;
    push(t, Step::drain_inbox);
    push(t, Step::run_task, take_first(now_.inbox));
}

void HandOnWorld::run_task(std::size_t t, std::size_t operation, bool at_once) {
    require(now_.threads[t].leads || has(t, Step::draining), "the loop's work is done outside it");
    if (kinds_[operation] == Call::close) {
        now_.closed = true;
        push(t, Step::end_others, operation);
    } else if (now_.closed || at_once) {
        push(t, Step::finish, operation);
    } else {
        now_.in_flight |= bit(operation);
    }
}

void HandOnWorld::end_others(std::size_t t, std::size_t operation) {
    if (now_.in_flight == 0) return finish(t, operation);
    push(t, Step::end_others, operation);
    finish(t, take_first(now_.in_flight));
}

void HandOnWorld::finish(std::size_t t, std::size_t operation) {
    const Phase before = std::exchange(now_.phases[operation], Phase::done);
    require(before != Phase::done, "an operation ends twice");
    if (before == Phase::open) set(t, operation);
    if (before == Phase::continued) call_back(t, operation);
}

void HandOnWorld::set(std::size_t t, std::size_t operation) {
    now_.signals |= bit(operation);
    if ((now_.waiters & bit(operation)) == 0) return;
    if (mistake_ == Mistake::set_forgets_the_follower) return;
    now_.waiters &= static_cast<Set>(~bit(operation));
    const std::size_t sleeper = owner_of(operation);
    if (mistake_ != Mistake::set_leaves_line_alone) {
        now_.hand_on.leave_line(now_.followers[sleeper]);
        now_.threads[sleeper].in_line = false;
    }
    push(t, Step::unpark, sleeper);
}

void HandOnWorld::call_back(std::size_t t, std::size_t operation) {
    now_.callbacks |= bit(operation);
    now_.hand_on.expected_done();
    --now_.expected;
    if (now_.ended) return push(t, Step::drain);
    if (now_.hand_on.own_is_resting()) {
        if (mistake_ != Mistake::calls_back_silently) notify_own();
    } else if (now_.polling && !now_.threads[t].leads) {
        push(t, Step::wake);
    }
}

// ---- a blocked caller ----

void HandOnWorld::wait(std::size_t t, std::size_t operation) {
    if ((now_.signals & bit(operation)) != 0) return;
    if (now_.hand_on.try_lead(HandOn::Leader::caller)) {
        now_.taken = true;
        return lead(t, operation);
    }
    Follower& self = now_.followers[t];
    std::destroy_at(&self);
    std::construct_at(&self);
    now_.waiters |= bit(operation);
    now_.threads[t].in_line = true;
    const bool interrupt = now_.hand_on.line_up(self) && now_.polling;
    push(t, Step::park, operation);
    if (interrupt && mistake_ != Mistake::does_not_interrupt) push(t, Step::wake);
}

void HandOnWorld::lead(std::size_t t, std::size_t operation) {
    now_.threads[t].leads = true;
    now_.leader_signal = static_cast<std::uint8_t>(operation + 1);
    push(t, Step::lead_until, operation);
}

void HandOnWorld::hand_on(std::size_t t) {
    now_.threads[t].leads = false;
    now_.leader_signal = 0;
    const HandOn::Wake wake = now_.hand_on.give_up();
    if (now_.hand_on.leader() != HandOn::Leader::nobody) now_.taken = true;
    require(now_.expected == 0 || now_.own_rests == Rest::none || wake.own_thread,
            "a callback is expected, and the lead is not handed to the own thread");
    if (wake.own_thread && mistake_ != Mistake::does_not_wake_own) notify_own();
    if (wake.follower == nullptr) return;
    const auto next = static_cast<std::size_t>(wake.follower - now_.followers.data());
    require(now_.threads[next].in_line, "the lead is handed to one that is not in line");
    now_.threads[next].in_line = false;
    push(t, Step::unpark, next);
}

void HandOnWorld::unpark(std::size_t follower) {
    require(has(follower, Step::park), "a follower is woken after it left");
    require(!now_.threads[follower].unparked, "a follower is woken twice");
    now_.threads[follower].unparked = true;
}

void HandOnWorld::step_waiting(std::size_t t, Frame frame) {
    const Set its = bit(frame.about);
    if (frame.step == Step::wait) {
        wait(t, frame.about);
    } else if (frame.step == Step::park) {
        now_.threads[t].unparked = false;
        if (now_.followers[t].leads) return push(t, Step::promoted, frame.about);
        require((now_.signals & its) != 0, "a follower is woken for nothing");
    } else if (frame.step == Step::promoted) {
        now_.waiters &= static_cast<Set>(~its);
        lead(t, frame.about);
    } else if (frame.step == Step::lead_until) {
        if ((now_.signals & its) != 0) return push(t, Step::hand_on);
        push(t, Step::lead_until, frame.about);
        push_turn(t);
    }
}

// ---- a turn of the loop ----

void HandOnWorld::push_turn(std::size_t t) {
    push(t, Step::about_to_wait);
    push(t, Step::drain_inbox);
}

bool HandOnWorld::must_stay_awake(std::size_t t) const {
    if (now_.inbox != 0 && mistake_ != Mistake::looks_too_early) return true;
    if (now_.leader_signal != 0 && (now_.signals & bit(now_.leader_signal - 1U)) != 0) return true;
    if (t != kOwn) return false;
    if (now_.callbacks != 0 || now_.stopping) return true;
    return !now_.hand_on.keep_leading() && mistake_ != Mistake::own_keeps_leading;
}

void HandOnWorld::events(std::size_t t, std::uint8_t choice) {
    if (choice == 0) return;
    Set answered = now_.in_flight;
    for (std::uint8_t i = 1; i < choice; ++i) (void)take_first(answered);
    const std::uint8_t operation = take_first(answered);
    now_.in_flight &= static_cast<Set>(~bit(operation));
    push(t, Step::events);
    finish(t, operation);
}

void HandOnWorld::step_turn(std::size_t t, Frame frame, std::uint8_t choice) {
    if (frame.step == Step::about_to_wait) {
        const bool stay_awake = must_stay_awake(t);
        if (!stay_awake) now_.polling = true;
        push(t, Step::poll, stay_awake ? 1 : 0);
    } else if (frame.step == Step::poll) {
        now_.wake_sent = false;
        push(t, Step::woke);
    } else if (frame.step == Step::woke) {
        now_.polling = false;
        push(t, Step::events);
    } else if (frame.step == Step::events) {
        events(t, choice);
    }
}

// ---- the own thread ----

void HandOnWorld::stop(std::size_t t) {
    now_.stopping = true;
    ++now_.expected;
    (void)now_.hand_on.expect();
    notify_own();
    if (now_.polling) now_.wake_sent = true;
    push(t, Step::join);
}

void HandOnWorld::own_thread(bool lingered) {
    now_.own_rests = Rest::none;
    now_.notified = false;
    if (now_.callbacks == 0) {
        if (now_.inbox == 0 || !now_.hand_on.try_lead(HandOn::Leader::own_thread)) {
            return own_step(lingered);
        }
        now_.hand_on.own_woke();
        return lead_as_own_thread();
    }
    push(kOwn, Step::own_thread);
    push(kOwn, Step::run_callbacks, 1);
    now_.hand_on.own_woke();
    const bool leads = now_.hand_on.leader() == HandOn::Leader::own_thread;
    if (leads && mistake_ != Mistake::own_leads_in_callbacks) hand_on(kOwn);
}

void HandOnWorld::own_step(bool lingered) {
    if (mistake_ == Mistake::ends_beside_a_leader && now_.stopping) return drain_inbox(kOwn);
    const HandOn::Leader before = now_.hand_on.leader();
    const bool undisturbed = lingered && !now_.taken;
    const HandOn::OwnStep next = now_.hand_on.own_step(lingered);
    const bool leads = next == HandOn::OwnStep::lead;
    if (before == HandOn::Leader::nobody) {
        require(leads == (now_.expected > 0 || undisturbed),
                "a free lead is the own thread's when it is needed at once or nobody wants it");
    }
    require((next == HandOn::OwnStep::sleep) == (before == HandOn::Leader::caller && undisturbed),
            "the own thread sleeps during one long lead of a caller, and only then");
    if (leads && now_.stopping) return own_ends();
    if (leads) return lead_as_own_thread();
    push(kOwn, Step::own_thread);
    const bool sleeps = next == HandOn::OwnStep::sleep || mistake_ == Mistake::own_never_lingers;
    now_.own_rests = sleeps ? Rest::sleep : Rest::linger;
    now_.taken = false;
}

void HandOnWorld::lead_as_own_thread() {
    now_.threads[kOwn].leads = true;
    push(kOwn, Step::own_turned);
    push_turn(kOwn);
}

/// From here on the loop is nobody's: what comes runs in the thread that brings it.
void HandOnWorld::own_ends() {
    if (mistake_ == Mistake::ends_for_good) {
        now_.threads[kOwn].leads = true;
        push(kOwn, Step::hand_on);
        return drain_inbox(kOwn);
    }
    now_.ended = true;
    push(kOwn, Step::drain);
}

void HandOnWorld::own_turned() {
    const bool keep = now_.hand_on.keep_leading() || mistake_ == Mistake::own_keeps_leading;
    require(keep || (is_somebody_lined_up() && now_.expected == 0),
            "the own thread gives up a lead that nobody else wants");
    if (now_.callbacks == 0 && !now_.stopping && keep) {
        push(kOwn, Step::own_turned);
        return push_turn(kOwn);
    }
    push(kOwn, Step::own_thread);
    hand_on(kOwn);
}

void HandOnWorld::run_callback(std::size_t t, std::size_t operation) {
    require(now_.ended || now_.hand_on.leader() != HandOn::Leader::own_thread,
            "a callback runs while its thread keeps the lead");
    require(t == kOwn || now_.ended, "a callback runs on a caller's thread");
    require((now_.called_back & bit(operation)) == 0, "a callback runs twice");
    now_.called_back |= bit(operation);
    if (kinds_[operation] == Call::chain) start(t, Call::then, operation + 1U);
}

void HandOnWorld::draining(std::size_t t) {
    now_.draining = now_.callbacks != 0 || now_.inbox != 0;
    if (!now_.draining) return;
    push(t, Step::draining);
    if (now_.callbacks != 0) return run_callback(t, take_first(now_.callbacks));
    push(t, Step::run_task, take_first(now_.inbox));
}

void HandOnWorld::step_own(std::size_t t, Frame frame, std::uint8_t choice) {
    if (frame.step == Step::stop) {
        stop(t);
    } else if (frame.step == Step::own_thread) {
        own_thread(now_.own_rests == Rest::linger && choice == 0);
    } else if (frame.step == Step::own_turned) {
        own_turned();
    } else if (frame.step == Step::run_callbacks) {
        if (frame.about != 0) now_.batch = std::exchange(now_.callbacks, Set{0});
        if (now_.batch == 0) return;
        push(kOwn, Step::run_callbacks);
        run_callback(kOwn, take_first(now_.batch));
    } else if (frame.step == Step::drain && !now_.draining) {
        draining(t);
    } else if (frame.step == Step::draining) {
        draining(t);
    }
}

}  // namespace quorumlock::env
