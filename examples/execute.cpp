// Run a function under a lock, by name: without a result, with one, and as a coroutine.
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include <quorumlock/named_locks.h>
#include <quorumlock/task.h>

#include "nodes.h"

using namespace std::chrono_literals;
using quorumlock::NamedLocks;
using quorumlock::Task;

int main() {
    auto locks = NamedLocks::open(node_uris());
    if (!locks) return std::puts(locks.error().to_string().c_str()), 1;

    // Without a result. The lease ends 60 s from now when no expiry is given.
    auto report = locks->execute("report", [] { std::puts("writing the report"); });
    if (!report) {
        std::printf("an outage: %s\n", report.error().message().c_str());
    } else if (!report->ran()) {
        std::puts("somebody else is writing it");
    } else if (!report->held()) {
        std::puts("it took longer than the lease: somebody else may have written, too");
    }

    // With one. That f found nothing is f's own answer, and not the same as "did not run".
    auto order = locks->execute(
        "orders", []() -> std::optional<std::string> { return std::nullopt; }, 30s);
    if (order && order->ran()) std::printf("order: %s\n", (**order).value_or("none").c_str());

    // A coroutine, which is awaited under the lock. It may extend the lease as it goes, and not
    // block: it runs on the service's own thread.
    auto sum = locks->execute(
        "accounts",
        [&]() -> Task<int> {
            auto extended = co_await locks->extend("accounts", 60s);
            co_return extended &&*extended ? 42 : 0;
        },
        10s);
    if (sum && sum->ran()) std::printf("sum: %d\n", sum->value());

    return report && report->held() && order && order->ran() && sum && **sum == 42 ? 0 : 1;
}
