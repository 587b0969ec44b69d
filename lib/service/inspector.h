// Asks every node who holds a resource, and sums it up.
#pragma once

#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/node.h>

#include "lib/base/node_set.h"
#include "lib/env/env.h"

namespace quorumlock::detail {

class Core;
class OperationState;

class Inspector final : public nodes::AnswerEvents, public env::Timer {
  public:
    Inspector(Core& core, OperationState& operation);
    ~Inspector() override;

    /// A node that has not been reached yet, nor failed to be, is asked when it has.
    void start(Nanos time_limit);
    void on_node_changed(int node) { ask_if_settled(node); }

  private:
    void on_answer(std::uint32_t tag, const nodes::Answer& answer) override;
    void fire() override;
    void ask_if_settled(int node);
    void finish();

    Core& core_;
    OperationState& operation_;
    std::vector<nodes::Ticket> tickets_;  // 0: answered, or not asked yet
    NodeSet unasked_;
    Inspection found_;
    int open_ = 0;
    bool finished_ = false;
};

}  // namespace quorumlock::detail
