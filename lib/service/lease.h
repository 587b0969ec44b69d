// One token's whole life on the nodes: asking for the lock, holding it, extending it, giving it
// up, undoing it. A pooled object of the loop; the few atomics are what a Lock handle reads from
// other threads.
//
// While it asks the nodes it has a Round (round.h). What is here is what a held lock costs.
// lease.cpp holds the rounds and the holding, lease_acquire.cpp the answers to an acquire with its
// fencing number, lease_heal.cpp what puts lost votes back.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include <quorumlock/node.h>
#include <quorumlock/token.h>

#include "lib/base/list.h"
#include "lib/base/small_bytes.h"
#include "lib/env/env.h"
#include "lib/protocol/renewal.h"
#include "lib/service/round.h"

namespace quorumlock::detail {

class Core;
class OperationState;
class ServiceState;

/// What a handle needs to know without entering the loop. Rule T4.
enum class Hold : std::uint8_t {
    none,    ///< not acquired (yet)
    held,    ///< until validity_end, which the reader compares with the clock
    let_go,  ///< released, detached or dropped by its holder
    lost,    ///< final (rule E4)
};

class Lease final : public ListHook<Lease> {
  public:
    explicit Lease(Core& core) : core_(core) {}

    // ---- on the loop ----
    /// A fresh life under this token. `may_hold`: nodes that may hold it already (bare tokens).
    void begin(std::string_view resource, const Token& token, Nanos ttl, NodeSet may_hold);
    /// Starts a round; Core hears on_acquired / on_not_acquired / on_extended / on_released.
    struct AcquirePlan {
        Nanos time_limit{0};                ///< Of each question in it, by rule T5,
        Instant deadline = Instant::max();  ///< and the caller's, of all.
        bool want_remaining = false;        ///< A refusal should tell how long the holder has left.
        bool fence = false;                 ///< Rule F1
        bool wake = false;                  ///< Who refuses should tell of a change: rule W1.
        int gate = -1;                      ///< Asked first, and the others when it has granted.
    };
    void acquire(const AcquirePlan& plan);
    /// By TRANSFER from `giver`, which has been let go while it was held, and is released by it:
    /// both rounds go on side by side, and Core hears of both; and on_handed() when this one needs
    /// `giver` no more. `giver_limit`: of its release. Rule W5.
    void take_over(Lease& giver, Nanos giver_limit, const AcquirePlan& plan);
    void extend(Nanos ttl, Nanos time_limit);
    /// An extension by the service itself.
    void renew(Nanos time_limit);
    void release(Nanos time_limit);
    /// Ends the round and undoes what may be on the nodes, in the background (rule A6).
    void undo();
    /// Ends the round and forgets the token without undoing it: its holder lives on elsewhere.
    void forget();
    /// After the acquire: watches for the expiry and renews when asked to (rules L1, E5).
    void watch(Instant now, const protocol::RenewalPlan* renewal);
    /// The lock is gone: held() is false for ever, lost() fires (rules E4, L1, L2).
    void lose();

    bool extending() const noexcept { return is_open(Round::Kind::extend); }
    bool releasing() const noexcept { return is_open(Round::Kind::release); }
    Nanos renew_ttl() const noexcept { return renew_ttl_; }
    /// Of the round that has just been decided, for an error: also asks the nodes that were not
    /// heard whether they are there at all.
    RoundReport report();
    NodeSet may_hold() const noexcept { return may_hold_; }
    /// Of the last round that asked for it, what Core has to know to wait on: rule W1.
    NodeSet armed() const;
    /// Likewise: whose last answer was no vote, of those `before` who has not answered yet too.
    NodeSet without_vote(NodeSet before) const noexcept;

    // ---- any thread while a handle exists ----
    std::string_view resource() const noexcept { return resource_.view(); }
    const Token& token() const noexcept { return token_; }
    Nanos ttl() const noexcept { return ttl_; }
    std::int64_t fence() const noexcept { return fence_; }
    Instant validity_end() const noexcept {
        return Instant(Nanos(validity_end_.load(std::memory_order_acquire)));
    }
    Hold hold() const noexcept { return hold_.load(std::memory_order_acquire); }
    /// held -> let_go, once: the caller that gets true owns the release (rule R4).
    bool let_go() noexcept;
    NodeSet holders() const noexcept {
        return NodeSet::from_bits(holders_.load(std::memory_order_relaxed));
    }

