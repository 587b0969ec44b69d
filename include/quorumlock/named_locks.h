// Locks by name, for programs that take a lock in one place and give it back in another.
//
//   auto locks = quorumlock::NamedLocks::open({"redis://10.0.0.1"});
//   if (locks->try_acquire("orders:42", 60s).get().value()) { ...; locks->release("orders:42"); }
//   locks->execute("orders:42", [] { ... });
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/named_locks_interface.h>

namespace quorumlock {

namespace detail {
class NamedTable;
}

/// Remembers under each name what it acquired. Each acquisition has its own token, so that what
/// expired and was taken by others is never released by name. Two NamedLocks know nothing of each
/// other: use one for each party that must not give back what another took.
///
/// Any thread may call any method. Move-only; moving and destroying must not race with calls, but
/// operations may be open: destruction releases in the background what is held, and an acquire that
/// is taken later answers `closed`. An execute() that is running f keeps its lock until f ends. In
/// a forked child every call answers `closed`.
class NamedLocks final : public NamedLocksInterface {
  public:
    /// Over a service of its own; errors and options as LockService::open. Destruction closes it.
    static Result<NamedLocks> open(std::vector<std::string> uris, ServiceOptions options = {});
    /// Over a service that others use too. When that one has closed, nothing is held any more and
    /// an acquire answers `closed`.
    static NamedLocks over(LockService& service);

    NamedLocks(NamedLocks&&) noexcept;
    NamedLocks& operator=(NamedLocks&&) noexcept;
    ~NamedLocks() override;

    [[nodiscard]] Operation<bool> try_acquire(std::string_view resource,
                                              Nanos expiry = kDefaultExpiry,
                                              std::stop_token stop = {}) override;
    Operation<bool> release(std::string_view resource) override;
    Operation<bool> extend(std::string_view resource, Nanos expiry = kDefaultExpiry) override;

  protected:
    [[nodiscard]] Operation<detail::RunHoldPtr> acquire_for_run(std::string_view resource,
                                                                Nanos expiry,
                                                                std::stop_token stop) override;

  private:
    explicit NamedLocks(std::shared_ptr<detail::NamedTable> table);
    void end() noexcept;

    std::optional<LockService> own_;
    std::shared_ptr<detail::NamedTable> table_;
};

}  // namespace quorumlock
