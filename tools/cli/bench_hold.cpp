#include "tools/cli/bench_hold.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace quorumlock::cli {

namespace {
constexpr std::uint64_t kBatch = 256;
}

Result<void> HeldLocks::take_warm(std::uint64_t count, const AcquireOptions& options) {
    // What a batch in flight needs is there before the counting starts.
    if (auto warm = take_batch(0, std::min(count, kBatch), options); !warm) return warm;
    BenchErrors errors;
    give_back(errors);
    if (errors.count() > 0) return errors.kept().front();

    const long before = resident_kib();
    if (auto taken = take(count, options); !taken) return taken;
    bytes_each_ = static_cast<double>(resident_kib() - before) * 1024 / static_cast<double>(count);
    return {};
}

Result<void> HeldLocks::take(std::uint64_t count, const AcquireOptions& options) {
    locks_.reserve(count);
    for (std::uint64_t i = 0; i < count; i += kBatch) {
        if (auto taken = take_batch(i, std::min(kBatch, count - i), options); !taken) return taken;
        if (taken_ != nullptr) taken_->store(locks_.size(), std::memory_order_relaxed);
    }
    return {};
}

Result<void> HeldLocks::take_batch(std::uint64_t first, std::uint64_t count,
                                   const AcquireOptions& options) {
    std::vector<Operation<Lock>> open;
    open.reserve(count);
    for (std::uint64_t i = first; i < first + count; ++i) {
        open.push_back(service_.acquire("bench:hold:" + std::to_string(i), options));
    }
    for (auto& operation : open) {
        auto lock = operation.get();
        if (!lock) return std::move(lock).error();
        locks_.push_back(std::move(*lock));
    }
    return {};
}

std::uint64_t HeldLocks::lost() const {
    const auto lost =
        std::count_if(locks_.begin(), locks_.end(), [](const Lock& lock) { return !lock.held(); });
    return static_cast<std::uint64_t>(lost);
}

void HeldLocks::give_back(BenchErrors& errors) {
    std::vector<Operation<void>> open;
    open.reserve(kBatch);
    for (std::size_t i = 0; i < locks_.size(); i += kBatch) {
        open.clear();
        for (std::size_t n = i; n < std::min(locks_.size(), i + kBatch); ++n) {
            if (!locks_[n].held()) errors.add("a held lock ended before the run did: raise --ttl");
            open.push_back(locks_[n].release());
        }
        for (auto& operation : open) {
            if (auto answer = operation.get(); !answer) errors.add(answer.error());
        }
    }
    locks_.clear();
}

}  // namespace quorumlock::cli
