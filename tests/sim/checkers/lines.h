// Rules W3 and W5: who waits in one service for one resource stands in one line.
//
//  - First in, first out: who is told of a grant stood before all others of his line who have not
//    left it. Left has who was told how it ended, who has given up, whose operation is done, looked
//    at or not, and who asks for the last time, kLastTry before its deadline: the answer may be on
//    its way to another thread.
//  - Only the first of a line asks: an attempt is not written while another one of the same line
//    cannot have been answered, since no server has read it. Within kAtOnce, that is: later it may
//    have been given up. Nothing is said where a node is not in order, so that attempts may fail
//    unread; when somebody left the line meanwhile, or asks without waiting; nor of TRANSFER, which
//    takes the place of what the head was asking.
//  - Hand-overs in a row: never more than kMostInARow, nor than stood in line when the first of
//    their holders was told of his grant, or had left since he asked for it; one is always allowed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "tests/sim/checkers/ways.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

class Lines {
  public:
    Lines(World& world, Ledger& ledger, Ways& ways, Verdict& verdict)
        : world_(world), ledger_(ledger), ways_(ways), verdict_(verdict) {}

    /// A client asks for this resource, and waits so long for it; 0: not at all. `done`: whether
    /// its operation is, where it looks for itself; else empty.
    void joins(SimProcess& process, int service, int resource, int client, Nanos wait,
               std::function<bool()> done);
    /// It has given up, or has been told.
    void leaves(int process, int client);
    /// It is told that it holds the lock.
    void granted(int process, int client, const Attempt* attempt);
    void died(int process);
    /// A server has read the first of a new attempt. `giver`: by TRANSFER from this token.
    void on_attempt(SimProcess& process, const Attempt& attempt, std::int64_t written,
                    const std::string& giver);

  private:
    struct Place {
        SimProcess* process = nullptr;
        int service = 0;
        int resource = 0;
        int client = 0;
        bool waits = false;
        std::int64_t ends = 0;  ///< From then on it may have been told, by its process's clock.
        std::function<bool()> done;
        bool left = false;
        std::int64_t left_at = 0;  ///< By its process's clock.
        bool is_of(const Attempt& attempt) const noexcept {
            return process->index() == attempt.process && service == attempt.service &&
                   resource == attempt.resource;
        }
        bool over() const { return left || process->reading() >= ends || (done && done()); }
    };
    /// A new attempt, as a server has seen it first; by its process's clock.
    struct Asked {
        const Attempt* attempt;
        std::int64_t written;
        std::int64_t read;
    };
    struct Row {
        int length = 0;  ///< So many hand-overs brought it here,
        int most;        ///< of so many at most.
    };

    bool somebody_left(const Attempt& attempt, std::int64_t since) const;
    void look_for_two(const Asked& asked);
    void hand_over(const Attempt& attempt, const std::string& giver);

    World& world_;
    Ledger& ledger_;
    Ways& ways_;
    Verdict& verdict_;
    std::deque<Place> places_;  ///< In the order in which they were taken.
    std::deque<Asked> asked_;   ///< The newest.
    std::map<std::string, Row> rows_;
};

}  // namespace quorumlock::sim
