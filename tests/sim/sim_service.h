// The lock service of one simulated process: the production front, core, leases, machines, nodes
// and codec, on a simulated Env. It can be closed and opened again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

#include "lib/service/service_state.h"
#include "tests/sim/checkers/leftovers.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim_runner.h"

namespace quorumlock::sim {

class SimService {
  public:
    SimService(SimProcess& process, const Plan& plan);
    ~SimService();

    SimProcess& process() noexcept { return process_; }
    const SimProcess& process() const noexcept { return process_; }
    const ServiceOptions& options() const noexcept { return plan_.options; }
    Time longest_lag() const noexcept { return plan_.longest_lag; }

    /// A fresh service; the former one must be closed, or there was none.
    void open();
    bool is_open() const noexcept { return locks_.has_value(); }
    LockService& locks() noexcept { return *locks_; }
    /// Nobody waits for its end.
    void abandon() { locks_.reset(); }
    /// Counts the services of this process.
    int number() const noexcept { return number_; }
    /// Begins to close it; nothing may be begun on it from here on.
    Operation<void> close();
    bool closing() const noexcept { return closing_; }
    /// It is closed, and has said what may remain: the handle goes, what is behind it lives as
    /// long as somebody holds a lock.
    void closed(const Result<void>& result, Leftovers& leftovers);

    /// How long a round with this ttl may take: rule T5.
    Nanos round_limit(Nanos ttl) const noexcept;
    /// How long an operation may have to wait for the first connections.
    Nanos first_connections() const noexcept;
    /// What all services of this process still have: leases and operations.
    ServiceStats stats() const;
    /// How many services there have been and still are.
    std::size_t instances() const noexcept { return instances_.size(); }
    /// No callback is under way or expected, and no loop is kept alive.
    bool quiet() const noexcept;
    /// After the death of a process: its callbacks run again.
    void resume();
    /// Takes the services apart; everything must be closed. False: something holds on to one.
    bool dismantle();

  private:
    struct Instance {
        SimRunner* runner;  ///< Owned by the state.
        std::shared_ptr<detail::ServiceState> state;
    };
    std::string uri(std::size_t node) const;

    SimProcess& process_;
    const Plan& world_plan_;
    const ProcessPlan& plan_;
    std::vector<Instance> instances_;
    std::optional<LockService> locks_;
    int number_ = 0;
    bool closing_ = false;
    std::int64_t opened_at_ = 0;
};

/// The files and variables by which a node's password is found.
std::string password_file(std::size_t node);
std::string password_variable(std::size_t node);
/// A node's password as the run begins, and what it may be changed to.
std::string password(std::size_t node, bool changed);

}  // namespace quorumlock::sim
