// A user of the lock service with a will of his own: asks for locks, waits, extends, releases,
// cancels, drops handles, closes the service, and thinks in between. He uses nothing but the
// public face, as events of his process.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "tests/sim/checkers/bounds.h"
#include "tests/sim/checkers/judge.h"
#include "tests/sim/sim_service.h"

namespace quorumlock::sim {

class SimClient {
  public:
    SimClient(SimService& service, Judge& judge, Bounds& bounds, const Plan& plan, int index);
    ~SimClient();

    void start();
    /// Begins no operations of its own any more, and lets go of what it holds.
    void stop();
    /// Nothing is under way and nothing is held.
    bool idle() const noexcept;
    /// The process is dead: it does nothing any more.
    void die();
    /// What it held is taken apart with the process; call it only when that is dead.
    void bury();
    int index() const noexcept { return index_; }
    SimService& service() noexcept { return service_; }
    bool asks_without_pause() const noexcept { return service_.options().retry_delay == Nanos(0); }

    /// Lets go of what a last acquire has brought.
    void release_last() {
        if (lock_) release();
    }
    /// A last acquire, which waits up to `wait`; `done` hears whether it was granted.
    void acquire_for_sure(int resource, Nanos ttl, Nanos wait, bool fence,
                          std::function<void(bool)> done);

  private:
    enum class Will : std::uint8_t { think, give_up, collect, use };
    enum class Taking : std::uint8_t { callback, stop, drop, poll };
    using StopCallback = std::stop_callback<std::function<void()>>;

    /// A callback that finds nobody when its process has died meanwhile.
    template <class F>
    auto guarded(F f) {
        return [this, f = std::move(f)](auto result) mutable {
            if (!dead_) f(std::move(result));
        };
    }

    void step();
    void later(Time pause, Will then);
    void begin_something();
    void acquire();
    void took(Operation<Lock> operation, Time longest);
    void on_acquired(Result<Lock> result);
    void ask_for_loss();
    void use();
    void hold_on();
    void extend();
    void let_go();
    void release();
    void release_by_token();
    void close_service();
    void on_closed(const Result<void>& result);
    void look_around();
    void ask_for_nothing();
    void give_up_claim(Attempt::Claim claim);
    bool is_served(const Attempt& attempt) const noexcept;
    void forget_lock();
    void finish(const char* what, const Error* error);
    Watch* watch(const char* what, Nanos bound);
    void call(const char* what, int resource);

    SimService& service_;
    SimProcess& process_;
    Judge& judge_;
    Bounds& bounds_;
    const Plan& plan_;
    const int index_;
    Random luck_;
    int left_;
    bool stopped_ = false;
    bool dead_ = false;
    Will will_ = Will::think;
    Taking taking_ = Taking::callback;

    int resource_ = 0;
    std::int64_t deadline_ = 0;  ///< Of a waiting acquire, by the own clock; else 0.
    Nanos ttl_{0};
    Nanos longest_ttl_{0};
    std::uint64_t floor_ = 0;  ///< The largest number granted when the acquire began.
    Nanos wait_{0};            ///< So long it stands in line for it; 0: not at all.
    Renewal renewal_;
    int uses_ = 0;
    std::optional<std::stop_source> stop_;
    std::optional<Operation<Lock>> waiting_;
    Watch* watch_ = nullptr;
    std::optional<Lock> lock_;
    Belief* belief_ = nullptr;
    Attempt* attempt_ = nullptr;  ///< Of the lock.
    LossWatch* loss_ = nullptr;
    std::optional<StopCallback> on_loss_;
    std::function<void(bool)> last_;
    MemberEvent<SimClient, &SimClient::step> step_{*this};
};

}  // namespace quorumlock::sim
