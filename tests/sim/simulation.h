// One run: a world made from a plan, its users, and the checkers. Same plan, same run.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "tests/sim/fault_driver.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/vendor.h"

namespace quorumlock::sim {

/// What came out of one run.
struct Outcome {
    std::uint64_t seed = 0;
    bool strict = false;  ///< No fault of the plan excuses two holders.
    std::optional<Violation> violation;
    std::uint64_t hash = 0;
    int grants = 0;
    int operations = 0;
    int faults = 0;
    int hits = 0;  ///< Faults that hit an open round.
    int excused_overlaps = 0;
    Time excused_time = 0;
    Time lasted = 0;
    std::uint64_t steps = 0;
    std::vector<Trace::Line> lines;  ///< Only when told.
};

class Simulation final : public FaultEvents {
  public:
    Simulation(const Plan& plan, bool telling);
    ~Simulation();

    Outcome run();

  private:
    void make_servers();
    void make_sidecar();
    void make_processes();
    void make_clients();
    void make_vendors();
    void on_fault(const Fault& fault) override { judge_->on_fault(fault, true); }
    void on_fault_over(const Fault& fault) override { judge_->on_fault(fault, false); }
    void on_process_clock(int process) override {
        judge_->exclusion.clock_changed(*processes_[static_cast<std::size_t>(process)]);
    }
    void on_death(int process) override;
    void on_new_password(int server, bool changed) override;

    void say(const char* phase);
    /// Until `done`, or for `most`: false when that was not enough, or a rule is broken.
    template <class Done>
    bool run_until(Time most, const Done& done) {
        const Time end = world_.now() + most;
        while (burying_ || !judge_->verdict.broken()) {
            if (done()) return true;
            if (!world_.step(end)) return done();
            if (world_.steps() > kMostSteps)
                judge_->verdict.report("endless", "the run never ends");
        }
        return false;
    }
    void be_busy();
    void settle();
    void acquire_all();
    void acquire_last(SimClient& client, int resource);
    /// Rule W1: somebody holds, somebody else waits, and must be woken. In simulation_wake.cpp.
    void wake_last();
    SimClient* other_than(SimClient& client);
    Time round_trips(int number) const;
    bool hold_last(SimClient& client, Nanos ttl);
    void disturb(SimClient& waiter, std::uint64_t way);
    void cut_pushes(SimClient& waiter);
    int right_clocks(const SimProcess& process) const;
    bool clocks_are_right(const SimProcess& process) const {
        return right_clocks(process) >= plan_.quorum();
    }
    void close_all();
    void close(SimService& service, std::size_t& open);
    void look_around();
    void take_apart();
    /// Alive, and with a service that is open.
    bool is_there(SimClient& client) const;
    SimClient* anybody();
    /// More than any run needs: one that takes more goes in circles.
    static constexpr std::uint64_t kMostSteps = 3'000'000;

    const Plan& plan_;
    Trace trace_;
    World world_{trace_};
    Names names_;
    std::unique_ptr<Network> network_;
    std::vector<std::unique_ptr<SimServer>> servers_;
    std::unique_ptr<SimDapr> dapr_;
    std::unique_ptr<Judge> judge_;
    Bounds bounds_;
    std::vector<std::unique_ptr<SimProcess>> processes_;
    std::vector<std::unique_ptr<SimService>> services_;
    std::vector<std::unique_ptr<SimClient>> clients_;
    std::vector<std::unique_ptr<Vendor>> vendors_;
    std::unique_ptr<FaultDriver> faults_;
    bool burying_ = false;
    MemberEvent<Simulation, &Simulation::look_around> look_{*this};
};

/// Draws the plan of a seed and runs it.
Outcome run_seed(std::uint64_t seed);

}  // namespace quorumlock::sim
