// Rule (g): memory and backlogs are bounded, and nothing is left when all is over.
//
//  - A client here has at most one attempt, one lock and a few forgotten extensions at a time, so a
//    service has at most kPerClient leases and operations for each of its clients. Its pools are
//    those that were in use at once, and never grow beyond.
//  - A node takes no more than max_backlog commands but for the undos and releases whose place was
//    reserved with them (rule N7): twice that, and what debts it pays. It owes at most ten times
//    max_backlog for bare tokens, and one for each command that a broken connection took with it.
//  - Of these commands at most max_backlog are asks: that many may wait to be read by one server.
//  How
//    many wait for its answer, which are more, is not known here.
//  - A node that has not answered for the longest time limit of a command is asked for nothing more
//    until it is heard of again (rule N8).
//  - When a service is closed it has no lease and no operation, waits for no callback and does not
//    keep its loop alive; when all of them are gone, their process has no timer, task or stream.
#pragma once

#include <vector>

#include "tests/sim/checkers/verdict.h"
#include "tests/sim/sim_service.h"

namespace quorumlock::sim {

class Bounds {
  public:
    explicit Bounds(Verdict& verdict) : verdict_(verdict) {}

    /// While clients are at work; `clients`: of this service's process.
    void look(const SimService& service, int clients);
    /// What nodes() has answered.
    void nodes(const SimService& service, const std::vector<NodeInfo>& nodes);
    /// Closed, and no client has anything of it.
    void closed(const SimService& service);
    /// Taken apart.
    void gone(const SimProcess& process);

  private:
    static constexpr std::size_t kPerClient = 8;
    void report(const SimProcess& process, const std::string& what);

    Verdict& verdict_;
};

}  // namespace quorumlock::sim
