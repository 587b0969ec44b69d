// Asks every node who holds a resource, and sums it up.
#pragma once

#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/node.h>

#include "lib/env/env.h"

namespace quorumlock::detail {

class Core;
class OperationState;

class Inspector final : public nodes::AnswerEvents, public env::Timer {
  public:
    Inspector(Core& core, OperationState& operation);
    ~Inspector() override;

    void start(Nanos time_limit);

  private:
    void on_answer(std::uint32_t tag, const nodes::Answer& answer) override;
    void fire() override;
    void finish();

    Core& core_;
    OperationState& operation_;
    std::vector<nodes::Ticket> tickets_;  // 0: answered
    Inspection found_;
    int open_ = 0;
    bool finished_ = false;
};

}  // namespace quorumlock::detail
