// contender LEDGER URI,URI,... MAX_TTL_MS RESOURCES [VOTES]: takes locks, writes to the ledger
// while it holds, and is now and then too late, until SIGTERM. Exit code 0; 1: something is wrong,
// and told. With VOTES it uses only locks that have so many. At the end it prints for each verb the
// longest time one took, and its limit, in microseconds.
#include <signal.h>

#include <algorithm>
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

constexpr Nanos kWait = 1s;

/// How long one verb took, at most.
class Longest {
  public:
    Longest(const char* verb, Nanos limit) : verb_(verb), limit_(limit) {}

    template <class Call>
    auto of(Call call) {
        const Instant start = now();
        auto result = call();
        longest_ = std::max(longest_, now() - start);
        return result;
    }
    void print() const {
        std::printf("%s %lld %lld\n", verb_, static_cast<long long>(longest_.count() / 1000),
                    static_cast<long long>(limit_.count() / 1000));
    }

  private:
    const char* const verb_;
    const Nanos limit_;
    Nanos longest_{0};
};

struct Limits {
    milliseconds ttl, node_timeout;
    unsigned resources;
    int votes;
};

class Contender {
  public:
    Contender(const char* ledger, LockService service, Limits limits)
        : ledger_(ledger),
          service_(std::move(service)),
          ttl_(limits.ttl),
          resources_(limits.resources),
          votes_(limits.votes),
          extends_("extend", limits.node_timeout),
          releases_("release", limits.node_timeout) {}

    /// False: something is wrong.
    bool cycle() {
        testing::Grant grant;
        grant.resource = "r" + std::to_string(random_() % resources_);
        grant.asked = now();
        auto lock = acquires_.of(
            [&] { return service_.acquire(grant.resource, {.ttl = ttl_, .wait = kWait}).get(); });
        grant.granted = now();
        if (!lock) return is_usual(lock.error());
        if (!has_votes(*lock)) return true;
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
        if (!one_in(8)) (void)releases_.of([&] { return lock->release().get(); });
        return true;
    }
    void print() const {
        for (const Longest* each : {&acquires_, &extends_, &releases_}) each->print();
    }

  private:
    bool one_in(unsigned n) { return random_() % n == 0; }

    void work(Lock& lock) {
        if (one_in(4)) std::this_thread::sleep_for(milliseconds(random_() % 5));
        if (one_in(32)) std::this_thread::sleep_for(ttl_ * 3 / 4);
        if (one_in(4)) (void)extends_.of([&] { return lock.extend(ttl_).get(); });
    }

    /// An acquire is answered at the quorum; the votes of the others come a moment later, or never.
    bool has_votes(const Lock& lock) const {
        while (lock.votes() < votes_ && lock.held()) std::this_thread::sleep_for(1ms);
        return lock.votes() >= votes_;
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
    const int votes_;
    Longest acquires_{"acquire", kWait}, extends_, releases_;
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
    if (argc != 5 && argc != 6)
        return std::fputs("contender: four arguments or five\n", stderr), 64;
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
    Contender contender(argv[1], std::move(service).value(),
                        {.ttl = max_ttl,
                         .node_timeout = max_ttl / 4,
                         .resources = static_cast<unsigned>(std::atol(argv[4])),
                         .votes = argc == 6 ? std::atoi(argv[5]) : 0});
    while (ended == 0) {
        if (!contender.cycle()) return 1;
    }
    contender.print();
    return 0;
}
