// Process each message once, though the queue delivers some of them twice, to any worker.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/named_locks.h>

#include "nodes.h"

using namespace std::chrono_literals;
using quorumlock::LockService;
using quorumlock::NamedLocks;

namespace {

/// Stands for the table in which a message is marked as processed. Only who holds the message's
/// lock looks at its mark; the mutex is but for this set's own memory.
struct Processed {
    bool has(int message) {
        const std::lock_guard lock(mutex);
        return messages.contains(message);
    }
    void add(int message) {
        const std::lock_guard lock(mutex);
        messages.insert(message);
    }
    std::mutex mutex;
    std::set<int> messages;
};

void handle(NamedLocks& locks, Processed& processed, int message, std::atomic<int>& handled) {
    const auto done = locks.execute(
        "message:" + std::to_string(message),
        [&] {
            // The lock keeps two from working at once; the mark keeps a later one from repeating.
            if (processed.has(message)) return;
            ++handled;
            processed.add(message);
        },
        30s);
    if (!done)
        std::printf("outage, the queue will deliver it again: %s\n",
                    done.error().message().c_str());
}

}  // namespace

int main() {
    auto service = LockService::open(node_uris());
    if (!service) return std::puts(service.error().to_string().c_str()), 1;
    Processed processed;
    std::atomic<int> handled{0};
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 3; ++worker) {
        workers.emplace_back([&] {
            NamedLocks locks = NamedLocks::over(*service);
            for (int message = 0; message < 10; ++message) {
                handle(locks, processed, message, handled);
            }
        });
    }
    for (auto& worker : workers) worker.join();
    std::printf("10 messages, delivered 3 times each, were handled %d times\n", handled.load());
    return handled == 10 ? 0 : 1;
}
