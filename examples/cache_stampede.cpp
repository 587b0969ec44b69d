// A value in a cache has expired, and many want it at once: one computes it, the others wait for
// the cache and not for the database.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/named_locks.h>

#include "nodes.h"

using namespace std::chrono_literals;
using quorumlock::LockService;
using quorumlock::NamedLocks;

namespace {

/// Stands for a cache that all machines share.
class Cache {
  public:
    std::optional<std::string> get() {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void set(std::string value) {
        const std::lock_guard lock(mutex_);
        value_ = std::move(value);
    }

  private:
    std::mutex mutex_;
    std::optional<std::string> value_;
};

std::string price(NamedLocks& locks, Cache& cache, std::atomic<int>& computed) {
    while (true) {
        if (auto cached = cache.get()) return *cached;
        auto filled = locks.execute(
            "cache:price",
            [&] {
                if (cache.get()) return;  // filled between our look and our lock
                ++computed;
                std::this_thread::sleep_for(50ms);  // the database
                cache.set("9.99");
            },
            5s);
        // No lock to be had: the value matters more than the database's peace.
        if (!filled) return "9.99";
        if (!filled->ran()) std::this_thread::sleep_for(5ms);
    }
}

}  // namespace

int main() {
    auto service = LockService::open(node_uris());
    if (!service) return std::puts(service.error().to_string().c_str()), 1;
    Cache cache;
    std::atomic<int> computed{0};
    std::vector<std::thread> requests;
    for (int request = 0; request < 8; ++request) {
        requests.emplace_back([&] {
            NamedLocks locks = NamedLocks::over(*service);
            (void)price(locks, cache, computed);
        });
    }
    for (auto& request : requests) request.join();
    std::printf("8 requests, computed %d times\n", computed.load());
    return computed == 1 ? 0 : 1;
}
