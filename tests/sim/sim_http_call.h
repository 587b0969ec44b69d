// The client's end of one HTTP request to a SimDapr: its time limit and its one answer.
#pragma once

#include <string>

#include "lib/env/env.h"
#include "tests/sim/sim_dapr.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

class SimHttpCall final : public env::HttpCall, public Input, private env::Timer {
  public:
    SimHttpCall(SimDapr& dapr, SimProcess& process, std::size_t exchange,
                const env::HttpRequest& request, env::HttpEvents& events);
    ~SimHttpCall() override;

    /// It has arrived at the client's kernel, and is handed out in the process's next turn.
    void take(const env::HttpAnswer& answer);
    void deliver() override;

  private:
    void fire() override;
    void tell(const env::HttpAnswer& answer);

    SimDapr& dapr_;
    SimProcess& process_;
    const std::size_t exchange_;
    env::HttpEvents& events_;
    std::string limit_, type_, body_, why_;
    env::HttpAnswer answer_;
    bool over_ = false;
};

}  // namespace quorumlock::sim
