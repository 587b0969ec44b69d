#include "lib/nodes/memory_counters.h"

#include <algorithm>

namespace quorumlock::nodes {

namespace {

// Each count adds at most one and looks at this many: expired counters cannot pile up.
constexpr int kSweptPerStep = 3;

}  // namespace

std::int64_t MemoryCounters::count(std::string_view resource, Instant now, Nanos wall) {
    sweep(now);
    const std::int64_t start = std::max<std::int64_t>(wall.count() / 1000, 1);
    const auto at = counters_.find(resource);
    if (at == counters_.end()) {
        counters_.emplace(resource, Counter{start, now + retention_});
        return start;
    }
    Counter& counter = at->second;
    // One that has expired and was not swept yet starts again, and never lower than it was.
    counter.value = counter.expiry > now ? counter.value + 1 : std::max(start, counter.value + 1);
    counter.expiry = now + retention_;
    return counter.value;
}

bool MemoryCounters::raise(std::string_view resource, std::int64_t counter, Instant now) {
    const auto at = counters_.find(resource);
    if (at == counters_.end() || at->second.expiry <= now || at->second.value > counter) {
        return false;
    }
    at->second = {counter, now + retention_};
    return true;
}

std::int64_t MemoryCounters::of(std::string_view resource, Instant now) const {
    const auto at = counters_.find(resource);
    return at == counters_.end() || at->second.expiry <= now ? 0 : at->second.value;
}

void MemoryCounters::sweep(Instant now) {
    for (int i = 0; i < kSweptPerStep && !counters_.empty(); ++i) {
        if (cursor_ == counters_.end()) cursor_ = counters_.begin();
        const auto at = cursor_++;
        if (at->second.expiry <= now) counters_.erase(at);
    }
}

}  // namespace quorumlock::nodes
