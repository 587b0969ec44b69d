// Each call of the .NET interface IDistributedLock, as it reads here. The snippets of
// docs/porting.md.
#include <chrono>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include <quorumlock/named_locks.h>
#include <quorumlock/task.h>

#include "nodes.h"

using namespace std::chrono_literals;
using quorumlock::Errc;
using quorumlock::NamedLocks;
using quorumlock::NamedLocksInterface;
using quorumlock::Task;

namespace {

// await TryAcquireLockAsync(id, expiry, token); try { ... } finally { await ReleaseLockAsync(id); }
std::string take_and_give_back(NamedLocksInterface& locks, std::stop_token stop) {
    auto acquired = locks.try_acquire("orders:42", 30s, stop).get();
    if (!acquired) return acquired.error().message();  // an outage, or cancelled
    if (!*acquired) return "another holds it";

    std::string answer = "worked";
    auto extended = locks.extend("orders:42", 60s).get();
    if (extended && !*extended) {
        answer = "lost";  // stop: another may be working by now
    } else if (!extended && extended.error().code() == Errc::unsupported) {
        answer = "worked, within the first expiry";  // this kind of node cannot extend
    }

    auto released = locks.release("orders:42").get();
    if (released && !*released) answer = "outlived its lease";
    return answer;
}

// The same, awaited.
Task<std::string> take_and_give_back_async(NamedLocksInterface& locks) {
    auto acquired = co_await locks.try_acquire("orders:42");  // 60 s
    if (!acquired) co_return acquired.error().message();
    if (!*acquired) co_return "another holds it";
    auto released = co_await locks.release("orders:42");
    const bool in_time = released && *released;
    co_return in_time ? "worked" : "outlived its lease";
}

// await ExecuteWithLockAsync(id, func, expiry)
std::string execute(NamedLocksInterface& locks) {
    const auto add_up = [] { return 42; };
    auto total = locks.execute("totals", add_up, 30s);
    if (!total) return total.error().message();    // an outage: f did not run
    if (!total->ran()) return "another holds it";  // contended: f did not run
    if (!total->held()) return "outlived its lease";
    return "total " + std::to_string(total->value());
}

// await ExecuteWithLockAsync(id, async () => { ... }), where nobody may block.
Task<std::string> execute_async(NamedLocksInterface& locks) {
    auto total = co_await locks.execute_async("totals", [&]() -> Task<int> {
        (void)co_await locks.extend("totals", 60s);
        co_return 42;
    });
    co_return total && total->ran() ? "total " + std::to_string(total->value()) : "did not run";
}

/// Runs a task from a function that is none: execute() blocks, and awaits the coroutine it is
/// given.
std::string finish(NamedLocksInterface& locks, Task<std::string> (*task)(NamedLocksInterface&)) {
    auto done = locks.execute("finish", [&] { return task(locks); });
    return done && done->ran() ? done->value() : "did not run";
}

}  // namespace

int main() {
    // services.AddRedisDistributedLock("10.0.0.1:6379"), or five of them, or "memory:" in tests
    auto opened = NamedLocks::open(node_uris());
    if (!opened) return std::puts(opened.error().to_string().c_str()), 1;
    // What is injected where .NET injects IDistributedLock.
    std::shared_ptr<NamedLocksInterface> locks =
        std::make_shared<NamedLocks>(std::move(opened).value());

    const std::string answers = take_and_give_back(*locks, {}) + ", " +
                                finish(*locks, take_and_give_back_async) + ", " + execute(*locks) +
                                ", " + finish(*locks, execute_async);
    std::puts(answers.c_str());
    return answers == "worked, worked, total 42, total 42" ? 0 : 1;
}
