// Two threads want the same lock: one waits for the other, and a third gives up waiting.
#include <chrono>
#include <cstdio>
#include <stop_token>
#include <thread>

#include <quorumlock/lock_service.h>

using namespace std::chrono_literals;
using quorumlock::Errc;

int main() {
    // One service for all threads; any of them may call it.
    auto locks = quorumlock::LockService::open({"memory:"});
    if (!locks) return 1;
    auto held = locks->acquire("printer", {.ttl = 30s}).get();
    if (!held) return 1;

    // Waits up to a minute: in line behind others of this service, and woken when the lock is free.
    bool printed = false;
    std::thread patient([&] {
        auto lock = locks->acquire("printer", {.ttl = 30s, .wait = 60s}).get();
        printed = lock.has_value();
        std::printf("patient: %s\n", printed ? "printed" : lock.error().message().c_str());
    });

    // Waits until told to stop. What it had reached by then is undone.
    std::stop_source stop;
    bool gave_up = false;
    std::thread impatient([&] {
        auto lock =
            locks->acquire("printer", {.ttl = 30s, .wait = 60s, .stop = stop.get_token()}).get();
        gave_up = !lock && lock.error().code() == Errc::cancelled;
        std::printf("impatient: %s\n", lock ? "printed" : lock.error().message().c_str());
    });

    std::this_thread::sleep_for(50ms);
    stop.request_stop();
    impatient.join();

    // Now the other one can have it.
    const bool released = held->release().get().has_value();
    patient.join();
    return printed && gave_up && released ? 0 : 1;
}
