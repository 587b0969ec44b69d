// Attempts that ask all nodes or a gate first, holders that hand over, undos that stand behind what
// they undo, nodes that restart empty, and perfect clocks: the model of rules W5 to W7
// (wait_rules.h).
//
// What is left out, and why nothing is missed by it:
//  - A message that is never delivered is a lost one; a request that changes nothing and whose
//    answer makes nobody bolder (refused) is not delivered. An undo comes to every node that is
//    there: it is said again where a connection breaks.
//  - A round begins, and its time with it, when its first request is done, whether that is to a
//    gate, to all, or a TRANSFER: what was sent earlier is valid for less long.
//  - A waiter whose gate is silent asks another one: that is another attempt.
//  - Fences. A taker that needs a common number before it holds (F2) holds later, or fails as it
//    may at any time here; that numbers are unique is asked in fence_test.cpp.
//  - Of the requests of one process to one node the undo stands behind what it undoes, and what a
//    giver has sent before its TRANSFER; more is not made of their order.
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
#include "tests/model/timers.h"
#include "tests/model/wait_rules.h"

namespace quorumlock::model {

class WaitWorld {
  public:
    explicit WaitWorld(const WaitRules& rules);

    static constexpr bool kOwesNothing = true;

  private:
    /// Between one client and one node.
    struct Cell {
        std::uint8_t asked;    // the ACQUIRE or TRANSFER is done or lost, or will never be sent
        std::uint8_t granted;  // 1: the answer is under way; 2: the client has it
        std::uint8_t undo;     // a RELEASE is under way, behind it
    };
    struct Node {
        std::uint8_t token;  // of the key; 0: free
        Timer lease;
        Timer guard;
        std::array<Cell, kMostWaiters> cells;
    };
    enum class Phase : std::uint8_t { idle, at_gate, acquiring, holding, over };
    struct Attempt {
        Phase phase;
        std::uint8_t giver;  // who hands over to it, plus one; 0: nobody
        Timer validity;      // until it holds: what it would be
    };
    struct State {
        std::array<Node, kNodes> nodes;
        std::array<Attempt, kMostWaiters> attempts;
        std::uint8_t restarts;  // left
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
        acquire,   // a node grants it, to one that asks all at once or has passed its gate
        ask_gate,  // a gate grants it
        hear_granted,
        hand_over,  // to the next that has not begun
        transfer,   // a node grants it
        undo,
        restart,
        time_passes,  // until the first timer ends
        give_up,      // or let go
    };
    struct What {
        Step step;
        std::size_t node;
        std::size_t attempt;
    };
    static Move pack(What what);
    static What unpack(Move move);

    template <class F>
    void for_each_timer(F f);
    void start(Timer& timer);
    void stop(Timer& timer);

    std::uint8_t token_of(std::size_t a) const;
    bool may_begin(std::size_t a) const;
    /// The one to whom it hands over or has; kMostWaiters: nobody.
    std::size_t taker_of(std::size_t a) const;
    bool can_acquire(const Node& node, std::size_t a) const;
    bool can_transfer(const Node& node, std::size_t a) const;
    bool can_hand_over(std::size_t a) const;

    // A node's steps (wait_node.cpp).
    void grant(Node& node, std::size_t a);
    void acquire(Node& node, std::size_t a, Phase phase);
    void transfer(Node& node, std::size_t a);
    void undo(Node& node, std::size_t a);
    void restart(Node& node);
    void free(Node& node);

    // A client's steps (wait_client.cpp).
    void hear_granted(Node& node, std::size_t a);
    void hand_over(std::size_t a);
    void hold(std::size_t a);
    void end(std::size_t a);
    void undo_giver_where_unknown(std::size_t a);

    // What makes no difference, and what must not be (wait_world.cpp).
    void forget();
    bool is_cared_for(const Node& node) const;
    void look();

    void time_passes();
    void do_step(What what);
    void add_moves(std::vector<Move>& moves, std::size_t n, std::size_t a) const;
    bool does_a_timer_run() const;
    std::string first_to_end() const;

    const WaitRules rules_;
    std::string violation_;
    State now_{};
};

}  // namespace quorumlock::model
