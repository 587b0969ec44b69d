// The service on its loop: starts operations, runs their rounds on the nodes, retries, renews,
// announces loss, closes. One thread at a time is in here (env/runner.h); nothing blocks.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <quorumlock/node.h>

#include "lib/base/list.h"
#include "lib/env/env.h"
#include "lib/env/runner.h"
#include "lib/service/lease.h"
#include "lib/service/observations.h"
#include "lib/service/operation_state.h"
#include "lib/service/servers.h"
#include "lib/service/settings.h"
#include "lib/service/wait_lines.h"

namespace quorumlock::detail {

class Core final : private nodes::NodeEvents {
  public:
    /// What the loop needs of the thread-safe front.
    class Front {
      public:
        /// The nodes are closed; finish_close() is to be called when all else is.
        virtual void on_nodes_closed() = 0;
        /// Has the handle's user asked for lost()?
        virtual bool wants_loss(Lease& lease) = 0;
        virtual std::stop_source loss_of(Lease& lease) = 0;
        virtual std::shared_ptr<ServiceState> share() = 0;
        /// For ServiceStats: so many leases live, and what the pools of the loop have taken.
        virtual void on_leases(std::size_t live, std::size_t pooled_bytes) noexcept = 0;

      protected:
        ~Front() = default;
    };

    Core(env::Env& env, env::Runner& runner, Front& front, Settings settings,
         std::vector<std::unique_ptr<nodes::Node>> nodes);
    ~Core();

    /// Starts connecting.
    void open();

    // ---- tasks of the front ----
    void start(OperationState& operation);
    void cancel(OperationState& operation);
    void on_operation_timer(OperationState& operation);
    void on_handle_dropped(Lease& lease);
    void announce_loss(Lease& lease);  // on the callback thread
    void unpin(Lease& lease);

    // ---- what leases and inspectors need ----
    env::Env& env() noexcept { return env_; }
    nodes::Node& node(int i) noexcept { return *nodes_[static_cast<std::size_t>(i)]; }
    int node_count() const noexcept { return static_cast<int>(nodes_.size()); }
    NodeSet all_nodes() const noexcept { return NodeSet::first(node_count()); }
    const std::vector<std::string>& labels() const noexcept { return labels_; }
    protocol::Terms terms(Nanos ttl) const { return settings_.terms(ttl); }
    const Settings& settings() const noexcept { return settings_; }
    std::uint64_t random() noexcept { return env_.random_u64(); }

    // ---- what leases tell ----
    void on_acquired(Lease& lease);
    /// The gate of an acquire did not grant (rule W4). `node` less than 0: it did not answer.
    void on_gate_closed(Lease& lease, int node, const nodes::Answer& answer);
    void on_handed(Lease& giver);
    void on_not_acquired(Lease& lease, protocol::AcquireDecision decision, bool cut_by_caller);
    void on_extended(Lease& lease, protocol::ExtendDecision decision);
    void on_released(Lease& lease, protocol::ReleaseDecision decision);
    void on_lost(Lease& lease);
    void on_healed(Lease& lease, int node, nodes::Outcome outcome);
    void renew(Lease& lease);
    /// Renewals that come due together, after a pause of the process or of its nodes, must not
    /// fill the nodes' backlogs (rule N7): half of it is left to everybody else. One that is
    /// decided counts no more, so a slow node holds up nobody.
    bool can_renew() const noexcept {
        return open_renewals_ < std::max<std::size_t>(settings_.options.max_backlog / 2, 1);
    }
    void on_renewal_started() noexcept { ++open_renewals_; }
    void on_renewal_ended() noexcept { --open_renewals_; }

    // ---- what a line tells ----
    void on_line_timer(WaitLine& line);
    Round& take_round(Lease& lease);
    void give_back(Round& round) noexcept { rounds_.give_back(round); }

    // ---- for the observer ----
    /// Null: nobody observes, and nothing is spent on it.
    Observations* observations() noexcept { return observations_.get(); }
    void observe_answer(const Lease& lease, int node, nodes::Step step, nodes::Outcome outcome);

