// Locks by name, as an interface: for code that is to be tested without any lock.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <type_traits>
#include <utility>

#include <quorumlock/detail/run_under_lock.h>
#include <quorumlock/execution.h>
#include <quorumlock/operation.h>
#include <quorumlock/time.h>

namespace quorumlock {

/// Take a lock by its name and give it back by its name. NamedLocks implements it over real nodes;
/// quorumlock/testing/mock_named_locks.h is a double for tests. Every verb returns an Operation
/// that has started: `.get()` blocks, `co_await` suspends, `.then(f)` calls back.
///
/// `resource`: 1 .. 4096 bytes. `expiry`: the lease, 10 ms .. ServiceOptions::max_ttl. Wrong
/// arguments are invalid_argument. Locks are not re-entrant: whoever holds a name is refused it
/// too.
class NamedLocksInterface {
  public:
    /// Where no expiry is given.
    static constexpr Nanos kDefaultExpiry = std::chrono::seconds(60);

    virtual ~NamedLocksInterface() = default;

    /// Asks once. true: acquired, until it is released by its name or the expiry has passed. false:
    /// another holds it, or this object itself. An outage is an error (`no_quorum`, ...), not
    /// false. `stop` cancels, as dropping the Operation does: what was reached is undone.
    [[nodiscard]] virtual Operation<bool> try_acquire(std::string_view resource,
                                                      Nanos expiry = kDefaultExpiry,
                                                      std::stop_token stop = {}) = 0;
    /// Gives back what this object acquired under this name, by whichever thread. true: it was held
    /// until now. false: there is nothing to give back; it expired, was lost or released, or was
    /// never ours. Of what others hold nothing is touched. An error (`no_quorum`) means that what
    /// remains ends with the lease; it is not held any more in any case. Runs on when dropped.
    virtual Operation<bool> release(std::string_view resource) = 0;
    /// Holds it for `expiry` from now; never shortens. true: extended. false: it is not held any
    /// more. Errors: `no_quorum` (held until its own end), `unsupported` (this kind of node cannot
    /// extend: let the expiry cover the work). Runs on when dropped.
    virtual Operation<bool> extend(std::string_view resource, Nanos expiry = kDefaultExpiry) = 0;

    /// Runs f() only while holding; blocking. f may take a std::stop_token, which stops when the
    /// lock is lost, the expiry being the latest: nothing renews it but extend(). A plain f runs in
    /// this thread; where f returns an awaitable, it is called and resumed on the service's own
    /// thread and awaited there. An exception of f releases the lock and passes on. `stop` cancels
    /// the acquire, not f. Errors: those of try_acquire; would_deadlock on the service's own
    /// thread.
    template <class F>
    auto execute(std::string_view resource, F&& f, Nanos expiry = kDefaultExpiry,
                 std::stop_token stop = {}) -> Result<Execution<detail::ValueUnderLock<F>>> {
        using Answer = Execution<detail::ValueUnderLock<F>>;
        auto asked = acquire_for_run(resource, expiry, std::move(stop));
        if constexpr (detail::Awaitable<detail::Called<std::decay_t<F>>>) {
            // Here f must not run behind an answer that nobody could wait for.
            if (detail::must_not_block(asked)) return detail::would_deadlock_error();
            return detail::run_later(std::move(asked), std::forward<F>(f)).get();
        } else {
            auto hold = asked.get();
            if (!hold) return std::move(hold).error();
            Answer execution;
            if (*hold == nullptr) return execution;
            try {
                detail::ExecutionAccess::run(execution, f, **hold);
            } catch (...) {
                (void)(*hold)->end().get();
                throw;
            }
            detail::ExecutionAccess::ended(execution, (*hold)->end().get());
            return execution;
        }
    }

    /// The same without waiting: f, a function or a coroutine, is kept, called on the service's own
    /// thread (or in the caller's loop) and must not block there. An exception of f comes out of
    /// get(), co_await and the future; then() finds it in Execution::exception(). Dropping the
    /// Operation leaves f running; its answer, an exception too, is then lost.
    template <class F>
    auto execute_async(std::string_view resource, F&& f, Nanos expiry = kDefaultExpiry,
                       std::stop_token stop = {})
        -> Operation<Execution<detail::ValueUnderLock<F>>> {
        return detail::run_later(acquire_for_run(resource, expiry, std::move(stop)),
                                 std::forward<F>(f));
    }

  protected:
    NamedLocksInterface() = default;
    NamedLocksInterface(const NamedLocksInterface&) = default;
    NamedLocksInterface& operator=(const NamedLocksInterface&) = default;

    /// How execute() acquires and gives back: by try_acquire() and release(), so that who
    /// implements these has implemented all. This object must then outlive the run.
    [[nodiscard]] virtual Operation<detail::RunHoldPtr> acquire_for_run(std::string_view resource,
                                                                        Nanos expiry,
                                                                        std::stop_token stop);
};

}  // namespace quorumlock
