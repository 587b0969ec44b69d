// A task of which one instance runs in the whole fleet: who gets the name runs until told to stop
// or until the name is lost; the others stand by and take over.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <stop_token>
#include <thread>

#include <quorumlock/named_locks.h>

#include "nodes.h"

using namespace std::chrono_literals;
using quorumlock::LockService;
using quorumlock::NamedLocks;

namespace {

constexpr auto kLease = 10s;

/// One instance, on one machine.
void instance(LockService& service, int number, std::stop_token stop, std::atomic<int>& active,
              std::atomic<int>& turns) {
    NamedLocks locks = NamedLocks::over(service);
    while (!stop.stop_requested()) {
        auto turn = locks.execute(
            "task:poller",
            [&](std::stop_token lost) {
                if (++active != 1) std::puts("two at once!");
                std::printf("instance %d is the one\n", number);
                ++turns;
                while (!stop.stop_requested() && !lost.stop_requested()) {
                    std::this_thread::sleep_for(5ms);  // one round of the task
                    (void)locks.extend("task:poller", kLease).get();
                }
                --active;
            },
            kLease, stop);
        if (!turn || !turn->ran()) std::this_thread::sleep_for(5ms);
    }
}

}  // namespace

int main() {
    auto service = LockService::open(node_uris());
    if (!service) return std::puts(service.error().to_string().c_str()), 1;
    std::atomic<int> active{0};
    std::atomic<int> turns{0};
    std::jthread first([&](std::stop_token stop) { instance(*service, 1, stop, active, turns); });
    while (turns < 1) std::this_thread::sleep_for(1ms);
    std::jthread second([&](std::stop_token stop) { instance(*service, 2, stop, active, turns); });

    // The first machine is shut down; the second takes over as soon as the name is free.
    first.request_stop();
    while (turns < 2) std::this_thread::sleep_for(1ms);
    std::puts("taken over");
    return 0;
}