    template <class T>
    void complete(OperationState& operation, Result<T> result) {
        if (observations_) {
            observe_end(operation,
                        result ? std::nullopt : std::optional<Errc>(result.error().code()));
        }
        leave(operation);
        operation.complete(std::move(result));
    }
    /// Completes with an error, whatever the operation's type of result.
    void fail(OperationState& operation, Error error);

    void finish_close();

  private:
    enum class Phase : std::uint8_t { connecting, running, closing, closed };
    struct PhaseTimer final : env::Timer {
        explicit PhaseTimer(Core& c) : core(c) {}
        void fire() override { core.on_phase_timer(); }
        Core& core;
    };

    struct GaugeTimer final : env::Timer {
        explicit GaugeTimer(Core& c) : core(c) {}
        void fire() override { core.observe_gauges(); }
        Core& core;
    };

    void on_node_changed(int index) override;
    nodes::Admission on_greeting(int index, const nodes::Greeter& greeter) override;
    void on_wake(int index, std::string_view resource) override;
    void on_wake_refused(int index, const Cause& why) override;
    void on_phase_timer();
    void consider_running();
    void run();

    void leave(OperationState& operation);
    void start_acquire(OperationState& operation);
    /// `gate` less than 0: all nodes are asked at once.
    void begin_attempt(OperationState& operation, int gate);
    void start_extend(OperationState& operation, Lease& lease);
    void start_release(OperationState& operation, Lease& lease);
    void start_bare(OperationState& operation);
    void fail_extensions(Lease& lease);
    void start_when_running(OperationState& operation);
    void tell_nodes(OperationState& operation);

    // core_wait.cpp
    void join_line(OperationState& operation);
    void leave_line(OperationState& operation);
    void arm_last_try(OperationState& head);
    void schedule(WaitLine& line);
    void ask_from(WaitLine& line);
    int gate_of(const WaitLine& line);
    void wait_on(OperationState& operation, const protocol::Waiting::Outcome& outcome);
    void try_last(OperationState& operation);
    void give_up_waiting(OperationState& operation);
    void on_waiting_timer(OperationState& operation);
    void grant_hand_overs(const OperationState& operation, Lease& lease);
    void on_turn_ended(OperationState& operation, Lease& lease);
    void on_free(Lease& lease, bool at_once);
    Nanos stand_back();
    bool hand_over(Lease& giver);

    Nanos time_limit(Nanos ttl, Nanos left) const;

    void start_close();
    void end_for_close(OperationState& operation);
    void consider_closed();

    std::unique_ptr<Observations> make_observations();
    void observe_start(OperationState& operation);
    void observe_end(const OperationState& operation, std::optional<Errc> error);
    void observe_renewal(const Lease& lease, std::optional<Errc> error);
    void observe_hold(Lease& lease);
    void notice(std::string_view text);
    void warn();
    void observe_hold_end(Lease& lease, HoldEnd end);
    void observe_gauges();

    Lease& new_lease();
    void attach(Lease& lease, OperationState& operation);
    void detach(Lease& lease, OperationState& operation);
    void recycle_if_unused(Lease& lease);
    void tell_leases() noexcept;

    env::Env& env_;
    env::Runner& runner_;
    const Settings settings_;
    std::vector<std::unique_ptr<nodes::Node>> nodes_;
    std::vector<std::string> labels_;
    std::unique_ptr<Servers> servers_;
    Phase phase_ = Phase::connecting;
    PhaseTimer phase_timer_{*this};
    Instant phase_end_{};
    bool quorum_seen_ = false;

    List<OperationState> operations_;
    WaitLines lines_{*this};
    bool wakes_prepared_ = false;
    Nanos question_takes_{0};  ///< Lately, until it is decided.
    List<Lease> live_leases_;
    std::vector<std::unique_ptr<Lease>> all_leases_;
    std::vector<Lease*> free_leases_;
    RoundPool rounds_;
    std::size_t open_renewals_ = 0;
    std::optional<Error> left_behind_;
    Front& front_;

    std::unique_ptr<Observations> observations_;
    GaugeTimer gauge_timer_{*this};  // the three are used only where there is an observer
    std::size_t held_ = 0;
    std::size_t open_acquires_ = 0;
};

}  // namespace quorumlock::detail
