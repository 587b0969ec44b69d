// All checkers of one run, and who tells them.
#pragma once

#include "tests/sim/checkers/answers.h"
#include "tests/sim/checkers/commands.h"
#include "tests/sim/checkers/deadlines.h"
#include "tests/sim/checkers/exclusion.h"
#include "tests/sim/checkers/fences.h"
#include "tests/sim/checkers/leftovers.h"
#include "tests/sim/checkers/lines.h"
#include "tests/sim/checkers/loss.h"
#include "tests/sim/checkers/progress.h"
#include "tests/sim/checkers/renewals.h"
#include "tests/sim/checkers/retries.h"
#include "tests/sim/sim_dapr.h"
#include "tests/sim/sim_server.h"

namespace quorumlock::sim {

class Judge final : public ServerEvents, public DaprEvents {
  public:
    Judge(World& world, const Plan& plan, std::vector<std::unique_ptr<SimServer>>& servers)
        : verdict(world),
          ledger(plan, servers),
          ways(world, plan),
          renewals(ledger, ways, verdict),
          exclusion(world, ledger, renewals, verdict),
          retries(world, ledger, ways, verdict),
          lines(world, ledger, ways, verdict),
          commands(world, ledger, renewals, retries, lines, verdict),
          deadlines(verdict),
          loss(world, verdict),
          leftovers(world, ledger, ways, verdict),
          progress(world, ledger),
          answers(ledger, verdict),
          fences(ledger, verdict),
          world_(world) {}

    Verdict verdict;
    Ledger ledger;
    Ways ways;
    Renewals renewals;
    Exclusion exclusion;
    Retries retries;
    Lines lines;
    Commands commands;
    Deadlines deadlines;
    Loss loss;
    Leftovers leftovers;
    Progress progress;
    Answers answers;
    Fences fences;

    /// Something has run in this process.
    void poll(SimProcess& process) {
        exclusion.poll(process);
        loss.poll(process);
    }
    /// A fault has begun or is over.
    void on_fault(const Fault& fault, bool begins);

    void on_command(SimServer& server, Link* link, std::int64_t written,
                    const std::vector<std::string_view>& words) override;
    void on_key_set(SimServer& server, Link* link, std::string_view key, std::string_view value,
                    WallMicros expires) override;
    void on_key_gone(SimServer& server, Link* link, std::string_view key, std::string_view value,
                     Gone why) override;
    void on_greeted(Link& link) override { ways.on_greeted(link); }
    void on_clock_changed(SimServer& server, bool forward) override;

    void on_dapr_lock(SimServer& server, SimProcess& process, int service, std::int64_t written,
                      const DaprAsk& ask) override {
        commands.sidecar_reads_lock(server, process, service, written, ask);
    }
    void on_dapr_unlock(SimServer& server, SimProcess& process, const DaprAsk& ask,
                        bool lock_open) override {
        commands.sidecar_reads_unlock(server, process, ask, lock_open);
    }
    void on_dapr_acts(std::string_view owner) override { commands.sidecar_acts(owner); }
    void on_dapr_undone(SimServer& server, std::string_view owner, bool told) override {
        commands.sidecar_undid(server, owner, told);
    }
    void on_dapr_trouble(SimServer& server, SimProcess& process, bool answered) override {
        ways.on_sidecar_trouble(process, server.index(), answered ? kAskedAgain : kFound);
    }

  private:
    World& world_;
};

}  // namespace quorumlock::sim
