// Locks by name: the table of what is held, and what the answers of the nodes mean by name.
#include <quorumlock/named_locks.h>

#include <new>
#include <optional>
#include <string>
#include <utility>

#include "lib/service/named_table.h"
#include "lib/service/service_state.h"

namespace quorumlock {

using detail::NamedTable;
using detail::RunHold;
using detail::RunHoldPtr;
using detail::ServiceState;
using LockPtr = NamedTable::LockPtr;

namespace {

/// "It is not held any more" is an answer, all else is an outage or a mistake.
Result<bool> held_or(Error error) {
    switch (error.code()) {
        case Errc::not_held:
        case Errc::expired:
        case Errc::lost:
            return false;
        default:
            return error;
    }
}

void observe_run(ServiceState& service, std::string_view resource, Instant started, Nanos expiry,
                 bool ran, bool held, std::optional<Errc> error = std::nullopt) {
    detail::Observations* const observations = service.core().observations();
    if (observations == nullptr || service.runner().forked()) return;
    ExecuteEvent event;
    event.duration = service.env().now() - started;
    event.error = error;
    event.expiry = expiry;
    event.ran = ran;
    event.held = held;
    observations->add(resource, event);
}

/// What execute() holds. It ends this acquisition and no later one of the same name.
class NamedRunHold final : public RunHold {
  public:
    NamedRunHold(std::shared_ptr<NamedTable> table, LockPtr lock, Instant started, Nanos expiry)
        : table_(std::move(table)), lock_(std::move(lock)), started_(started), expiry_(expiry) {}
    ~NamedRunHold() override { (void)table_->take(lock_); }

    std::stop_token lost() const override { return lock_->lost(); }

    Operation<bool> end() override {
        ServiceState& service = *table_->service();
        const bool held = lock_->held();
        (void)table_->take(lock_);
        // Expired, lost, or given back by its name: letting go of it cleans up.
        if (!held) {
            observe_run(service, lock_->resource(), started_, expiry_, true, false);
            return service.done_operation<bool>(false);
        }
        return detail::and_then<bool>(
            lock_->release(), [lock = lock_, table = table_, started = started_,
                               expiry = expiry_](Result<void> released) {
                const bool to_the_end = released || released.error().code() != Errc::not_held;
                observe_run(*table->service(), lock->resource(), started, expiry, true, to_the_end);
                return Result<bool>(to_the_end);
            });
    }

