// Who leads the loop next: the leader/followers pattern as a pure state, without a lock, a clock
// or a thread, so that a model can walk through all its interleavings (tests/model/hand_on_test).
// LoopRunner guards it with its mutex and does the sleeping and waking.
//
//  - A blocked caller drives the loop itself when nobody else does.
//  - When its own operation is done it hands the lead on: to the service's own thread while
//    callbacks are expected, else to the next blocked caller, else to nobody.
//  - The own thread takes a lead that nobody wanted for one linger: a caller in a hot loop of
//    blocking calls keeps it without a cross-thread wake-up per call.
//  - When it ends it keeps the lead, so that nobody is inside the loop ever after.
#pragma once

#include <cstdint>

#include "lib/env/parker.h"

namespace quorumlock::env {

/// A blocked caller in line. Lives on its stack.
class Follower {
  public:
    Parker parker;
    bool leads = false;  ///< It was woken to lead, not because its operation is done.

  private:
    friend class HandOn;
    Follower* previous_ = nullptr;
    Follower* next_ = nullptr;
    bool in_line_ = false;
};

class HandOn {
  public:
    enum class Leader : std::uint8_t { nobody, caller, own_thread, callers_loop };
    enum class OwnStep : std::uint8_t { lead, linger, sleep };
    /// Whom the one who gives up the lead has to wake, after letting go of the mutex.
    struct Wake {
        bool own_thread = false;
        Follower* follower = nullptr;
    };

    /// With `callers_loop` the loop is led by the caller's uv_run for ever.
    explicit HandOn(bool callers_loop)
        : leader_(callers_loop ? Leader::callers_loop : Leader::nobody) {}

    Leader leader() const noexcept { return leader_; }

    bool try_lead(Leader as) noexcept;
    /// Lines up behind a leader. True: the leader should be interrupted to hand on.
    bool line_up(Follower& follower) noexcept;
    void leave_line(Follower& follower) noexcept;
    Wake give_up() noexcept;

    /// A callback, or the own thread's end, is awaited by nobody who could drive the loop. True:
    /// wake the own thread.
    bool expect() noexcept;
    void expected_done() noexcept { --expected_; }

    /// The own thread has nothing else to do. `lingered`: it slept a whole linger undisturbed.
    OwnStep own_step(bool lingered) noexcept;
    /// May the own thread go on leading? Not while callers are blocked and nothing is expected.
    bool keep_leading() const noexcept { return first_ == nullptr || expected_ > 0; }
    /// True when the own thread sleeps or lingers, so that new work must wake it.
    bool own_is_resting() const noexcept { return own_ != Own::awake; }
    /// The own thread was woken for another reason than the lead (a callback, the end).
    void own_woke() noexcept { own_ = Own::awake; }

  private:
    enum class Own : std::uint8_t { awake, lingering, asleep };

    Leader leader_;
    Own own_ = Own::awake;
    bool taken_since_ = false;  // the lead was, since the own thread began to linger
    std::int64_t expected_ = 0;
    Follower* first_ = nullptr;
    Follower* last_ = nullptr;
};

}  // namespace quorumlock::env
