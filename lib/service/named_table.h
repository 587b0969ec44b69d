// What one NamedLocks holds, by name. Locks are shared with the calls that use them just now, so
// that none of them is called, or dropped, while the mutex is held.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quorumlock/lock.h>
#include <quorumlock/result.h>

namespace quorumlock::detail {

class ServiceState;

class NamedTable {
  public:
    using LockPtr = std::shared_ptr<Lock>;

    explicit NamedTable(std::shared_ptr<ServiceState> service);

    const std::shared_ptr<ServiceState>& service() const noexcept { return service_; }

    /// Is it held under this name now? What has expired there is let go.
    bool holds(std::string_view name);
    /// Keeps what an acquire has got under its own name. Null: contended. An error: an outage.
    Result<LockPtr> admit(Result<Lock> lock);
    /// Null: nothing is known under this name.
    LockPtr find(std::string_view name);
    /// Takes it out: one caller gets it.
    LockPtr take(std::string_view name);
    /// Takes out this very lock; false when it is not there any more.
    bool take(const LockPtr& lock);
    /// Lets all go; what comes later is not admitted.
    void close();

  private:
    using Entries = std::map<std::string, LockPtr, std::less<>>;

    void sweep(std::vector<LockPtr>& dead);

    const std::shared_ptr<ServiceState> service_;
    std::mutex mutex_;  // guards all below; nothing but a lock's clock is asked while it is held
    Entries entries_;
    std::size_t sweep_at_;
    bool closed_ = false;
};

}  // namespace quorumlock::detail
