// What the model of fences is told: the rules as they are to be, and the ways to get each wrong
// that the model has to find. The rules:
//
//  F1  an ACQUIRE that is granted counts the node's counter up and answers it; the fence is what a
//      quorum of the nodes has reached
//  F2  RAISE(token, m) sets the counter to m only where the key holds the token and the counter is
//      there and at most m; who needs it waits for its answer
//  F3  an absent counter starts strictly above all it ever held
//  F4  after success those granted below the fence are raised too; counters outlive locks
//  H1  a HEAL leaves the counter alone
//  W5  a TRANSFER, done where the key is the giver's or there is none, counts like an ACQUIRE
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quorumlock::model {

constexpr std::size_t kNodes = 3;
constexpr std::size_t kQuorum = 2;
constexpr std::size_t kMostAttempts = 3;

struct FenceRules {
    enum class Raise : std::uint8_t { awaited, not_awaited, never };
    enum class Bound : std::uint8_t {
        counter_at_most_m,
        none,     ///< counter := m
        maximum,  ///< counter := max(counter, m), answered as if m were reached
    };
    enum class Start : std::uint8_t { above_all_ever_held, at_all_ever_held, at_one };
    enum class Heal : std::uint8_t {
        leaves_the_counter,
        sets_it,              ///< counter := m, where there is one
        raises_it,            ///< counter := max(counter, m), where there is one
        raises_or_starts_it,  ///< likewise, and where there is none too
    };

    std::uint8_t attempts = 2;
    std::array<std::uint8_t, kNodes> counters{};  ///< At the beginning; 0: absent, never held.

    // What the world may do beside losing, delaying and reordering messages and ending locks.
    bool delivers_twice = false;           ///< Any request, an ACQUIRE twice and others at will.
    bool loses_data = false;               ///< A node loses lock and counter.
    bool loses_counters = false;           ///< A node loses the counter alone, as by eviction.
    bool starts_jump = true;               ///< A lost counter may start far above what it held.
    bool heals = false;                    ///< Holders heal nodes, at will.
    bool hands_over = false;               ///< Holders give their keys to other attempts, at will.
    bool counters_end_with_locks = false;  ///< F4 broken.

    /// A lock lives until its attempt's validity is over, after which the attempt gets no fence.
    bool perfect_clocks = false;
    /// Asks for more than is promised: that fences follow the order in which they are got.
    bool asks_order_of_completion = false;
    /// What can make no difference is forgotten; not to is slower and finds the same.
    bool forgets = true;

    Raise raise = Raise::awaited;                  // F2
    Bound raise_bound = Bound::counter_at_most_m;  // F2
    bool raise_checks_token = true;                // F2
    bool raise_starts_counter = false;             // F2 broken: an absent counter is set to m
    bool raise_asks_late = false;  ///< m stays that of the first quorum; later grants get it too.
    bool raise_asks_all = false;   ///< Also nodes whose grant is not in yet; their answers count.
    bool stragglers = true;        // F4
    bool token_reused = false;     ///< The second attempt has the token of the first.
    bool transfer_counts = true;   // W5; else it answers the counter as it is
    bool transfer_asks_whose_key = true;       // W5
    Start start = Start::above_all_ever_held;  // F3
    Heal heal = Heal::leaves_the_counter;      // H1
};

}  // namespace quorumlock::model
