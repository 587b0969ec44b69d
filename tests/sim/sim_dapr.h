// A Dapr sidecar in front of one simulated server, as its users see it over HTTP: with the lies
// that its Redis client tells, and everything that can happen to it and on the way there. The
// answers themselves are DaprApi's.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "lib/env/env.h"
#include "tests/sim/dapr_api.h"
#include "tests/sim/fault.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_link.h"
#include "tests/sim/sim_world.h"

namespace quorumlock::sim {

/// The truth, as checkers need it.
class DaprEvents {
  public:
    /// It has read a request of a service of ours, handed in at `written` by its process's clock.
    virtual void on_dapr_lock(SimServer& server, SimProcess& process, int service,
                              std::int64_t written, const DaprAsk& ask) = 0;
    /// `lock_open`: the client still waits for its answer to the lock of the same owner.
    virtual void on_dapr_unlock(SimServer& server, SimProcess& process, const DaprAsk& ask,
                                bool lock_open) = 0;
    /// What the server executes from here on is for this owner; empty: for nobody any more.
    virtual void on_dapr_acts(std::string_view owner) = 0;
    /// The unlock of this owner was executed, or the client has its answer that it was.
    virtual void on_dapr_undone(SimServer& server, std::string_view owner, bool told) = 0;
    /// This process was answered by an error, or not at all.
    virtual void on_dapr_trouble(SimServer& server, SimProcess& process, bool answered) = 0;

  protected:
    ~DaprEvents() = default;
};

class SimHttpCall;

class SimDapr {
  public:
    SimDapr(World& world, Network& network, std::uint64_t seed, SimServer& server,
            DaprEvents& events);
    ~SimDapr();

    void add_address(std::string address, bool silent) {
        addresses_.push_back({std::move(address), silent});
    }
    std::unique_ptr<env::HttpCall> request(SimProcess& process, const env::HttpRequest& request,
                                           env::HttpEvents& events);
    /// One of FaultKind::sidecar_* begins or ends.
    void strike(const Fault& fault, bool on);

    // ---- for the calls ----
    /// The client does not wait any more. Has a byte of the request left?
    bool abandon(std::size_t exchange);
    void told(std::size_t exchange, bool clean);
    World& world() noexcept { return world_; }

  private:
    struct Exchange;
    struct Address {
        std::string text;
        bool silent;
    };

    void step(Exchange& exchange);
    void arrive(Exchange& exchange);
    void read(Exchange& exchange);
    void ask_store(Exchange& exchange);
    void apply(Exchange& exchange);
    std::string execute(const DaprAsk& ask);
    void spoil(Exchange& exchange, HttpSaid& said);
    void answer(Exchange& exchange, HttpSaid said);
    void fail(Exchange& exchange, const char* why, bool may_be_sent);
    void hand_over(Exchange& exchange);
    void die();
    void thaw();
    /// Does a fault of this kind go on, and hit?
    bool struck(FaultKind kind, std::uint64_t some = 1, std::uint64_t of = 2);
    int& going_on(FaultKind kind) noexcept {
        return going_on_[static_cast<std::size_t>(kind) -
                         static_cast<std::size_t>(FaultKind::sidecar_lies)];
    }

    World& world_;
    Network& network_;
    SimServer& server_;
    DaprEvents& events_;
    const DaprApi api_;
    Random luck_;
    std::vector<Address> addresses_;
    std::deque<Exchange> exchanges_;
    std::array<int, 8> going_on_{};
    Time latest_ = kMilli;  ///< How late sidecar_late is at most.
};

}  // namespace quorumlock::sim
