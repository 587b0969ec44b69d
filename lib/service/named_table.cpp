#include "lib/service/named_table.h"

#include <algorithm>
#include <utility>

#include "lib/service/errors.h"

namespace quorumlock::detail {

namespace {

/// Entries that expired and that nobody released are looked for when the table has doubled, so that
/// their number is bounded by that of the live ones, at a constant cost for each acquire.
constexpr std::size_t kFirstSweep = 64;

}  // namespace

NamedTable::NamedTable(std::shared_ptr<ServiceState> service)
    : service_(std::move(service)), sweep_at_(kFirstSweep) {}

bool NamedTable::holds(std::string_view name) {
    LockPtr dead;  // let go of without the mutex
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return false;
    if (found->second->held()) return true;
    dead = std::move(found->second);
    entries_.erase(found);
    return false;
}

Result<NamedTable::LockPtr> NamedTable::admit(Result<Lock> lock) {
    if (!lock) {
        if (lock.error().code() == Errc::contended) return LockPtr();
        return std::move(lock).error();
    }
    auto kept = std::make_shared<Lock>(std::move(lock).value());
    std::vector<LockPtr> dead;
    const std::lock_guard guard(mutex_);
    if (closed_) return closed_error();
    LockPtr& entry = entries_[std::string(kept->resource())];
    // The nodes have granted it twice, for they have forgotten: here the first one holds.
    if (entry != nullptr && entry->held()) return LockPtr();
    dead.push_back(std::exchange(entry, kept));
    if (entries_.size() >= sweep_at_) sweep(dead);
    return kept;
}

void NamedTable::sweep(std::vector<LockPtr>& dead) {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        if (entry->second->held()) {
            ++entry;
            continue;
        }
        dead.push_back(std::move(entry->second));
        entry = entries_.erase(entry);
    }
    sweep_at_ = std::max(kFirstSweep, 2 * entries_.size());
}

NamedTable::LockPtr NamedTable::find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    return found == entries_.end() ? LockPtr() : found->second;
}

NamedTable::LockPtr NamedTable::take(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return {};
    LockPtr taken = std::move(found->second);
    entries_.erase(found);
    return taken;
}

bool NamedTable::take(const LockPtr& taken) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(taken->resource());
    if (found == entries_.end() || found->second != taken) return false;
    entries_.erase(found);
    return true;
}

void NamedTable::close() {
    Entries dead;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dead.swap(entries_);
}

}  // namespace quorumlock::detail