  private:
    const std::shared_ptr<NamedTable> table_;
    const LockPtr lock_;
    const Instant started_;
    const Nanos expiry_;
};

/// Acquires under a name, unless it is held here. Whoever takes the answer makes the entry, so that
/// a dropped acquire leaves none.
template <class T, class F>
Operation<T> acquire(const std::shared_ptr<NamedTable>& table, std::string_view resource,
                     Nanos expiry, std::stop_token stop, F answer) {
    const auto& service = table->service();
    // A cancelled one is told so, whoever holds the name.
    if (!service->runner().forked() && !stop.stop_requested() && table->holds(resource)) {
        if (auto* const observations = service->core().observations()) {
            AcquireEvent event;  // contended, and no node was asked
            event.ttl = expiry;
            event.error = Errc::contended;
            observations->add(resource, event);
        }
        return service->done_operation<T>(answer(Result<LockPtr>(LockPtr())));
    }
    AcquireOptions options;
    options.ttl = expiry;
    options.stop = std::move(stop);
    Operation<Lock> acquiring(&detail::start_acquire(service, resource, options));
    return detail::and_then<T>(
        std::move(acquiring),
        [table, answer = std::move(answer)](Result<Lock> lock) mutable -> Result<T> {
            return answer(table->admit(std::move(lock)));
        });
}

}  // namespace

Result<NamedLocks> NamedLocks::open(std::vector<std::string> uris, ServiceOptions options) {
    auto service = LockService::open(std::move(uris), std::move(options));
    if (!service) return std::move(service).error();
    NamedLocks locks = over(*service);
    locks.own_.emplace(std::move(service).value());
    return locks;
}

NamedLocks NamedLocks::over(LockService& service) {
    return NamedLocks(std::make_shared<NamedTable>(ServiceState::of(service)));
}

NamedLocks::NamedLocks(std::shared_ptr<NamedTable> table) : table_(std::move(table)) {}
NamedLocks::NamedLocks(NamedLocks&&) noexcept = default;

NamedLocks& NamedLocks::operator=(NamedLocks&& other) noexcept {
    if (this != &other) {
        end();
        own_ = std::move(other.own_);
        table_ = std::move(other.table_);
    }
    return *this;
}

NamedLocks::~NamedLocks() { end(); }

void NamedLocks::end() noexcept {
    if (table_ == nullptr) return;
    if (table_->service()->runner().forked()) {
        // A thread that is not here may hold the table's mutex, for ever.
        new (std::nothrow) std::shared_ptr<NamedTable>(std::move(table_));
        return;
    }
    table_->close();
    own_.reset();
    table_.reset();
}

Operation<bool> NamedLocks::try_acquire(std::string_view resource, Nanos expiry,
                                        std::stop_token stop) {
    return acquire<bool>(table_, resource, expiry, std::move(stop),
                         [](Result<LockPtr> lock) -> Result<bool> {
                             if (!lock) return std::move(lock).error();
                             return *lock != nullptr;
                         });
}

Operation<RunHoldPtr> NamedLocks::acquire_for_run(std::string_view resource, Nanos expiry,
                                                  std::stop_token stop) {
    ServiceState& service = *table_->service();
    return acquire<RunHoldPtr>(
        table_, resource, expiry, std::move(stop),
        [table = table_, name = std::string(resource), expiry,
         started = service.env().now()](Result<LockPtr> lock) -> Result<RunHoldPtr> {
            if (!lock || *lock == nullptr) {
                std::optional<Errc> error;
                if (!lock) error = lock.error().code();
                observe_run(*table->service(), name, started, expiry, false, false, error);
                if (!lock) return std::move(lock).error();
                return RunHoldPtr();
            }
            return RunHoldPtr(
                std::make_unique<NamedRunHold>(table, std::move(lock).value(), started, expiry));
        });
}

Operation<bool> NamedLocks::release(std::string_view resource) {
    ServiceState& service = *table_->service();
    if (service.runner().forked()) return Operation<bool>::ready(detail::closed_error());
    if (auto refused = detail::check_resource(resource, service.core().settings())) {
        return service.done_operation<bool>(*std::move(refused));
    }
    const LockPtr lock = table_->take(resource);
    // What has expired is let go of here, which cleans up behind it and touches no one else's.
    if (lock == nullptr || !lock->held()) return service.done_operation<bool>(false);
    return detail::and_then<bool>(lock->release(), [](Result<void> released) -> Result<bool> {
        if (released) return true;
        return held_or(std::move(released).error());
    });
}

Operation<bool> NamedLocks::extend(std::string_view resource, Nanos expiry) {
    ServiceState& service = *table_->service();
    if (service.runner().forked()) return Operation<bool>::ready(detail::closed_error());
    const detail::Settings& settings = service.core().settings();
    auto refused = detail::check_resource(resource, settings);
    if (!refused) refused = detail::check_extend(expiry, settings);
    if (refused) return service.done_operation<bool>(*std::move(refused));
    LockPtr lock = table_->find(resource);
    if (lock == nullptr || !lock->held()) return service.done_operation<bool>(false);
    auto extending = lock->extend(expiry);
    return detail::and_then<bool>(
        std::move(extending),
        [table = table_, lock = std::move(lock)](Result<void> extended) -> Result<bool> {
            if (extended) return true;
            auto answer = held_or(std::move(extended).error());
            if (answer) (void)table->take(lock);
            return answer;
        });
}

}  // namespace quorumlock
