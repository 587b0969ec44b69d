// Rules (a) and (b): who believes that he holds a lock, from when to when, and what stands behind
// it.
//
// A holder believes from the moment he is told of the grant, while held() is true: until he lets
// go, is told of a loss, or the validity ends by his own clock. Demanded is, at every instant:
//
//  1. Backing. A quorum of nodes has applied the SET of this very token, and at each instant of
//     the belief a quorum of its leases still runs by the servers' own clocks. A lease that we
//     have ended ourselves counts as running; so does one that ended by an excuse (lost data, a
//     clock set forward or beyond the drift bound, a foreign delete), as no client can know.
//  2. Exclusion. Two beliefs in one resource never share a node: where both have a lease that
//     runs, or would but for our own doing, one was taken from the other by us. By (1) two
//     beliefs have a node in common, so without an excuse every overlap is a violation. This is at
//     least as strict as "N-Q+1 nodes still hold the first holder's key": so many nodes meet every
//     quorum of the second. One thing more is excused: that the second's own vote was lost.
//  3. Validity. A quorum of nodes was asked, by the first byte of the command, so late that
//     t + ttl - drift reaches the end of the validity: rules A3, T2, T3 and E2. held() is false
//     at and after that end by the holder's own clock, whatever pauses: rule T4. It is false when
//     release() returns (rule R4), and nothing is extended that was not held (rule E4): neither one
//     whose extension was asked for too late, nor one whose answers came too late.
//  4. Patience. A lock is given up before the end of its validity only where its service closes,
//     or where a quorum of nodes no longer has its key: rules E3 and L2. Nodes that may still apply
//     an old SET (rule N6 without CLIENT KILL) do not count as having it.
//
// Instants at which less than N-Q+1 nodes back a belief are counted as excused.
#pragma once

#include <deque>
#include <vector>

#include <quorumlock/lock.h>

#include "tests/sim/checkers/renewals.h"

namespace quorumlock::sim {

class Exclusion;

struct Belief final : public Event {
    explicit Belief(Exclusion& o) : owner(o) {}
    void fire() override;

    Exclusion& owner;
    Attempt* attempt = nullptr;
    SimProcess* process = nullptr;  ///< Null: another vendor's.
    const Lock* lock = nullptr;
    std::int64_t validity_end = 0;  ///< By the process's clock.
    Time begin = 0;
    Time until = 0;            ///< The end of the validity, in the world's time.
    Time end = kNever;         ///< When it ended, once over.
    Time weak_since = kNever;  ///< Since when too few nodes back it.
    Time runs_from = 0;        ///< Once over: since when the process could run again,
    Time stolen = 0;           ///< and what had been stolen from it by then.
    bool over = false;
    bool let_go = false;  ///< By its holder, or with its process.
};

class Exclusion {
  public:
    Exclusion(World& world, Ledger& ledger, Renewals& renewals, Verdict& verdict);
    ~Exclusion();

    /// The holder has been told; `lock` must stay where it is until let_go().
    Belief* granted(SimProcess& process, const Lock& lock);
    /// Another vendor's client counts its validity in the world's time.
    Belief* vendor_granted(Attempt& attempt, Time until);
    /// An extension was asked for when held() was false, and has succeeded: rule E4.
    void revived(SimProcess& process, std::string_view token);
    /// release() has returned, and held() is still true: rule R4.
    void not_let_go(SimProcess& process, std::string_view token);
    /// He is about to give it up, or his handle goes.
    void let_go(Belief& belief);
    /// Something has run in this process.
    void poll(SimProcess& process);
    /// Its clock has changed: its validities end at other instants.
    void clock_changed(SimProcess& process);
    /// Its process is dead: nobody believes anything any more.
    void died(SimProcess& process);
    /// The present service of this process closes: its locks end.
    void closing(const SimProcess& process);
    /// A vote of this attempt has changed.
    void votes_changed(Attempt& attempt);

    int grants() const noexcept { return grants_; }
    int excused_overlaps() const noexcept { return excused_overlaps_; }
    /// How long beliefs had too few nodes behind them, for a reason that excuses.
    Time excused_time() const noexcept { return excused_time_; }

  private:
    friend struct Belief;
    void begin(Belief& belief);
    void follow(Belief& belief);
    void expired(Belief& belief);
    void check_backing(Belief& belief);
    void check_promise(Belief& belief);
    bool is_closed(const Belief& belief) const noexcept;
    void check_patience(Belief& belief);
    bool share_a_node(const Belief& one, const Belief& two);
    void check_others(Belief& belief);
    void note_weakness(Belief& belief);
    void end(Belief& belief, Time at);
    void finish(Belief& belief, Time at);
    std::string who(const Belief& belief) const;

    World& world_;
    Ledger& ledger_;
    Renewals& renewals_;
    Verdict& verdict_;
    std::deque<Belief> beliefs_;
    std::vector<Belief*> current_;              ///< Not over.
    std::vector<Belief*> expired_;              ///< Over by their own end, and not let go of yet.
    std::vector<std::vector<Belief*>> recent_;  ///< Of each resource, those over included.
    std::vector<int> closed_;                   ///< The last service of each process that closes.
    int grants_ = 0;
    int excused_overlaps_ = 0;
    Time excused_time_ = 0;
};

}  // namespace quorumlock::sim
