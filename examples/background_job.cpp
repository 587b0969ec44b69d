// A nightly job that is started on every machine and must run on one of them. It takes longer than
// its lease, so it extends it, and it stops where it cannot.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <stop_token>
#include <thread>
#include <vector>

#include <quorumlock/named_locks.h>

#include "nodes.h"

using namespace std::chrono_literals;
using quorumlock::LockService;
using quorumlock::NamedLocks;

namespace {

constexpr auto kLease = 10s;

/// True when all parts are done.
bool run_job(NamedLocks& locks, std::stop_token lost) {
    for (int part = 0; part < 5; ++part) {
        std::this_thread::sleep_for(10ms);
        // false: it is lost, so stop. An error: nodes are down, or cannot extend; the lease runs on
        // until its own end, which `lost` tells.
        auto extended = locks.extend("job:nightly", kLease).get();
        if (lost.stop_requested() || (extended && !*extended)) return false;
    }
    return true;
}

}  // namespace

int main() {
    auto service = LockService::open(node_uris());
    if (!service) return std::puts(service.error().to_string().c_str()), 1;

    std::atomic<int> finished{0};
    std::atomic<int> skipped{0};
    std::vector<std::thread> machines;
    for (int machine = 0; machine < 3; ++machine) {
        machines.emplace_back([&, machine] {
            NamedLocks locks = NamedLocks::over(*service);
            auto job = locks.execute(
                "job:nightly", [&](std::stop_token lost) { return run_job(locks, lost); }, kLease);
            if (!job) return;
            if (!job->ran()) {
                ++skipped;
                std::printf("machine %d: runs elsewhere\n", machine);
            } else if (**job) {
                ++finished;
                std::printf("machine %d: done\n", machine);
            }
        });
    }
    for (auto& machine : machines) machine.join();
    return finished >= 1 && finished + skipped == 3 ? 0 : 1;
}
