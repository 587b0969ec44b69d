// Run a function only while holding a lock. Whether it ran, and what it answered, are two things.
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include <quorumlock/lock_service.h>

using namespace std::chrono_literals;
using quorumlock::Lock;

namespace {

/// May itself find nothing to do: that is not the same as "not acquired".
std::optional<std::string> next_order() { return "order 42"; }

}  // namespace

int main() {
    auto locks = quorumlock::LockService::open({"memory:"});
    if (!locks) return 1;

    // With a result: the outer Result says whether the lock was got, the inner value is
    // next_order's.
    auto order = locks->with_lock("orders", {.ttl = 30s}, [](Lock&) { return next_order(); });
    if (!order) {
        std::printf("did not run: %s\n", order.error().message().c_str());
    } else if (!*order) {
        std::printf("ran, and there was no order\n");
    } else {
        std::printf("ran, and got %s\n", (*order)->c_str());
    }

    // Without one. The function gets the lock, to ask held() or to extend it. The lock is released
    // behind it, also when it throws.
    auto done = locks->with_lock("report", {.ttl = 30s}, [&](Lock& report) {
        if (report.held()) std::printf("writing the report\n");

        // Locks are not re-entrant: this would wait for ourselves, and asking once is refused.
        auto again = locks->with_lock("report", {.ttl = 30s}, [](Lock&) {});
        if (!again && again.error().code() == quorumlock::Errc::contended) {
            std::printf("did not run: %s\n", again.error().message().c_str());
        }
    });
    return order && done ? 0 : 1;
}
