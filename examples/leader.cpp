// A leader with fences: candidates wait for one lock without polling; who gets it leads until he is
// told to stop or loses it, and stamps what he does with his number, which the followers check.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <stop_token>
#include <thread>

#include <quorumlock/lock_service.h>

#include "nodes.h"

using namespace std::chrono_literals;
using quorumlock::Lock;
using quorumlock::LockService;

namespace {

/// What all candidates write to: it takes orders of the newest leader it has heard of, and no
/// other.
class Followers {
  public:
    bool take_order(std::uint64_t fence) {
        const std::lock_guard guard(mutex_);
        if (fence < newest_) return false;
        newest_ = fence;
        return true;
    }

  private:
    std::mutex mutex_;
    std::uint64_t newest_ = 0;
};

void candidate(LockService& locks, int number, std::stop_token stop, Followers& followers,
               std::atomic<int>& terms) {
    while (!stop.stop_requested()) {
        // Waits for an hour if need be, in line, and is woken when the lock is free; the lease is
        // short, so that a dead leader is replaced soon, and renewed while we live.
        auto led = locks.with_lock("leader", {.ttl = 5s, .wait = 1h, .renew = true, .stop = stop},
                                   [&](Lock& term) {
                                       const std::stop_token lost = term.lost();
                                       std::printf("%d leads\n", number);
                                       ++terms;
                                       while (!stop.stop_requested() && !lost.stop_requested()) {
                                           if (!followers.take_order(term.fence()))
                                               return;  // deposed without knowing it
                                           std::this_thread::sleep_for(5ms);
                                       }
                                   });
        if (!led && !stop.stop_requested()) std::puts(led.error().to_string().c_str());
    }
}

}  // namespace

int main() {
    auto locks = LockService::open(node_uris());
    if (!locks) return std::puts(locks.error().to_string().c_str()), 1;
    Followers followers;
    std::atomic<int> terms{0};
    std::jthread first([&](std::stop_token stop) { candidate(*locks, 1, stop, followers, terms); });
    while (terms < 1) std::this_thread::sleep_for(1ms);
    std::jthread second(
        [&](std::stop_token stop) { candidate(*locks, 2, stop, followers, terms); });

    first.request_stop();  // the lock is released, and handed to who waits
    while (terms < 2) std::this_thread::sleep_for(1ms);
    return 0;
}
