// One acquire+release cycle after another, by callbacks, without allocating.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tools/cli/bench_plan.h"

namespace quorumlock::cli {

class CycleWorker {
  public:
    class Events {
      public:
        /// A cycle has ended, on the service's own thread; `well`: without an error. May start
        /// the next one.
        virtual void cycle_ended(CycleWorker& worker, bool well) = 0;

      protected:
        ~Events() = default;
    };

    CycleWorker(const BenchRun& run, Events& events, std::string resource)
        : run_(run), events_(events), resource_(std::move(resource)) {}

    /// `timed_from`: kept for the listener, like `counted`.
    void start(std::int64_t timed_from_nanos, bool is_counted) {
        timed_from = timed_from_nanos;
        counted = is_counted;
        run_.service.acquire(resource_, run_.plan.acquire).then([this](Result<Lock> result) {
            acquired(std::move(result));
        });
    }

    std::int64_t timed_from = 0;
    std::int64_t waited = 0;  ///< From there to the grant; only when contended.
    bool counted = false;

  private:
    void acquired(Result<Lock> result) {
        if (!result) {
            run_.errors.add(result.error());
            events_.cycle_ended(*this, false);
            return;
        }
        if (run_.plan.contended) waited = bench_now() - timed_from;
        lock_.emplace(std::move(*result));
        check_entered(run_, *lock_);
        check_leaving(run_);
        lock_->release().then([this](Result<void> answer) { released(answer); });
    }
    void released(const Result<void>& answer) {
        lock_.reset();
        if (!answer) run_.errors.add(answer.error());
        events_.cycle_ended(*this, answer.has_value());
    }

    const BenchRun& run_;
    Events& events_;
    std::string resource_;
    std::optional<Lock> lock_;
};

}  // namespace quorumlock::cli
