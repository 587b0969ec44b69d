#include "tests/integration/faults/long_leases.h"

#include <algorithm>

#include "tests/support/service_fixture.h"

namespace quorumlock::testing::faults {

using namespace std::chrono_literals;

namespace {

constexpr auto kLease = 60s;
constexpr int kResources = 8;

ServiceOptions options() {
    ServiceOptions options = patient();
    options.node_timeout = 100ms;
    options.drain_timeout = 10s;
    // Nobody else takes these locks, so nobody has to be kept from them.
    options.restart_guard = RestartGuard::off;
    return options;
}

}  // namespace

LongLeases::LongLeases(const std::vector<std::string>& uris)
    : service_(open_service(uris, options())), thread_([this] { run(); }) {}

LongLeases::~LongLeases() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
}

void LongLeases::run() {
    for (int i = 0; !ended_; ++i) {
        cycle(i);
        std::this_thread::sleep_for(2ms);
    }
}

void LongLeases::cycle(int number) {
    const std::string resource = kNames + std::to_string(number % kResources);
    auto acquire = service_.try_acquire(resource, {.ttl = kLease});
    if (number % 3 == 0) return;  // given up while it is on its way
    auto lock = acquire.get();
    if (!lock) return;
    ++grants_;
    if (number % 3 == 1) (void)lock->release().get();
    // Else it is let go of in the background.
}

std::string LongLeases::close() {
    ended_ = true;
    thread_.join();
    const auto reaches_all = [this] {
        const auto nodes = service_.nodes().get();
        return nodes && std::all_of(nodes->begin(), nodes->end(),
                                    [](const NodeInfo& node) { return node.ready; });
    };
    if (!eventually(reaches_all, 30s)) return "it does not reach all servers any more";
    const auto closed = service_.close().get();
    return closed ? "" : closed.error().to_string();
}

}  // namespace quorumlock::testing::faults
