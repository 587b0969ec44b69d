// Makes the faults of a plan happen, and ends them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "tests/sim/plan.h"
#include "tests/sim/sim_dapr.h"
#include "tests/sim/sim_names.h"

namespace quorumlock::sim {

/// What faults act upon.
struct Scene {
    World& world;
    const Plan& plan;
    Network& network;
    Names& names;
    std::vector<std::unique_ptr<SimServer>>& servers;
    std::vector<std::unique_ptr<SimProcess>>& processes;
    SimDapr* dapr = nullptr;  ///< Where the world has a sidecar.
};

class FaultEvents {
  public:
    /// A fault has begun: checkers may have to be told.
    virtual void on_fault(const Fault& fault) = 0;
    virtual void on_fault_over(const Fault& fault) = 0;
    /// The clock of a process has another speed from now on.
    virtual void on_process_clock(int process) = 0;
    /// Its process runs no more.
    virtual void on_death(int process) = 0;
    /// The server's password is changed, or is what it was before.
    virtual void on_new_password(int server, bool changed) = 0;

  protected:
    ~FaultEvents() = default;
};

class FaultDriver {
  public:
    FaultDriver(const Scene& scene, FaultEvents& events);
    ~FaultDriver();

    /// Ends all that is still going on, and starts nothing any more.
    void cease();
    /// Faults that have begun.
    int begun() const noexcept { return begun_; }

    /// A round command leaves this process for this server: what is wrong there hits it.
    void touch(int process, int server) noexcept;
    /// Faults that hit an open round.
    int hits() const noexcept { return hits_; }

  private:
    class Running;

    void begin(Running& running);
    void end(Running& running);
    void change(Running& running, bool on);
    void change_path(const Fault& fault, bool on);
    void harm_links(const Fault& fault);
    void harm_pushes(const Fault& fault);
    void change_server(Running& running, SimServer& server, bool on);
    void change_state(const Fault& fault, SimServer& server, bool on);
    void change_password(const Fault& fault, SimServer& server, bool on);
    void change_clock(const Fault& fault, bool on);
    void change_process(const Fault& fault, SimProcess& process, bool on);
    void next_of_storm(Running& running);

    Scene scene_;
    FaultEvents& events_;
    std::deque<Running> running_;
    std::vector<std::int64_t> honest_server_ppm_;
    int begun_ = 0;
    int hits_ = 0;
};

}  // namespace quorumlock::sim
