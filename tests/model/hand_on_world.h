// LoopRunner's threads as small state machines around the real HandOn. One step is one critical
// section under LoopRunner's mutex, or one thing done outside of it that others can see; the
// network answers in any order. The steps are named after the functions of
// lib/env/loop_runner.cpp that they stand for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/env/hand_on.h"
#include "tests/model/exhaust.h"

namespace quorumlock::env {

/// What a caller does next.
enum class Call : std::uint8_t {
    get,    ///< starts an operation and blocks until it is done
    then,   ///< starts one and is called back
    chain,  ///< likewise, and the callback starts another that calls back
    drop,   ///< starts one that nobody waits for and that has to be carried out all the same
    close,  ///< ends all operations, then stops the own thread: what ~LockService does
};

/// What a wrong LoopRunner might do. The model has to find each of them.
enum class Mistake : std::uint8_t {
    none,
    does_not_interrupt,        ///< wait() does not wake the own thread, which should hand on
    does_not_wake_own,         ///< hand_on() does not wake the own thread
    own_never_lingers,         ///< the own thread sleeps where it should linger
    own_leads_in_callbacks,    ///< it runs callbacks without giving up the lead
    own_keeps_leading,         ///< it goes on leading although callers are lined up
    set_leaves_line_alone,     ///< set() wakes a follower that stays in line
    set_forgets_the_follower,  ///< set() does not wake the follower
    looks_too_early,           ///< about_to_wait() does not look for work that has come meanwhile
    does_not_wake_the_poller,  ///< run_in_loop() leaves work to a leader that waits for events
    expects_silently,          ///< expect_callback() does not wake the own thread
    calls_back_silently,       ///< call_back() does not wake the own thread
    ends_beside_a_leader,      ///< the own thread does its last work while a caller leads
    ends_for_good,             ///< what comes after the own thread's end is run by nobody
};

class HandOnWorld {
  public:
    using Programs = std::vector<std::vector<Call>>;

    static constexpr std::size_t kCallers = 3;
    static constexpr std::size_t kOwn = kCallers;  ///< The own thread's place.
    static constexpr std::size_t kOperations = 10;

    /// One program a caller. `at_once`: any operation may be done as soon as it starts.
    HandOnWorld(const Programs& programs, bool at_once, Mistake mistake = Mistake::none);

    // What Search asks for.
    std::span<std::byte> state() noexcept {
        return {reinterpret_cast<std::byte*>(&now_), sizeof now_};
    }
    std::vector<model::Move> moves() const;
    void make(model::Move move);
    std::string describe(model::Move move) const;
    const std::string& violation() const noexcept { return violation_; }
    bool finished() const noexcept;

  private:
    using Set = std::uint16_t;  // of operations

    enum class Step : std::uint8_t {
        program,  // between two calls
        run_in_loop,
        drain_inbox,
        run_task,
        end_others,  // the task of `close`
        hand_on,
        unpark,
        wake,
        finish,  // an operation's end, with set() or call_back()
        call_back,
        expect_callback,
        attach,
        wait,
        park,
        promoted,
        lead_until,
        about_to_wait,
        poll,
        woke,
        events,
        stop,
        join,
        own_thread,
        own_turned,  // a turn that the own thread led is over
        run_callbacks,
        drain,
        draining,
    };
    enum class Phase : std::uint8_t { open, continued, left, done };
    enum class Rest : std::uint8_t { none, linger, sleep };

    struct Frame {
        Step step;
        std::uint8_t about;  // the operation, the follower or a flag
    };
    struct Thread {
        std::array<Frame, 10> stack;
        std::uint8_t depth;
        bool leads;     // is inside the loop
        bool in_line;   // is lined up
        bool unparked;  // its Parker's word, set before it parks
    };
    /// Everything that changes, without padding that is ever written: equal states have equal
    /// bytes. Pointers in it point into it, so bytes may be put back only where they were taken.
    struct State {
        HandOn hand_on{false};
        std::array<Follower, kCallers> followers;
        std::array<Thread, kCallers + 1> threads;
        std::array<Phase, kOperations> phases;
        Set inbox, callbacks, batch, in_flight, signals, waiters, called_back;
        std::uint8_t leader_signal;  // the operation's number + 1; 0: none
        std::uint8_t expected;
        Rest own_rests;
        bool polling, wake_sent, closed, stopping, ended, draining, notified;
        bool taken;  // the lead was, since the own thread went to rest
    };

    static Set bit(std::size_t operation) { return static_cast<Set>(1U << operation); }
    static std::uint8_t take_first(Set& set);
    std::size_t owner_of(std::size_t operation) const;

    // The stacks: what a thread does next is on top.
    void push(std::size_t t, Step step, std::size_t about = 0);
    Frame pop(std::size_t t);
    const Frame* top(std::size_t t) const;
    bool has(std::size_t t, Step step) const;
    std::size_t choices(std::size_t t) const;
    bool is_nobody_elses_business(std::size_t t) const;

    // The steps.
    void next_call(std::size_t t, std::size_t index);
    void start(std::size_t t, Call call, std::size_t operation);
    void step(std::size_t t, Frame frame, std::uint8_t choice);
    void step_waiting(std::size_t t, Frame frame);
    void step_turn(std::size_t t, Frame frame, std::uint8_t choice);
    void step_own(std::size_t t, Frame frame, std::uint8_t choice);
    void run_in_loop(std::size_t t, std::size_t operation);
    void drain_inbox(std::size_t t);
    void run_task(std::size_t t, std::size_t operation, bool at_once);
    void end_others(std::size_t t, std::size_t operation);
    void finish(std::size_t t, std::size_t operation);
    void set(std::size_t t, std::size_t operation);
    void call_back(std::size_t t, std::size_t operation);
    void wait(std::size_t t, std::size_t operation);
    void lead(std::size_t t, std::size_t operation);
    void hand_on(std::size_t t);
    void unpark(std::size_t follower);
    void push_turn(std::size_t t);
    void events(std::size_t t, std::uint8_t choice);
    bool must_stay_awake(std::size_t t) const;
    void stop(std::size_t t);
    void own_thread(bool lingered);
    void own_step(bool lingered);
    void own_ends();
    void lead_as_own_thread();
    void own_turned();
    void run_callback(std::size_t t, std::size_t operation);
    void draining(std::size_t t);
    void notify_own() { now_.notified = now_.own_rests != Rest::none; }

    // What must hold.
    void require(bool holds, const char* what);
    void check();
    void check_leader();
    void check_poller(std::size_t t);
    void check_parked(std::size_t t);
    bool is_promised(std::size_t t) const;
    bool is_somebody_lined_up() const;
    bool about_to(Step step, std::size_t about) const;

    std::array<std::vector<std::pair<Call, std::size_t>>, kCallers> programs_;
    std::array<Call, kOperations> kinds_{};
    Set to_call_back_ = 0;
    bool closes_ = false;
    const bool at_once_;
    const Mistake mistake_;
    std::string violation_;
    State now_{};
};

}  // namespace quorumlock::env
