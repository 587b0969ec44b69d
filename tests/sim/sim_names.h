// Name look-up: which addresses a name has, and what goes wrong with asking.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/env/env.h"
#include "tests/sim/sim_link.h"
#include "tests/sim/sim_world.h"

namespace quorumlock::sim {

struct Names {
    std::map<std::string, std::vector<std::string>> addresses;  ///< Others are their own address.
    int failing = 0;  ///< Faults by which every look-up of a name ends without an address,
    int hanging = 0;  ///< and by which it never ends.
    Time delay = 500 * kMicro;
};

class SimLookup final : public env::Lookup, public Input {
  public:
    SimLookup(SimProcess& process, std::string host, env::LookupEvents& events);
    ~SimLookup() override;
    void deliver() override;

  private:
    void answer();

    SimProcess& process_;
    const std::string host_;
    env::LookupEvents& events_;
    MemberEvent<SimLookup, &SimLookup::answer> answer_{*this};
};

}  // namespace quorumlock::sim
