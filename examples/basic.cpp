// Take a lock, work, give it back.
//
//   basic                                              one node inside this process
//   basic redis://127.0.0.1:7101 redis://127.0.0.1:7102 redis://127.0.0.1:7103
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    std::vector<std::string> nodes(argv + 1, argv + argc);
    if (nodes.empty()) nodes = {"memory:"};

    // One service a process. open() checks what it is given and does not wait for the nodes.
    auto locks = quorumlock::LockService::open(nodes);
    if (!locks) {
        std::fprintf(stderr, "%s\n", locks.error().to_string().c_str());
        return 1;
    }

    // Waits up to 5 s while another holds it. The lease ends by itself 30 s after this program has
    // died; while it lives, `renew` extends it.
    auto lock = locks->acquire("orders:42", {.ttl = 30s, .wait = 5s, .renew = true}).get();
    if (!lock) {
        // contended: another holds it. no_quorum: too few nodes answered; one line for each.
        std::fprintf(stderr, "%s\n", lock.error().to_string().c_str());
        return 1;
    }

    // Ask again before each step that only the holder may take.
    if (lock->held()) {
        std::printf("ours, proven by %s on %d of %d nodes\n", std::string(lock->token()).c_str(),
                    lock->votes(), lock->node_count());
    }

    // Leaving the scope would release too, without waiting and without telling.
    auto released = lock->release().get();
    if (!released) std::fprintf(stderr, "%s\n", released.error().to_string().c_str());
    return released ? 0 : 1;
}
