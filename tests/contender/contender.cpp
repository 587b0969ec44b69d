// contender LEDGER URI,URI,... MAX_TTL_MS RESOURCES: takes locks, writes to the ledger while it
// holds, and is now and then too late, until SIGTERM. Exit code 0; 1: something is wrong, and told.
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/lock_service.h>

#include "tests/support/grant_ledger.h"

namespace {

using namespace std::chrono_literals;
using namespace quorumlock;
using std::chrono::milliseconds;

volatile sig_atomic_t ended = 0;

Instant now() {
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return Instant(std::chrono::seconds(t.tv_sec) + Nanos(t.tv_nsec));
}

class Contender {
  public:
    Contender(const char* ledger, LockService service, milliseconds ttl, unsigned resources)
        : ledger_(ledger), service_(std::move(service)), ttl_(ttl), resources_(resources) {}

    /// False: something is wrong.
    bool cycle() {
        testing::Grant grant;
        grant.resource = "r" + std::to_string(random_() % resources_);
        grant.asked = now();
        auto lock = service_.acquire(grant.resource, {.ttl = ttl_, .wait = 1s}).get();
        grant.granted = now();
        if (!lock) return is_usual(lock.error());
        grant.fence = lock->fence();
        if (grant.fence == 0) return wrong("a grant without a fence");
        if (one_in(128)) std::this_thread::sleep_for(ttl_ + 50ms);  // as if it had been stopped
        const bool written = ledger_.write(grant);
        work(*lock);
        const Instant until = now();
        if (lock->held()) {
            if (!written) return wrong(grant.resource + " is held, and its fence was refused");
            ledger_.was_held(grant, until);
        }
        // Else it is let go of in the background.
        if (!one_in(8)) (void)lock->release().get();
        return true;
    }

  private:
    bool one_in(unsigned n) { return random_() % n == 0; }

    void work(Lock& lock) {
        if (one_in(4)) std::this_thread::sleep_for(milliseconds(random_() % 5));
        if (one_in(32)) std::this_thread::sleep_for(ttl_ * 3 / 4);
        if (one_in(4)) (void)lock.extend(ttl_).get();
    }

    bool wrong(const std::string& text) {
        std::fprintf(stderr, "contender: %s\n", text.c_str());
        ledger_.add_violation(text);
        return false;
    }

    bool is_usual(const Error& error) {
        switch (error.code()) {
            case Errc::contended:
            case Errc::no_quorum:
            case Errc::timed_out:
            case Errc::expired:
                return true;
            default:
                return wrong(error.to_string());
        }
    }

    testing::GrantLedger ledger_;
    LockService service_;
    const milliseconds ttl_;
    const unsigned resources_;
    std::minstd_rand random_{std::random_device{}()};
};

std::vector<std::string> split(const char* list) {
    std::vector<std::string> uris;
    std::istringstream text(list);
    for (std::string uri; std::getline(text, uri, ',');) uris.push_back(uri);
    return uris;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) return std::fputs("contender: four arguments\n", stderr), 64;
    ::signal(SIGTERM, [](int) { ended = 1; });
    const milliseconds max_ttl(std::atol(argv[3]));
    ServiceOptions options;
    options.max_ttl = max_ttl;
    options.node_timeout = max_ttl / 4;
    options.connect_timeout = 20s;
    options.retry_delay = 1ms;
    options.retry_delay_max = 20ms;
    auto service = LockService::open(split(argv[2]), options);
    if (!service) {
        return std::fprintf(stderr, "contender: %s\n", service.error().to_string().c_str()), 1;
    }
    Contender contender(argv[1], std::move(service).value(), max_ttl,
                        static_cast<unsigned>(std::atol(argv[4])));
    while (ended == 0) {
        if (!contender.cycle()) return 1;
    }
    return 0;
}
