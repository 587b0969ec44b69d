// When the head of a line asks the nodes again, and whom it asks first. Rules A9, W1, W2, W4.
#pragma once

#include <cstdint>
#include <optional>

#include <quorumlock/time.h>

#include "lib/base/node_set.h"
#include "lib/protocol/retry.h"

namespace quorumlock::protocol {

class Waiting {
  public:
    enum class Way : std::uint8_t {
        all,   ///< every node at once
        gate,  ///< one node, and the others when that has granted (rule W4)
    };
    /// What an attempt came to. Of a gate that refused, what the gate said.
    struct Outcome {
        bool refused = false;    ///< By so many that the rest are no quorum; or by the gate.
        bool no_quorum = false;  ///< Too few answered; or the gate did not.
        bool no_vote = false;    ///< The gate said that it cannot vote: another one is there now.
        NodeSet armed{};         ///< Who will tell of a change.
        NodeSet likely{};        ///< Who has not answered, and will tell of one if he refuses too.
        /// What is left of the holder's lease.
        std::optional<Nanos> remaining{};
    };

    /// Nobody has asked yet; the first attempt asks all.
    void begin(int nodes, Nanos retry_delay, Nanos retry_delay_max);

    /// How long a question lately took until it was decided.
    void set_question_time(Nanos takes) { question_ = takes; }

    void on_asked(Way way, Instant now);
    /// The attempt failed. `random`: 64 uniform bits.
    void on_failed(const Outcome& outcome, Instant now, std::uint64_t random);
    /// Node `node` tells of a change; less than 0: of any, and no node is armed any more. `gate`:
    /// whom an attempt would ask first now.
    void on_push(int node, int gate, Instant now, std::uint64_t random);
    /// This service holds the lock itself now: nothing is asked before on_free().
    void on_held_here();
    /// What this service held is free, or may be: asked again at `at`, and not before. `turn_over`:
    /// others come first (rule W5).
    void on_free(Instant at, bool turn_over);
    /// Whoever asked is gone: the one behind asks at once.
    void on_abandoned(Instant now);

    /// When to ask again; max(): when something happens. Not while asking.
    Instant when() const noexcept { return asking_ ? Instant::max() : when_; }
    bool asking() const noexcept { return asking_; }
    Way asked() const noexcept { return asked_; }  ///< Whom the last attempt asked.
    Way way(Instant now) const noexcept {
        return held_by_another_ && now < all_due_ ? Way::gate : Way::all;
    }

  private:
    void follow(NodeSet pushed, Instant now, std::uint64_t random);
    void ask_soon(Instant now, std::uint64_t random);
    Nanos pause(std::uint64_t random) const;

    int nodes_ = 0;
    Nanos retry_delay_{0};
    Nanos question_{0};
    Retry retry_;
    Instant when_ = Instant::max();
    Instant not_before_{};
    Instant all_due_ = Instant::max();  ///< When a gate's refusals are not believed any longer.
    Instant last_all_{};
    NodeSet armed_;
    NodeSet pushed_;  ///< Told of a change since the attempt that is under way was begun.
    int gate_ = -1;   ///< As the last push found it.
    Way asked_ = Way::all;
    bool asking_ = false;
    bool held_here_ = false;
    bool held_by_another_ = false;  ///< The last round that asked all was refused.
    bool backs_off_ = false;        ///< The votes were split, or too few answered: rule A9.
    bool woken_ = false;            ///< The attempt that is under way came of a push.
    /// Pushes in a row behind which the lock was not free; less than 0: so many more go to others
    /// first, since this service has just had its turn (rule W5).
    int in_vain_ = 0;
};

}  // namespace quorumlock::protocol
