// Live inside a libuv loop of your own: no thread is started, callbacks run in the loop.
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include <uv.h>

#include <quorumlock/lock_service.h>

using namespace std::chrono_literals;
using quorumlock::Lock;
using quorumlock::LockService;
using quorumlock::Result;

int main() {
    uv_loop_t loop;
    uv_loop_init(&loop);

    // Open, use and close it in the thread that runs the loop.
    auto locks = LockService::open({"memory:"}, {.loop = &loop});
    if (!locks) return 1;

    std::optional<Lock> held;
    bool released = false;
    locks->acquire("orders:42", {.ttl = 30s}).then([&](Result<Lock> lock) {
        if (!lock) return;
        std::printf("acquired, in the loop\n");
        held.emplace(std::move(lock).value());
        held->release().then([&](Result<void> result) { released = result.has_value(); });
    });

    // Nothing has happened yet. The loop ends by itself when all operations are done; get() inside
    // it answers would_deadlock, as it could never end.
    uv_run(&loop, UV_RUN_DEFAULT);

    // Closing takes some turns of the loop, which must outlive it.
    bool closed = false;
    locks->close().then([&](Result<void> result) { closed = result.has_value(); });
    uv_run(&loop, UV_RUN_DEFAULT);

    const bool clean = uv_loop_close(&loop) == 0;
    std::printf("released: %d, closed: %d, loop clean: %d\n", released, closed, clean);
    return released && closed && clean ? 0 : 1;
}
