// One client process: the Env that the production code lives in. It has a clock of its own, does
// one turn at a time, and can be stopped between any two of its steps.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/env/env.h"
#include "lib/env/task_queue.h"
#include "lib/env/timer_queue.h"
#include "tests/sim/random.h"
#include "tests/sim/sim_link.h"
#include "tests/sim/sim_names.h"
#include "tests/sim/sim_world.h"

namespace quorumlock::sim {

class SimDapr;
class SimStream;

struct ProcessTraits {
    std::int64_t boot_reading = 0;  ///< What CLOCK_BOOTTIME shows as the run begins.
    std::int64_t ppm = 0;
    Time turn = 0;  ///< How long each turn takes, by the processor's work alone.
    /// Now and then the process is preempted where it reads the clock: for up to this long.
    Time longest_theft = 0;
};

class SimProcess final : public env::Env {
  public:
    SimProcess(World& world, Network& network, Names& names, std::uint64_t seed, int index,
               const ProcessTraits& traits);
    ~SimProcess() override;

    int index() const noexcept { return index_; }
    std::string name() const { return "process " + std::to_string(index_); }
    World& world() noexcept { return world_; }
    Network& network() noexcept { return network_; }
    Names& names() noexcept { return names_; }

    // ---- Env ----
    Instant now() const noexcept override;
    Instant event_now() noexcept override;
    Nanos wall_now() const noexcept override;
    void arm(env::Timer& timer, Instant when) override;
    void disarm(env::Timer& timer) noexcept override { timers_.disarm(timer); }
    void post(env::Task& task) override;
    bool random_bytes(std::span<std::uint8_t> out) noexcept override;
    std::uint64_t random_u64() noexcept override { return jitter_.next(); }
    /// To the sidecar: there must be one.
    std::unique_ptr<env::HttpCall> request(const env::HttpRequest& request,
                                           env::HttpEvents& events) override;
    std::unique_ptr<env::Lookup> look_up(const std::string& host,
                                         env::LookupEvents& events) override;
    std::unique_ptr<env::Stream> connect(const env::Endpoint& to,
                                         env::StreamEvents& events) override;
    env::FileContent variable(const std::string& name) override;
    env::FileContent file(const std::string& path) override;

    // ---- time, as the world sees it ----
    /// The instant up to which this process has come: later than the world's within a turn that
    /// was preempted.
    Time time() const noexcept { return world_.now() > busy_until_ ? world_.now() : busy_until_; }
    /// What the own clock shows, read without being preempted.
    std::int64_t reading() const noexcept { return clock_.at(time()); }
    LocalClock& clock() noexcept { return clock_; }
    /// The clock has changed its speed: timers come due at other instants.
    void clock_changed() { schedule(); }
    /// How long it did not run although it could have, since the run began.
    Time stolen() const noexcept { return stolen_; }
    Time asleep_until() const noexcept { return asleep_until_; }
    /// Until when it cannot run, or an instant of the past.
    Time stopped_until() const noexcept {
        return asleep_until_ > busy_until_ ? asleep_until_ : busy_until_;
    }

    // ---- what can happen to it ----
    void pause(Time until);
    /// The whole machine: nothing is sent or received either.
    void suspend(Time until);
    bool is_suspended() const noexcept { return world_.now() < suspended_until_; }
    /// Its kernel closes all connections and it never runs again, until bury().
    void die();
    bool dead() const noexcept { return dead_; }
    /// It has no network any more.
    bool cut_off() const noexcept { return dead_ || buried_; }
    /// The end of the run: a dead one comes back, without a network, to be taken apart.
    void bury();
    bool entropy_fails = false;
    SimDapr* dapr = nullptr;  ///< What it asks over HTTP.
    int service = 0;          ///< Which of its services makes connections now.
    std::int64_t wall_shift = 0;
    std::map<std::string, std::string> variables, files;

    // ---- for links, look-ups and runners ----
    void input(Input& input);
    void forget(Input& input) noexcept;
    void add(SimStream& stream) { streams_.push_back(&stream); }
    void remove(SimStream& stream) noexcept;
    void add_dirty(SimStream& stream) { dirty_.push_back(&stream); }
    bool in_loop() const noexcept { return in_loop_; }
    /// What follows is an event of its own: event_now() is read anew.
    void new_event() noexcept { event_now_known_ = false; }
    bool empty() const noexcept {
        return timers_.empty() && tasks_.empty() && streams_.empty() && inputs_.empty();
    }
    /// Runs `body` on the loop as a thread does that has just taken the lead, then sends.
    void lead(const std::function<void()>& body);
    /// Called after everything that has run in this process.
    std::function<void()> after_turn;
    Random& luck() noexcept { return luck_; }

    /// How long a node had not answered, at most, when it was asked for one thing more.
    Time asked_in_silence() const noexcept { return asked_in_silence_; }
    void note_silence(Time lasted) noexcept {
        if (lasted > asked_in_silence_) asked_in_silence_ = lasted;
    }
    /// How many asks at most have waited at a time for one server, which had not read them yet.
    std::size_t longest_backlog() const noexcept { return longest_backlog_; }
    void note_backlog(std::size_t asks) noexcept {
        if (asks > longest_backlog_) longest_backlog_ = asks;
    }

    void trace_sent(Link& link, std::string_view bytes);
    void trace_received(Link& link, std::string_view bytes);
    void trace_event(Link& link, Mark mark, const char* what);

  private:
    void turn();
    void fire_timers();
    void deliver_inputs();
    void flush();
    void schedule();
    void sleep_until(Time until);

    World& world_;
    Network& network_;
    Names& names_;
    const int index_;
    const ProcessTraits traits_;
    LocalClock clock_;
    mutable Random luck_;
    Random entropy_;
    Random jitter_;
    env::TimerQueue timers_;
    env::TaskQueue tasks_;
    std::vector<Input*> inputs_, delivering_;
    std::vector<SimStream*> streams_, dirty_;
    bool in_loop_ = false;
    Instant event_now_{};
    bool event_now_known_ = false;
    bool dead_ = false;
    bool buried_ = false;
    mutable Time busy_until_ = 0;
    Time asleep_until_ = 0;
    Time suspended_until_ = 0;
    mutable Time stolen_ = 0;
    Time asked_in_silence_ = 0;
    std::size_t longest_backlog_ = 0;
    MemberEvent<SimProcess, &SimProcess::turn> turn_{*this};
};

}  // namespace quorumlock::sim