    // ---- owned by the front and Core ----
    std::shared_ptr<ServiceState> keep;  ///< while a handle exists
    env::Task& drop_task() noexcept { return drop_task_; }
    env::Task& loss_task() noexcept { return loss_task_; }
    std::optional<std::stop_source> lost_source;  ///< under ServiceState's lost mutex
    OperationState* operation = nullptr;          ///< whom the current round answers; may be null
    OperationState* next_extension = nullptr;     ///< extensions waiting for the current one
    int users = 0;               ///< handle, operations, queued tasks: while > 0 it is not recycled
    std::int8_t hand_overs = 0;  ///< So many more before others get their turn (rule W5).
    bool taken_over = false;     ///< It came by a hand-over.
    bool keeps_others_waiting = false;  ///< Held, and not yet told to who waits here.
    bool detached = false;
    std::optional<Instant> held_since;  ///< Counted as held by the observer's gauge.
    Instant round_started() const noexcept { return round_->started; }

  private:
    friend class Round;

    struct LifeTimer final : env::Timer {
        explicit LifeTimer(Lease& l) : lease(l) {}
        void fire() override { lease.on_life_timer(); }
        Lease& lease;
    };
    struct DropTask final : env::Task {
        explicit DropTask(Lease& l) : lease(l) {}
        void run() override;
        Lease& lease;
    };
    /// Runs twice for one loss: on the callback thread, and behind that on the loop.
    struct LossTask final : env::Task {
        explicit LossTask(Lease& l) : lease(l) {}
        void run() override;
        bool announced = false;  // here it costs no room
        Lease& lease;
    };

    // What its round hears
    void on_answer(int node, const nodes::Answer& answer);
    void on_heal_answer(int node, nodes::Outcome outcome);
    void on_time_limit();

    bool is_open(Round::Kind kind) const noexcept {
        return round_ != nullptr && round_->kind == kind && !round_->decided;
    }
    /// The round it has, or one from the pool.
    Round& need_round();
    Round& need_release_round();
    /// Gives the round back when it is over.
    void leave_round();
    /// From now on the nodes that are open have so much time, and no more than the caller has.
    Nanos limit_acquire(Nanos time_limit);
    void start_round(Round::Kind kind, const nodes::Ask& ask, NodeSet to, Nanos time_limit);
    void start_acquire(const AcquirePlan& plan, nodes::Ask ask);
    nodes::Ask question(const Round& round) const;
    void on_acquire_answer(int node, const nodes::Answer& answer, Instant now);
    void on_gate_answer(int node, const nodes::Answer& answer);
    void ask_the_others();
    void begin_handing(Nanos time_limit);
    void on_handed(int node, const nodes::Answer& answer);
    void end_handing(NodeSet unanswered);
    void leave_giver(NodeSet unanswered);
    void raise();
    void heal_absent();
    void heal_late(int node, nodes::Outcome outcome);
    void heal(NodeSet to);
    Nanos healing_ttl() const;
    void end_healing();
    void end_round(bool silent);
    NodeSet protocol::Votes::*release_vote(int node, nodes::Outcome outcome) const;
    void end_renewal();
    void observe(int node, nodes::Outcome outcome);
    void on_life_timer();
    using PlanOfRenewal = Instant (protocol::RenewalPlan::*)(Instant, Instant, std::uint64_t) const;
    void plan_renewal(Instant now, PlanOfRenewal next);
    void arm_life_timer();
    void note_holder(int node) noexcept;
    void apply_acquire(protocol::AcquireDecision decision);
    void apply_extend(protocol::ExtendDecision decision);
    void apply_release(protocol::ReleaseDecision decision);

    Core& core_;
    SmallBytes resource_;
    Token token_;
    Nanos ttl_{0};        // the longest asked so far: how long an undo may matter
    Nanos renew_ttl_{0};  // as acquired
    Round* round_ = nullptr;
    std::int64_t fence_ = 0;

    protocol::RenewalPlan renewal_;
    Instant renew_at_ = protocol::RenewalPlan::kNever;

    LifeTimer life_timer_{*this};
    DropTask drop_task_{*this};
    LossTask loss_task_{*this};

    NodeSet may_hold_;  // where the token may be: granted or unknown, not yet told to release
    NodeSet handing_;   // sent a TRANSFER from this token, unanswered
    std::atomic<Instant::rep> validity_end_{0};
    std::atomic<std::uint32_t> holders_{0};
    std::atomic<Hold> hold_{Hold::none};
};

}  // namespace quorumlock::detail
