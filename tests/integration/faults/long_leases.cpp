#include "tests/integration/faults/long_leases.h"

#include <algorithm>

#include "tests/support/service_fixture.h"

namespace quorumlock::testing::faults {

using namespace std::chrono_literals;

namespace {

constexpr auto kLease = 60s;
constexpr int kResources = 100;
/// So many are held: each for longer than kNodeTimeout, so that nodes have been given up meanwhile,
/// and across the beginning and the end of a fault.
constexpr std::size_t kHeld = 25;
constexpr auto kNodeTimeout = 50ms;

ServiceOptions options() {
    ServiceOptions options = patient();
    options.node_timeout = kNodeTimeout;
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
        take(i);
        if (held_.size() > kHeld) let_go(i);
        std::this_thread::sleep_for(4ms);
    }
    held_.clear();
}

void LongLeases::take(int number) {
    auto acquire =
        service_.try_acquire(kNames + std::to_string(number % kResources), {.ttl = kLease});
    if (number % 3 == 0) return;  // given up while it is on its way
    auto lock = acquire.get();
    if (!lock) return;
    ++grants_;
    held_.push_back(std::move(*lock));
}

void LongLeases::let_go(int number) {
    if (number % 2 == 0) (void)held_.front().release().get();
    held_.pop_front();  // Else it is released in the background.
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
