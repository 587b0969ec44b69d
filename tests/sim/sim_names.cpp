#include "tests/sim/sim_names.h"

#include <utility>

#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

SimLookup::SimLookup(SimProcess& process, std::string host, env::LookupEvents& events)
    : process_(process), host_(std::move(host)), events_(events) {
    const Names& names = process_.names();
    const bool numeric = names.addresses.find(host_) == names.addresses.end();
    if (names.hanging > 0 && !numeric) return;
    process_.world().arm(answer_, process_.time() + (numeric ? 0 : names.delay));
}

SimLookup::~SimLookup() { process_.forget(*this); }

void SimLookup::answer() { process_.input(*this); }

void SimLookup::deliver() {
    const Names& names = process_.names();
    const auto found = names.addresses.find(host_);
    const bool fails = found != names.addresses.end() && names.failing > 0;
    process_.world().trace().note(process_.time(), Mark::lookup, fails ? 1 : 0, host_, [&] {
        return process_.name() + " looked up " + host_ + (fails ? ": in vain" : "");
    });
    if (fails) return events_.on_addresses({}, "temporary failure in name resolution");
    const std::vector<std::string> own{host_};
    events_.on_addresses(found == names.addresses.end() ? own : found->second, "");
}

}  // namespace quorumlock::sim
