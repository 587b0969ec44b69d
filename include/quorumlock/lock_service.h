// The service: a distributed lock over a quorum of independent nodes.
//
//   auto locks = quorumlock::LockService::open({"redis://10.0.0.1", "redis://10.0.0.2",
//                                               "redis://10.0.0.3"});
//   auto lock = locks->acquire("orders:42", {.ttl = 30s, .wait = 5s}).get();
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <quorumlock/lock.h>
#include <quorumlock/operation.h>
#include <quorumlock/options.h>
#include <quorumlock/result.h>

namespace quorumlock {

/// What one node says of a resource.
struct NodeInspection {
    std::string node;
    bool answered = false;
    bool present = false;
    std::string token;               ///< The holder's, any bytes.
    std::optional<Nanos> remaining;  ///< nullopt: the key never expires.
    std::uint64_t fence = 0;         ///< The resource's fencing counter here; 0: there is none.
    std::string cause;               ///< Why it did not answer.
};

/// Who holds a resource, node by node.
struct Inspection {
    std::vector<NodeInspection> nodes;
    /// The token that a quorum agrees on; empty when there is none.
    std::string holder;
    int votes = 0;                   ///< How many nodes hold the most frequent token.
    std::optional<Nanos> remaining;  ///< The time after which `holder` has no quorum any more.
};

/// One node, as the service sees it.
struct NodeInfo {
    std::string node;
    std::string kind;  ///< "redis", "memory", "dapr".
    bool ready = false;
    std::string cause;  ///< Why it cannot vote now.
    std::string version, role, run_id;
    Nanos round_trip{0};
    std::size_t backlog = 0;
    std::size_t owed_undos = 0;
    std::string app_id;  ///< dapr: the application whose sidecar it is.
    Nanos guarded{0};    ///< It has no vote for so long yet, after a restart; 0: it has one.
    /// How far its wall clock is ahead of this machine's, when it was reached; nullopt: not known.
    std::optional<Nanos> clock_ahead;
    /// Commands written to the server since the service was opened: every acquire, extend, release
    /// and look at a key, repetitions and pings; not those of connecting and of being woken (CLIENT
    /// TRACKING, CACHING). 0: none, or its kind does not count them (only "redis" does).
    std::uint64_t commands = 0;
};

/// Counts of a running service, for tests of boundedness and for the curious.
struct ServiceStats {
    std::size_t leases = 0;        ///< Attempts, held locks and open releases.
    std::size_t operations = 0;    ///< Started and not yet taken.
    std::size_t pooled_bytes = 0;  ///< Memory of all pools.
};

class LockService;

namespace detail {
class ServiceState;
LockService make_service(std::shared_ptr<ServiceState> state);
}  // namespace detail

/// One per process serves any number of threads and resources. Every method may be called from
/// any thread. Move-only; destroying it closes it: blocks for at most ServiceOptions::
/// drain_timeout with an own thread, and not at all in a caller's loop. In a forked child every
/// call answers `closed`.
class LockService {
  public:
    /// Checks URIs and options and starts connecting; does not wait for the nodes. Those of
    /// options.nodes stand behind those of the URIs. Errors: invalid_argument, unsupported,
    /// duplicate_node.
    static Result<LockService> open(std::vector<std::string> uris, ServiceOptions options = {});

    LockService(LockService&&) noexcept;
    LockService& operator=(LockService&&) noexcept;
    ~LockService();

    /// Acquires, waiting up to options.wait while another holds it. `resource`: 1..4096 bytes.
    [[nodiscard]] Operation<Lock> acquire(std::string_view resource, AcquireOptions options = {});
    /// Asks once, whatever options.wait says.
    [[nodiscard]] Operation<Lock> try_acquire(std::string_view resource,
                                              AcquireOptions options = {});

    /// Extends what `token` holds (for tokens that were handed over by other means). Proves that a
    /// quorum holds the token now, not that there was no gap.
    Operation<void> extend(std::string_view resource, std::string_view token, Nanos ttl);
    Operation<void> release(std::string_view resource, std::string_view token);
    /// Takes a lock away from a holder that is gone: releases what `token` holds, and nothing else,
    /// and tells the observer who did it (`on_break`). `by`: 1..256 bytes, for people. The holder
    /// is not asked, and notices at its next extension or its expiry. The next fence is larger than
    /// the broken one, as any is. Errors as release(): not_held where the token held nothing;
    /// invalid_argument for `by` too.
    Operation<void> break_lock(std::string_view resource, std::string_view token,
                               std::string_view by);
    /// Who holds it, asked of every node; one that is silent, or not reached for the first time
    /// yet, is waited for within node_timeout.
    Operation<Inspection> inspect(std::string_view resource);
    /// Waits up to connect_timeout for the nodes to be reached for the first time.
    Operation<std::vector<NodeInfo>> nodes();

    /// Undoes what is open for at most drain_timeout, completes every operation with `closed`.
    /// Ok, or an error whose node lines say what may remain. Idempotent.
    Operation<void> close();

    ServiceStats stats() const;

    /// Runs f(Lock&) only while holding; blocking. The outer Result says whether the lock was
    /// got; what f returns is inside it, so "not acquired" is never confused with f's own answer.
    /// An exception of f releases the lock and passes on.
    template <class F>
    auto with_lock(std::string_view resource, AcquireOptions options, F&& f)
        -> Result<std::invoke_result_t<F, Lock&>> {
        auto lock = acquire(resource, std::move(options)).get();
        if (!lock) return std::move(lock).error();
        if constexpr (std::is_void_v<std::invoke_result_t<F, Lock&>>) {
            std::forward<F>(f)(*lock);
            (void)lock->release().get();
            return {};
        } else {
            Result<std::invoke_result_t<F, Lock&>> result(std::forward<F>(f)(*lock));
            (void)lock->release().get();
            return result;
        }
    }

  private:
    friend class detail::ServiceState;
    friend LockService detail::make_service(std::shared_ptr<detail::ServiceState>);
    explicit LockService(std::shared_ptr<detail::ServiceState> state) noexcept;
    std::shared_ptr<detail::ServiceState> state_;
};

}  // namespace quorumlock
