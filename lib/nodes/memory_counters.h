// The fencing counters of a memory node. Rules F1..F4 of docs/protocol.md, on a map in this
// process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <quorumlock/time.h>

namespace quorumlock::nodes {

class MemoryCounters {
  public:
    explicit MemoryCounters(Nanos retention) : retention_(retention) {}
    MemoryCounters(const MemoryCounters&) = delete;
    MemoryCounters& operator=(const MemoryCounters&) = delete;

    /// One more than before; a counter that is not there starts at `wall`, in microseconds.
    std::int64_t count(std::string_view resource, Instant now, Nanos wall);
    /// To `counter`, when it is there and not above. Else false, and nothing is changed.
    bool raise(std::string_view resource, std::int64_t counter, Instant now);
    /// 0: there is none.
    std::int64_t of(std::string_view resource, Instant now) const;

    /// Counters in memory, expired ones included until they are swept.
    std::size_t size() const noexcept { return counters_.size(); }

  private:
    struct Counter {
        std::int64_t value;
        Instant expiry;
    };
    void sweep(Instant now);

    const Nanos retention_;
    std::map<std::string, Counter, std::less<>> counters_;
    std::map<std::string, Counter, std::less<>>::iterator cursor_ = counters_.end();
};

}  // namespace quorumlock::nodes
