// Nodes that count, clients that ask for a fence, and a network that loses, delays and reorders:
// the model of rules F1 to F4 (fence_rules.h).
//
// What is left out, and why nothing is missed by it:
//  - A message that is never delivered is a lost one, and a client that does nothing more has given
//    up; neither is a step. An undo takes a lock away, which can happen at any time anyway.
//  - A request that changes nothing (an ACQUIRE refused, a RAISE that answers lost) is not
//    delivered: it may as well be lost, and its answer makes no client bolder.
//  - An attempt begins when the first node grants it. Begun earlier it is asked for less.
//  - Attempts are numbered as they begin, and nodes may change places (canonical()).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/model/fence_rules.h"
#include "tests/model/seen.h"

namespace quorumlock::model {

class FenceWorld {
  public:
    using Number = std::uint8_t;      // a counter, a fence; below 16
    using NumberSet = std::uint16_t;  // bit n: n

    explicit FenceWorld(const FenceRules& rules);

    static constexpr bool kOwesNothing = true;

  private:
    /// What is under way between one client and one node, and what the client knows of the node.
    struct Cell {
        NumberSet granted;  // answers under way: granted(n)
        NumberSet raises;   // requests under way: RAISE(n)
        NumberSet raised;   // answers under way: raised(n)
        Number reached;     // the client knows that the node has; 0: not granted yet
        Number asked;       // by RAISE, at most
        std::uint8_t times_granted;
        std::uint8_t unused;
    };
    struct Node {
        std::uint8_t token;  // of the lock; 0: free
        Number counter;      // 0: absent
        Number ever;         // the most it ever held; told apart only where it may be absent again
        std::uint8_t unused;
        std::array<Cell, kMostAttempts> cells;
    };
    struct Attempt {
        Number fence;  // 0: none yet
        Number floor;  // the largest fence when it began
        Number m;      // of the first quorum, where that is kept
    };
    struct State {
        std::array<Node, kNodes> nodes;
        std::array<Attempt, kMostAttempts> attempts;
        std::uint8_t begun;  // bit a: attempt a
        std::uint8_t over;   // likewise; it hears nothing more
        std::uint8_t unused;
    };

  public:
    // What Search asks for.
    std::span<std::byte> state() noexcept { return std::as_writable_bytes(std::span(&now_, 1)); }
    State canonical() const;
    std::vector<Move> moves() const;
    void make(Move move);
    std::string describe(Move move) const;
    const std::string& violation() const noexcept { return violation_; }

  private:
    enum class Step : std::uint8_t {
        acquire,            // a node grants it
        acquire_far_above,  // likewise; a counter starts above those of all nodes
        hear_granted,
        raise,
        hear_raised,
        heal,
        transfer,  // a node grants it, in place of the key it holds
        lock_ends,
        data_is_lost,
        counter_is_lost,
        validity_ends,
    };
    struct What {
        Step step;
        std::size_t node;
        std::size_t attempt;
        Number number;
    };
    static Move pack(What what);
    static What unpack(Move move);

    static constexpr Number kHeardAll = 15;  // in `reached`: nothing comes of further answers

    bool may_be_absent_again() const {
        return rules_.loses_data || rules_.loses_counters || rules_.counters_end_with_locks;
    }
    unsigned times() const { return rules_.delivers_twice ? 2 : 1; }
    std::uint8_t token_of(std::size_t a) const;
    bool may_begin(std::size_t a) const;
    bool is_over(std::size_t a) const { return (now_.over >> a & 1U) != 0; }
    bool may_end(const Node& node) const;

    // A node's steps (fence_node.cpp).
    bool can_raise(const Node& node, std::size_t a, Number m) const;
    Number start_of(const Node& node, Step step) const;
    void acquire(Node& node, std::size_t a, Step step);
    void raise(Node& node, std::size_t a, Number m);
    void heal(Node& node, std::size_t a);
    bool can_transfer(const Node& node, std::size_t a) const;
    void transfer(Node& node, std::size_t a);
    void end_lock(Node& node);
    void set_counter(Node& node, Number to);

    // A client's steps (fence_client.cpp).
    void begin(std::size_t a);
    void hear_granted(Node& node, std::size_t a, Number counter);
    void hear_raised(Node& node, std::size_t a, Number m);
    void decide(std::size_t a);
    void ask_to_raise(std::size_t a, Number m);
    void complete(std::size_t a, Number fence);
    void give_up(std::size_t a);

    // What makes no difference (fence_forget.cpp).
    bool counters_may_fall() const;
    bool may_own(const Node& node, std::size_t a) const;
    bool is_void(const Node& node, std::size_t a, Number m) const;
    void forget(Node& node, std::size_t a) const;

    void do_step(What what);
    void add_moves(std::vector<Move>& moves, std::size_t n, std::size_t a) const;

    const FenceRules rules_;
    std::string violation_;
    State now_{};
};

}  // namespace quorumlock::model
