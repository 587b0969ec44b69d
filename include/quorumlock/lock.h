// A held lock.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/operation.h>
#include <quorumlock/time.h>

namespace quorumlock {

namespace detail {
class Core;
class Lease;
}  // namespace detail

/// One acquired lock. Move-only; its methods may be called from any thread, also at once, except
/// that moving or destroying it must not race with them. Destroying it releases in the background:
/// it never blocks and never throws. It may outlive its service: then it is simply not held.
/// Locks are not re-entrant: a second acquire of the same resource waits for the first.
class Lock {
  public:
    Lock(Lock&& other) noexcept;
    Lock& operator=(Lock&& other) noexcept;
    ~Lock();

    /// May the holder still act? Reads the clock at every call (rule T4). False from before the
    /// first byte of a release leaves, and for ever once lost.
    bool held() const noexcept;
    /// What is left of the validity; zero when not held.
    Nanos remaining() const noexcept;
    /// Until when the lock may be relied upon, on BootClock; moves with each extension.
    Instant validity_end() const noexcept;
    /// The fencing number of this grant; 0 where the node kind has none.
    std::uint64_t fence() const noexcept;
    /// The random proof of ownership: 32 hex digits.
    std::string_view token() const noexcept;
    std::string_view resource() const noexcept;
    /// How many nodes hold a vote of ours, as far as is known, and how many there are.
    int votes() const noexcept;
    int node_count() const noexcept;
    /// The labels of the nodes known to hold our key.
    std::vector<std::string> nodes() const;

    /// Stops when the lock is lost: at the latest when its validity ends by the local clock, also
    /// when every node hangs (rule L1). Not when it is released in time. Callbacks registered on
    /// it run on the service's own thread.
    std::stop_token lost() const;

    /// Asks a quorum to keep the lock for `ttl` from now; never shortens it. Errors: `lost`
    /// (final), `no_quorum` (the lock stays valid until its own end), `not_held`,
    /// `invalid_argument`.
    Operation<void> extend(Nanos ttl);
    /// Tells every node. held() is false when this returns. Ok when a quorum released it;
    /// `not_held` when it was gone already (quietly, and cleaned up all the same); `no_quorum`
    /// when too few answered: what remains ends with the lease.
    Operation<void> release();

    /// Lets go of the handle without releasing: the nodes keep the key until its ttl ends or until
    /// somebody releases it by its token(). Renewal ends. held() is false from here on.
    void detach() noexcept;

  private:
    friend class detail::Core;
    explicit Lock(detail::Lease* lease) noexcept : lease_(lease) {}
    detail::Lease* lease_;
};

}  // namespace quorumlock
