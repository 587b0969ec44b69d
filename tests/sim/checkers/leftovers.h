// Rule (d): an attempt that failed, was cancelled or was given up leaves no key on a server that
// can be reached.
//
//  - A round is decided by its time limit, and its undo goes out in the same turn (rule A6), on the
//    same connection behind the SET (rule N5). Let go is told to every node at once (rule R1).
//  - So a key of a token that nobody claims is gone within kUndone of the latest of: the round's
//    decision or the letting go; the end of everything that was wrong between this process and
//    this server; the handshake of the connection that is used now (rule N6). kUndone pays for
//    round trips of at most a few ms, a script that has to be sent as text (rule N9), and the
//    250 ms after which an undo that a server could not execute is repeated.
//  - Where CLIENT KILL, or the run_id that makes it safe, is refused, a SET of a former connection
//    may come behind the undo. The undo is repeated 1 s and ttl after that handshake (rule N6);
//    what comes behind both stays until its lease ends.
//  - Behind a Dapr sidecar the undo of what is not known to be ours alone is told at once, and
//    again 1 s and ttl after the first that was answered (rule D5); what is executed behind all
//    of them stays until its lease ends. Who was answered by an error asks again within
//    kAskedAgain: pauses of up to 4 s, jittered by a quarter; who could not ask at all, within
//    kFound: pauses of up to 5 s, likewise, and a connect_timeout of up to 2 s for each address and
//    question. By any clock.
//  - A close that answers ok has left nothing behind anywhere; one that names nodes, only there.
//  - A key that outlives its lease because its server's clock was set back is nobody's: no client
//    can know of it.
//  - At the end of a run no key of ours is left at all, but for what was detached or died.
#pragma once

#include <map>
#include <utility>

#include <quorumlock/options.h>

#include "tests/sim/checkers/ways.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

inline constexpr Time kUndone = 500 * kMilli;
inline constexpr Time kAskedAgain = 6'500 * kMilli;
inline constexpr Time kFound = 16 * kSecond;

class Leftovers {
  public:
    Leftovers(World& world, Ledger& ledger, Ways& ways, Verdict& verdict);

    /// Processes are made after checkers.
    void know(SimProcess& process, Nanos longest_lag, const ServiceOptions& options);

    // ---- what clients do ----
    /// From now on somebody may hold a lock of this resource without having been told of it: he
    /// does not look (+1), or does no longer (-1).
    void unlooked(int process, int resource, int by);
    /// He has let go of it: it must go from the nodes.
    void let_go(Attempt& attempt);
    /// He has left it to its ttl, or to somebody else.
    void left(Attempt& attempt);
    void died(int process);
    /// A service was closed; its answer names these nodes (one bit each).
    void closed(int process, int service, std::uint32_t named);

    void on_set(SimServer& server, Attempt& attempt);
    /// Looks at everything.
    void look();
    void at_the_end();

  private:
    struct Known {
        SimProcess* process = nullptr;
        Nanos lag{0};
        ServiceOptions options;
        bool dead = false;
        std::vector<int> unlooked;    ///< By resource.
        std::vector<Time> looked_at;  ///< When that became 0.
    };

    Time orphan_since(Attempt& attempt);
    Time allowed_until(Attempt& attempt, int node, Time orphan_since);
    Time allowed_behind_sidecar(const Attempt& attempt, int node, Time orphan_since);
    bool came_too_late(const Attempt& attempt, int node) const;
    static Time repeated_by(const Vote& vote, Time greeted, Nanos ttl);
    bool left_over(const Attempt& attempt, int node);
    void accuse(const Attempt& attempt, int node, const std::string& why);

    World& world_;
    Ledger& ledger_;
    Ways& ways_;
    Verdict& verdict_;
    std::vector<Known> known_;
    std::vector<Attempt*> open_;  ///< May have a key somewhere.
    std::map<std::pair<int, int>, std::uint32_t> closed_;
};

}  // namespace quorumlock::sim
