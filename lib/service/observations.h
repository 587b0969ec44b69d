// Brings what happens on the loop to the observer, on the thread that runs callbacks. Exists only
// where there is an observer.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <quorumlock/observer.h>

#include "lib/base/small_bytes.h"
#include "lib/env/env.h"
#include "lib/env/runner.h"

namespace quorumlock::detail {

class Observations final {
  public:
    /// More than this are not kept: an observer that blocks must not fill the memory.
    static constexpr std::size_t kMaxPending = 16'384;

    Observations(std::shared_ptr<Observer> observer, env::Env& env, env::Runner& runner,
                 std::string provider)
        : observer_(std::move(observer)),
          env_(env),
          runner_(runner),
          provider_(std::move(provider)) {}

    /// It has just ended. `event` needs no provider and no times but its duration. Any thread.
    template <class E>
    void add(std::string_view resource, E event) {
        event.at = env_.now();
        event.wall = env_.wall_now();
        keep(resource, Event(std::move(event)));
    }
    /// Told behind all that was added before. Any thread.
    void set(const Gauges& gauges);

  private:
    using Event = std::variant<AcquireEvent, ExtendEvent, ReleaseEvent, BreakEvent, HoldEvent,
                               NodeAnswerEvent, ExecuteEvent, NoticeEvent>;
    struct Kept {
        SmallBytes resource;
        Event event;
    };
    struct Delivery final : env::Task {
        explicit Delivery(Observations& o) : observations(o) {}
        void run() override { observations.deliver(); }
        Observations& observations;
    };

    void keep(std::string_view resource, Event event);
    void deliver();
    void tell(Kept& kept);

    const std::shared_ptr<Observer> observer_;
    env::Env& env_;
    env::Runner& runner_;
    const std::string provider_;
    Delivery delivery_{*this};
    std::vector<Kept> telling_;  // of the thread that tells; keeps its memory

    std::mutex mutex_;  // guards all below; not held while the observer or the runner is called
    std::vector<Kept> pending_;
    std::size_t dropped_ = 0;
    Gauges gauges_;
    bool gauges_changed_ = false;
    bool on_its_way_ = false;
};

}  // namespace quorumlock::detail
