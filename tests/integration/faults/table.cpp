#include "tests/integration/faults/fault_case.h"
#include "tests/integration/faults/world.h"

namespace quorumlock::testing::faults {

std::function<void(World&)> on_victims(void (*f)(World&, int)) {
    return [f](World& world) { world.for_victims([&](int i) { f(world, i); }); };
}

std::function<void(World&)> on_all(void (*f)(World&, int)) {
    return [f](World& world) { world.for_all([&](int i) { f(world, i); }); };
}

const std::vector<FaultCase>& all_faults() {
    static const std::vector<FaultCase> all = [] {
        std::vector<FaultCase> faults;
        for (const auto& group : {process_faults(), network_faults(), link_faults(),
                                  refusal_faults(), data_faults(), client_faults()}) {
            faults.insert(faults.end(), group.begin(), group.end());
        }
        return faults;
    }();
    return all;
}

}  // namespace quorumlock::testing::faults
