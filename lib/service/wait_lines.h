// Who of this service waits for which resource: a line each, first in, first out, of which only the
// first talks to the nodes. Rule W3.
//
// A line is there while somebody stands in it. Lines and their places in the table are kept and
// used again: nothing is allocated per acquire once warm.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <quorumlock/error.h>

#include "lib/base/list.h"
#include "lib/base/small_bytes.h"
#include "lib/env/env.h"
#include "lib/protocol/waiting.h"

namespace quorumlock::detail {

class Core;
class OperationState;
class WaitLine;

/// An operation's place in a line.
class Waiter final : public ListHook<Waiter> {
  public:
    explicit Waiter(OperationState& o) noexcept : operation(o) {}
    OperationState& operation;
    WaitLine* line = nullptr;  ///< Null: it stands in none.
};

class WaitLine final : public ListHook<WaitLine> {
  public:
    explicit WaitLine(Core& core) : timer_(core, *this) {}

    OperationState& head() const noexcept { return waiters.first()->operation; }
    env::Timer& timer() noexcept { return timer_; }

    SmallBytes resource;
    List<Waiter> waiters;
    protocol::Waiting plan;
    NodeSet no_gates;                 ///< Who could not vote when last asked (rule W4).
    std::optional<Error> last_error;  ///< Of the last round that asked all nodes (rule A9).

  private:
    friend class WaitLines;
    struct Timer final : env::Timer {
        Timer(Core& c, WaitLine& l) : core(c), line(l) {}
        void fire() override;
        Core& core;
        WaitLine& line;
    };
    Timer timer_;
    std::uint64_t hash_ = 0;
    WaitLine* next_ = nullptr;  // of the same bucket
};

class WaitLines {
  public:
    explicit WaitLines(Core& core) : core_(core), buckets_(16, nullptr) {}

    bool empty() const noexcept { return lines_.empty(); }
    std::size_t size() const noexcept { return lines_.size(); }
    /// Null: nobody waits for it.
    WaitLine* find(std::string_view resource) noexcept;
    /// There must be none of this resource.
    WaitLine& make(std::string_view resource);
    /// Nobody stands in it any more.
    void drop(WaitLine& line) noexcept;
    /// Calls f(line) for every line, the oldest first; f may drop it.
    template <class F>
    void each(F&& f) {
        WaitLine* next = nullptr;
        for (WaitLine* line = lines_.first(); line != nullptr; line = next) {
            next = List<WaitLine>::next(*line);
            f(*line);
        }
    }

  private:
    WaitLine*& bucket(std::uint64_t hash) noexcept {
        return buckets_[hash & (buckets_.size() - 1)];
    }
    void grow();

    Core& core_;
    List<WaitLine> lines_;
    std::vector<WaitLine*> buckets_;  // a power of two of them
    std::vector<std::unique_ptr<WaitLine>> all_;
    std::vector<WaitLine*> free_;
};

}  // namespace quorumlock::detail
