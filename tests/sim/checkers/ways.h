// What is wrong between each process and each server, and since when nothing is: checkers demand
// more of a node that is in order.
#pragma once

#include <vector>

#include "tests/sim/checkers/ledger.h"
#include "tests/sim/sim_link.h"

namespace quorumlock::sim {

class SimProcess;

class Ways {
  public:
    Ways(World& world, const Plan& plan);

    /// Something goes wrong (+1), or no longer does (-1); what is on its way by then has come by
    /// `until`.
    void trouble(int process, int node, int by, Time until);
    void on_greeted(Link& link);
    /// A sidecar did not do what it was asked; from then on its client may leave it alone for so
    /// long.
    void on_sidecar_trouble(const SimProcess& process, int node, Time pause);
    /// Since when it must have been asked what it has to be asked; kNever: something is wrong.
    Time sidecar_asked_since(const SimProcess& process, int node);

    /// When the handshake of the newest connection was executed, or 0.
    Time greeted(int process, int node) const noexcept;
    /// Likewise of the first one behind this link, where there is one.
    Time greeted_behind(int process, int node, std::uint32_t link) const noexcept;
    /// Since when nothing is wrong between them, and this service is connected by a connection that
    /// was greeted; kNever: something is, or it is not.
    Time in_order_since(const SimProcess& process, int service, int node);
    /// Likewise, for so many of the nodes at least.
    Time in_order_since(const SimProcess& process, int service, int node_count, int needed);

  private:
    struct Way {
        int troubles = 0;
        Time healed = 0;
        Time asked = 0;                                   ///< A sidecar: by then, at the latest.
        Link* link = nullptr;                             ///< The newest that has greeted,
        Time greeted = 0;                                 ///< and when.
        std::vector<std::pair<std::uint32_t, Time>> all;  ///< Each that has, and when.
    };
    Way& way(int process, int node) noexcept;

    World& world_;
    std::vector<Way> ways_;
};

}  // namespace quorumlock::sim
