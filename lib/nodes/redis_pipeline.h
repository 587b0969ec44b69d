// The commands that are written and not yet answered, oldest first, as the server answers them.
// A ring that grows by doubling and never shrinks: nothing is allocated in steady state.
#pragma once

#include <cstdint>
#include <vector>

#include <quorumlock/node.h>
#include <quorumlock/time.h>
#include <quorumlock/token.h>

#include "lib/base/small_bytes.h"

namespace quorumlock::nodes {

enum class Command : std::uint8_t {
    acquire,
    raise,
    extend,
    heal,
    transfer,
    release,
    undo,
    inspect,
    ping,
    caching,   ///< In front of the acquire that it arms. Rule W1.
    tracking,  ///< Once for each second connection.
};

/// How long and how often an undo has to be repeated.
struct UndoPlan {
    /// The lease has certainly ended by then; max(): not known yet.
    Instant until = Instant::max();
    /// Rule N6 without CLIENT KILL: counted from when the node answered again.
    Instant answers_since{};
    bool unsure = false;     ///< The acquire may still be applied behind the undo: repeat it.
    std::uint8_t times = 0;  ///< Of an unsure one: how often it was answered.
};

/// The first cache line is all that most commands need.
struct alignas(64) Outstanding {
    AnswerEvents* to = nullptr;  ///< Null: nobody listens (any more).
    Ticket ticket = 0;           ///< Of the ask; a repetition by EVAL keeps the first one's.
    std::uint32_t tag = 0;
    Command command = Command::ping;
    bool two_replies = false;   ///< A PTTL goes behind the command, and then an inspect's counter.
    bool first_is_in = false;   ///< The command's own reply is no longer missing,
    bool second_is_in = false;  ///< nor that of an inspect's PTTL.
    bool fence = false;         ///< Counted, and answers the counter.
    bool by_script = false;     ///< An acquire that is counted or armed.
    bool needless = false;      ///< An undo whose acquire was certainly not applied.
    bool moved = false;         ///< A repetition, so that the ticket does not tell the place.
    Outcome first = Outcome::unknown;  ///< What the first of two replies said.
    std::uint64_t end = 0;    ///< Where the command ends in Stream::accepted()'s terms. Rule N3.
    std::uint64_t heard = 0;  ///< How often the server had been heard when it was written.
    Nanos ttl{0};
    /// raise: to this. acquire and transfer with a fence: the clock it may start at.
    std::int64_t counter = 0;
    std::uint32_t armed_by = 0;  ///< The number of the second connection that it is armed by, or 0.
    // What must be done, and what goes by a script, can be asked once more: only for these.
    Token token{};
    Token from{};  ///< transfer
    Nanos from_ttl{0};
    UndoPlan plan{};
    SmallBytes resource{};

    /// A release asked for carries the same duty as an undo.
    bool must_be_done() const noexcept {
        return command == Command::release || command == Command::undo;
    }
    /// close() waits for it: what must be done, and a TRANSFER, behind which the giver may have to
    /// be undone (rule W6).
    bool is_duty() const noexcept { return must_be_done() || command == Command::transfer; }
    bool sets_key() const noexcept {
        return command == Command::acquire || command == Command::heal ||
               command == Command::transfer;
    }
    bool has_token() const noexcept { return command < Command::inspect; }
};

class RedisPipeline {
  public:
    RedisPipeline() : slots_(64) {}

    bool empty() const noexcept { return count_ == 0; }
    std::size_t size() const noexcept { return count_; }
    /// Releases, undos and transfers among them.
    std::size_t duties() const noexcept { return duties_; }
    Outstanding& front() noexcept { return at(0); }
    const Outstanding& front() const noexcept { return slots_[first_ & (slots_.size() - 1)]; }
    /// From the oldest (0) to the newest.
    Outstanding& at(std::size_t i) noexcept { return slots_[(first_ + i) & (slots_.size() - 1)]; }

    /// A fresh entry behind all others, its ticket set. References to others end here.
    Outstanding& push(Command command);
    /// The same, for a command that is written once more: it keeps ticket and listener.
    Outstanding& push_again(const Outstanding& earlier);
    void pop() noexcept;
    /// The entry of an ask, or null when it is no longer here. O(1) but for repetitions.
    Outstanding* find(Ticket ticket) noexcept;

  private:
    Outstanding& make_room();

    std::vector<Outstanding> slots_;  ///< A power of two of them.
    std::uint64_t first_ = 1;         ///< Running number of the oldest.
    std::size_t count_ = 0;
    std::size_t duties_ = 0;
    std::size_t moved_ = 0;
};

}  // namespace quorumlock::nodes
