// Time in a test's hands: no sleeps, no threads, the same run every time. The service is the real
// one; only its clock, its timers and its luck are the test's. Link quorumlock::testing.
//
//   VirtualTime time;
//   ScriptedNodes nodes(3);
//   LockService locks = time.open({.nodes = nodes.factories()}).value();
//   auto lock = locks.acquire("orders:42", {.ttl = 10s}).get();
//   time.advance(10s);
//   EXPECT_FALSE(lock->held());
#pragma once

#include <cstdint>
#include <memory>

#include <quorumlock/lock_service.h>
#include <quorumlock/options.h>
#include <quorumlock/result.h>
#include <quorumlock/time.h>

namespace quorumlock::testing {

class VirtualEnv;

/// Everything happens in the thread that calls: expiries, renewals, time limits, then(), lost() and
/// coroutines within run(), advance() or a blocking call. A blocking call (get(), with_lock(),
/// execute(), closing by destruction) lets time pass by itself, from timer to timer, until it is
/// answered: an acquire with a wait of 5 s from one who does not get the lock costs 5 s of virtual
/// time and no real one. Where nothing will ever answer it, it answers would_deadlock.
///
/// One thread only. Services may outlive it; their clock then stands still but for blocking calls.
class VirtualTime {
  public:
    /// The seed of tokens and jitter: the same seed, the same run.
    explicit VirtualTime(std::uint64_t seed = 1);
    ~VirtualTime();
    VirtualTime(const VirtualTime&) = delete;
    VirtualTime& operator=(const VirtualTime&) = delete;

    /// Opens a service over options.nodes, which are scripted ones or your own as long as they
    /// need no thread. Several services share the time. Errors as of LockService::open; `loop` must
    /// be null. NamedLocks::over(service) gives locks by name.
    Result<LockService> open(ServiceOptions options);

    /// What lock->validity_end() and Node compare to.
    Instant now() const noexcept;
    /// Does what is due now: answers, callbacks. Time stands still.
    void run();
    /// Lets time pass, `by` 0 or more, and does what becomes due on the way, each at its instant.
    void advance(Nanos by);
    /// Lets time pass while nothing is done: a process that was stopped, a machine that slept.
    void skip(Nanos by);

  private:
    std::shared_ptr<VirtualEnv> env_;
};

}  // namespace quorumlock::testing
