// One question of a lease to all its nodes, and what they say to it. Pooled: a lease has a round
// from the asking until the last answer is in or given up, HEAL's behind an extension included. A
// lock that is only held has none, and most locks are only held most of the time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <quorumlock/node.h>

#include "lib/env/env.h"
#include "lib/protocol/acquire.h"
#include "lib/protocol/extend.h"
#include "lib/protocol/release.h"
#include "lib/service/errors.h"

namespace quorumlock::detail {

class Lease;

/// The lease works on it; by itself a round only hears. On the loop.
class Round final : public nodes::AnswerEvents {
  public:
    enum class Kind : std::uint8_t { acquire, extend, release };

    explicit Round(std::size_t node_count)
        : tickets(node_count, 0), words(node_count), heal_tickets(node_count, 0) {}

    /// Nothing more is to be heard: it can go back to its pool.
    bool over() const noexcept { return decided && open.empty() && healing.empty(); }
    const protocol::Votes& votes() const noexcept;

    Lease* lease = nullptr;  ///< Whose it is.
    Kind kind = Kind::acquire;
    bool decided = true;
    Instant started{};
    Nanos time_limit{0};
    Instant end{};  ///< When nobody waits any longer.
    env::Timer& timer() noexcept { return timer_; }

    NodeSet open;  ///< Asked, and not answered.
    std::vector<nodes::Ticket> tickets;
    std::vector<NodeWord> words;
    protocol::AcquireRound acquire;  ///< One of the three, by its kind.
    protocol::ExtendRound extend;
    protocol::ReleaseRound release;

    // ---- of an acquire ----
    Instant deadline{};          ///< The caller's.
    bool cut_by_caller = false;  ///< That is the time limit.
    bool raised = false;         ///< The time limit was prolonged for RAISE.
    bool fence = false;          ///< Counted: rule F1.
    NodeSet raising;             ///< Of those that are open: by RAISE.
    bool at_gate = false;        ///< One node has been asked, the others not yet (rule W4).
    Lease* giver = nullptr;      ///< By TRANSFER from this one (rule W5).

    // ---- of a release ----
    NodeSet handed;  ///< Asked behind a TRANSFER, which may have taken the key away already.

    // ---- of an extension ----
    Nanos healing_ttl{0};
    NodeSet healing;  ///< Sent a HEAL, unanswered; it may have been another extension's.
    std::vector<nodes::Ticket> heal_tickets;
    nodes::AnswerEvents& healer() noexcept { return healer_; }

  private:
    struct Timer final : env::Timer {
        explicit Timer(Round& r) : round(r) {}
        void fire() override;
        Round& round;
    };
    /// Hears what HEAL answers.
    struct Healer final : nodes::AnswerEvents {
        explicit Healer(Round& r) : round(r) {}
        void on_answer(std::uint32_t tag, const nodes::Answer& answer) override;
        Round& round;
    };

    void on_answer(std::uint32_t tag, const nodes::Answer& answer) override;

    Timer timer_{*this};
    Healer healer_{*this};
};

/// As many as were ever needed at once.
class RoundPool {
  public:
    explicit RoundPool(std::size_t node_count) : node_count_(node_count) {}

    /// One that nobody else has; what it says of an earlier question is still in it.
    Round& take(Lease& lease);
    void give_back(Round& round) noexcept { free_.push_back(&round); }
    std::size_t made() const noexcept { return all_.size(); }

  private:
    const std::size_t node_count_;
    std::vector<std::unique_ptr<Round>> all_;
    std::vector<Round*> free_;  ///< Has room for all.
};

}  // namespace quorumlock::detail
