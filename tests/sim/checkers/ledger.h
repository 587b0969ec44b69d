// The truth about every attempt to hold a lock, as the servers saw it: which nodes have applied it,
// until when its leases last by their own clocks, and why they ended. Checkers judge by it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/checkers/verdict.h"
#include "tests/sim/plan.h"

namespace quorumlock::sim {

/// What one node has of one attempt.
struct Vote {
    enum class State : std::uint8_t {
        none,     ///< never applied here
        present,  ///< the key is there
        ghost,    ///< we have taken it away ourselves; until its expiry it counts as there
        lapsed,   ///< its time was over, by an honest clock
        excused,  ///< taken away by what docs/safety.md does not promise against
    };
    State state = State::none;
    bool there = false;        ///< The key is, or will be found expired: a clock may still go back.
    bool set_read = false;     ///< An ACQUIRE with this token was read here, that could run,
    bool extend_read = false;  ///< and behind it an EXTEND, so that a HEAL may follow.
    bool release_read = false;       ///< Likewise a RELEASE,
    std::uint32_t release_link = 0;  ///< and on which connection last.
    Time set_at = 0;                 ///< When the SET was applied,
    std::uint32_t set_link = 0;      ///< and by which connection,
    Time set_for = 0;                ///< and for how long.
    bool crashed = false;            ///< Its server has lost it in a restart.
    bool cut_short = false;          ///< It ends earlier than it was to, through no fault of ours.
    Time undone = kNever;            ///< By a sidecar, for the first time,
    Time undo_told = kNever;         ///< and when its client was told.
    Time honest_end = 0;             ///< When it was to end, in the world's time.
    Time applied = 0;                ///< When it was set or extended last.
    WallMicros expires = 0;          ///< By the server's clock; never less than it once was.
    std::int64_t promise = 0;        ///< What the client may make of it, by its own clock: rule T3.
};

struct Belief;

struct Attempt {
    std::string token;
    int process = -1;  ///< -1: another vendor's client.
    int service = 0;
    int resource = 0;
    Nanos ttl{0};               ///< The longest asked for.
    std::int64_t written = 0;   ///< When its first SET was handed in, by its process's clock.
    Time first_read = 0;        ///< When a server first read of it.
    bool token_shared = false;  ///< Others release it by its bare token.
    bool detached = false;      ///< Nobody of ours releases it.
    bool renewed = false;       ///< Its holder has asked for renewal,
    bool by_hand = false;       ///< or has extended it himself.
    std::int64_t extended = 0;  ///< When its newest EXTEND was handed in, likewise; 0: none was.
    /// Up to when that may be, likewise, as far as it is known; 0: never.
    std::int64_t renewed_until = INT64_MAX;
    Time stolen = 0;  ///< From its process, when it was granted.
    enum class Claim : std::uint8_t {
        some,  ///< somebody may want it,
        none,  ///< he has let go of it,
        left,  ///< or it was left to its ttl, or to be released by its token.
    } claim = Claim::some;
    Time let_go = 0;
    Belief* belief = nullptr;  ///< Somebody has been told that he holds it.
    std::array<Vote, kMostNodes> votes{};

    std::string name() const { return token.substr(0, 6); }
};

class Ledger {
  public:
    Ledger(const Plan& plan, std::vector<std::unique_ptr<SimServer>>& servers)
        : plan_(plan), servers_(servers) {}

    int nodes() const noexcept { return static_cast<int>(servers_.size()); }
    SimServer& server(int node) noexcept { return *servers_[static_cast<std::size_t>(node)]; }
    const Plan& plan() const noexcept { return plan_; }

    Attempt* find(std::string_view token) noexcept;
    Attempt& open(std::string_view token, int resource);
    /// In the order of their first sight.
    std::deque<Attempt>& attempts() noexcept { return attempts_; }
    /// -1: none of ours.
    int resource(std::string_view name) const noexcept;

    /// An honest clock would not have let it end early.
    void taint(int node, Time at) noexcept { tainted_[static_cast<std::size_t>(node)] = at; }
    /// From now on every lease there is tainted, until it is over.
    void taint_all(int node, bool on, Time at) noexcept;
    bool tainted(int node, const Vote& vote) const noexcept;

    /// Brings a vote up to the world's `now`, and says whether it counts as held there.
    bool live(Attempt& attempt, int node, Time now) noexcept;
    /// The key is really there.
    bool there(const Attempt& attempt, int node) noexcept;
    /// How many nodes count as held, or would but for what is excused.
    int backed(Attempt& attempt, Time now) noexcept;
    int count(const Attempt& attempt, Vote::State state) const noexcept;
    /// "n0 held, n1 excused": for reports.
    std::string votes(Attempt& attempt, Time now);

  private:
    const Plan& plan_;
    std::vector<std::unique_ptr<SimServer>>& servers_;
    std::deque<Attempt> attempts_;
    std::map<std::string_view, Attempt*> by_token_;
    std::array<Time, kMostNodes> tainted_{};
    std::array<int, kMostNodes> tainting_{};
};

}  // namespace quorumlock::sim
