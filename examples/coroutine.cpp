// Await an acquire, an extension and a release in a coroutine.
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <future>

#include <quorumlock/lock_service.h>

using namespace std::chrono_literals;

namespace {

/// A coroutine that starts at once and that nobody awaits. Use your framework's task type here:
/// an Operation can be awaited in any coroutine.
struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

Detached update(quorumlock::LockService& locks, std::promise<bool>& updated) {
    auto lock = co_await locks.acquire("accounts:7", {.ttl = 30s, .wait = 5s});
    // From here on this runs on the service's own thread (or in your libuv loop): do not block,
    // and co_await instead of get(), which answers would_deadlock here.
    if (!lock) {
        std::printf("not acquired: %s\n", lock.error().message().c_str());
        updated.set_value(false);
        co_return;
    }
    auto extended = co_await lock->extend(60s);
    if (extended) std::printf("held until a minute from now\n");

    auto released = co_await lock->release();
    updated.set_value(extended && released);
}

}  // namespace

int main() {
    auto locks = quorumlock::LockService::open({"memory:"});
    if (!locks) return 1;
    std::promise<bool> updated;
    auto result = updated.get_future();
    update(*locks, updated);
    return result.get() ? 0 : 1;
}
