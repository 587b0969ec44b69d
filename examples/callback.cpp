// Be called back: no thread waits for the lock.
#include <chrono>
#include <cstdio>
#include <future>
#include <utility>

#include <quorumlock/lock_service.h>

using namespace std::chrono_literals;
using quorumlock::Lock;
using quorumlock::Result;

int main() {
    auto locks = quorumlock::LockService::open({"memory:"});
    if (!locks) return 1;

    std::promise<bool> finished;
    auto result = finished.get_future();

    // f(Result<Lock>) runs on the service's own thread, one callback at a time. It must not throw
    // and should not block: renewals wait for it. Captures of up to 48 bytes need no heap.
    locks->acquire("mail", {.ttl = 30s, .wait = 5s}).then([&finished](Result<Lock> lock) {
        if (!lock) {
            std::printf("not acquired: %s\n", lock.error().message().c_str());
            finished.set_value(false);
            return;
        }
        std::printf("sending the mail\n");

        // Start the next operation, and be called back again. The handle may go meanwhile.
        Lock mail = std::move(lock).value();
        mail.release().then([&finished](Result<void> released) {
            std::printf("%s\n", released ? "released" : released.error().message().c_str());
            finished.set_value(released.has_value());
        });
    });

    // This thread is free; here it has nothing to do but to wait for the end.
    return result.get() ? 0 : 1;
}
