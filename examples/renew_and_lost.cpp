// A long job that keeps its lock by renewal, and stops working when the lock is lost.
#include <chrono>
#include <cstdio>
#include <stop_token>
#include <thread>

#include <quorumlock/lock_service.h>

using namespace std::chrono_literals;

namespace {

/// Works piece by piece until it is done or told to stop. How many pieces were done.
int work(const quorumlock::Lock& lock, std::stop_token stop, int pieces) {
    for (int done = 0; done < pieces; ++done) {
        if (stop.stop_requested()) return done;
        // held() reads the clock: ask it right before what only the holder may do, for the
        // notification of a loss is as late as the machine is busy.
        if (!lock.held()) return done;
        std::this_thread::sleep_for(10ms);
    }
    return pieces;
}

}  // namespace

int main() {
    auto locks = quorumlock::LockService::open({"memory:"});
    if (!locks) return 1;

    // Renewed every 50 ms, but not for longer than 300 ms: a job that hangs must not hold the lock
    // for ever. Real leases are longer; `renew = true` extends at a third of the validity.
    auto lock =
        locks->acquire("job", {.ttl = 200ms, .renew = quorumlock::Renewal(50ms, 300ms)}).get();
    if (!lock) return 1;

    // lost() stops at the latest when the validity ends by our own clock, also when every node
    // hangs. Its callbacks run on the service's thread: keep them short.
    std::stop_source stop;
    std::stop_callback on_loss(lock->lost(), [&] {
        std::printf("the lock is lost\n");
        stop.request_stop();
    });

    const int done = work(*lock, stop.get_token(), 1'000'000);
    std::printf("stopped after %d pieces; held: %s\n", done, lock->held() ? "yes" : "no");

    // Releasing what is lost does no harm, and cleans up.
    (void)lock->release().get();
    return lock->held() ? 1 : 0;
}
