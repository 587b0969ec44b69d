// The Lock handle: reads the lease's atomics, sends everything else to the loop.
#include <quorumlock/lock.h>

#include <algorithm>
#include <utility>

#include "lib/service/service_state.h"

namespace quorumlock {

using detail::Hold;
using detail::OperationState;
using detail::ServiceState;
using detail::Verb;

namespace {

/// Gives the handle's claim back to the loop; never blocks, never throws.
void drop_handle(detail::Lease* lease) noexcept {
    if (lease == nullptr) return;
    lease->let_go();
    // The service lives at least until this call has ended.
    std::shared_ptr<ServiceState> keep = std::move(lease->keep);
    if (keep->runner().forked()) {
        // The child's copy of the lock is nothing: the parent's holds on. What it points to
        // belongs to threads that are not here, so it is left alone.
        new (std::nothrow) std::shared_ptr<ServiceState>(std::move(keep));
        return;
    }
    keep->runner().run_in_loop(lease->drop_task());
}

Operation<void> start_on(detail::Lease* lease, Verb verb, Nanos ttl, std::optional<Error> refused) {
    ServiceState& service = *lease->keep;
    OperationState& operation = service.new_operation(verb);
    operation.lease = lease;
    operation.ttl = ttl;
    operation.refused = std::move(refused);
    service.start(operation);
    return Operation<void>(&operation);
}

}  // namespace

Lock::Lock(Lock&& other) noexcept : lease_(std::exchange(other.lease_, nullptr)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
    if (this != &other) {
        drop_handle(lease_);
        lease_ = std::exchange(other.lease_, nullptr);
    }
    return *this;
}

Lock::~Lock() { drop_handle(lease_); }

bool Lock::held() const noexcept { return remaining() > Nanos{0}; }

Nanos Lock::remaining() const noexcept {
    if (lease_ == nullptr || lease_->hold() != Hold::held || lease_->keep->runner().forked()) {
        return Nanos{0};
    }
    return std::max(Nanos{0}, lease_->validity_end() - lease_->keep->env().now());
}

Instant Lock::validity_end() const noexcept {
    return lease_ == nullptr ? Instant{} : lease_->validity_end();
}

std::uint64_t Lock::fence() const noexcept {
    return lease_ == nullptr ? 0 : static_cast<std::uint64_t>(lease_->fence());
}

std::string_view Lock::token() const noexcept {
    return lease_ == nullptr ? std::string_view{} : lease_->token().view();
}

std::string_view Lock::resource() const noexcept {
    return lease_ == nullptr ? std::string_view{} : lease_->resource();
}

int Lock::votes() const noexcept { return lease_ == nullptr ? 0 : lease_->holders().size(); }

int Lock::node_count() const noexcept {
    return lease_ == nullptr ? 0 : lease_->keep->core().node_count();
}

std::vector<std::string> Lock::nodes() const {
    std::vector<std::string> names;
    if (lease_ == nullptr) return names;
    lease_->holders().each([&](int node) {
        names.push_back(lease_->keep->core().labels()[static_cast<std::size_t>(node)]);
    });
    return names;
}

std::stop_token Lock::lost() const {
    if (lease_ == nullptr) return {};
    return lease_->keep->lost_token(*lease_);
}

Operation<void> Lock::extend(Nanos ttl) {
    ServiceState& service = *lease_->keep;
    if (service.runner().forked()) {
        return Operation<void>(&service.closed_operation(Verb::extend_lock));
    }
    return start_on(lease_, Verb::extend_lock, ttl,
                    detail::check_extend(ttl, service.core().settings()));
}

Operation<void> Lock::release() {
    ServiceState& service = *lease_->keep;
    if (service.runner().forked()) {
        return Operation<void>(&service.closed_operation(Verb::release_lock));
    }
    lease_->let_go();  // rule R4: before the first byte of the release leaves
    return start_on(lease_, Verb::release_lock, Nanos{0}, std::nullopt);
}

void Lock::detach() noexcept {
    if (lease_ == nullptr) return;
    lease_->detached = true;
    drop_handle(std::exchange(lease_, nullptr));
}

}  // namespace quorumlock
