// Nodes that restart empty, holders that extend and heal, and perfect clocks: the model of rules
// H1, H2 and G1 (lease_rules.h).
//
// What is left out, and why nothing is missed by it:
//  - A message that is never delivered is a lost one; a request that changes nothing and whose
//    answer makes nobody bolder (refused, taken) is not delivered.
//  - A round begins, and its time with it, when its first request is done: what was sent earlier
//    is valid for less long. A node that restarts loses what was sent to it; one that is guarded
//    may be asked when it no longer is.
//  - That a node answers absent is known at once: the HEAL that comes of it may be late instead.
//  - A lease does not end early but by a restart. Whoever has lost or given up its lock takes its
//    keys with it: they could only keep others from holding.
//  - Attempts are numbered as they begin, and nodes may change places (canonical()).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/model/fence_rules.h"
#include "tests/model/lease_rules.h"
#include "tests/model/seen.h"
#include "tests/model/timers.h"

namespace quorumlock::model {

class LeaseWorld {
  public:
    explicit LeaseWorld(const LeaseRules& rules);

    static constexpr bool kOwesNothing = true;

  private:
    /// Between one client and one node.
    struct Cell {
        std::uint8_t asked;     // the ACQUIRE is done or lost
        std::uint8_t granted;   // 1: the answer is under way; 2: the client has it
        std::uint8_t extends;   // bit r: the EXTEND of round r is done or lost
        std::uint8_t extended;  // as granted, of the round that is open
        std::uint8_t absent;    // answered so in the last round
        std::uint8_t heal;      // a HEAL is under way
    };
    struct Node {
        std::uint8_t holder;  // 0: free
        Timer lease;
        Timer guard;
        std::array<Cell, kMostAttempts> cells;
    };
    enum class Phase : std::uint8_t { idle, acquiring, holding, lost, over };
    struct Attempt {
        Phase phase;
        std::uint8_t round;  // of extensions, the last begun
        bool open;           // it is undecided
        bool succeeded;
        Timer validity;   // while acquiring: what it would be
        Timer extension;  // of the round: what the validity would be
    };
    struct State {
        std::array<Node, kNodes> nodes;
        std::array<Attempt, kMostAttempts> attempts;
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
        acquire,  // a node grants it
        hear_granted,
        extend,  // a node does that of the round `number`
        hear_extended,
        heal,
        restart,
        time_passes,  // until the first timer ends
        give_up,
    };
    struct What {
        Step step;
        std::size_t node;
        std::size_t attempt;
        std::uint8_t number;
    };
    static Move pack(What what);
    static What unpack(Move move);

    template <class F>
    void for_each_timer(F f);
    void start(Timer& timer);
    void stop(Timer& timer);

    bool is_guarded(const Node& node) const { return node.guard != 0; }
    bool takes_heals(const Node& node) const;
    bool can_acquire(const Node& node, std::size_t a) const;
    bool can_extend(const Node& node, std::size_t a, std::uint8_t round) const;

    // A node's steps (lease_node.cpp).
    void take(Node& node, std::size_t a);
    void acquire(Node& node, std::size_t a);
    void extend(Node& node, std::size_t a, std::uint8_t round);
    void heal(Node& node, std::size_t a);
    void restart(Node& node);

    // A client's steps (lease_client.cpp).
    void hear_granted(Node& node, std::size_t a);
    void begin_extension(std::size_t a, std::uint8_t round);
    void hear_extended(Node& node, std::size_t a);
    void extension_succeeds(std::size_t a);
    void close_round(std::size_t a);
    void validity_ends(std::size_t a);
    void end(std::size_t a);
    void hold(std::size_t a);

    void time_passes();
    void do_step(What what);
    void add_moves(std::vector<Move>& moves, std::size_t n, std::size_t a) const;
    bool does_a_timer_run() const;
    std::string first_to_end() const;

    const LeaseRules rules_;
    std::string violation_;
    State now_{};
};

}  // namespace quorumlock::model
