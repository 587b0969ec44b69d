// What waiting costs: how soon a waiter has the lock that another service releases, beside a PING
// to one of the servers in the same run; and what many quiet waiters cost.
//
// usage: quorumlock_wake [--turns N] [--waiters N] [--seconds S] URI...
//        redis:// at 127.0.0.1; prints one JSON object
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/lock_service.h>

#include "tools/cli/bench_report.h"

namespace {

using namespace quorumlock;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Plan {
    int turns = 300;
    int waiters = 1000;
    double seconds = 10;
    std::vector<std::string> uris;
};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "quorumlock_wake: %s\n", why.c_str());
    std::exit(1);
}

double us_since(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double at_share(std::vector<double>& values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// The round trips of a blocking client that sends nothing else.
class Pinger {
  public:
    explicit Pinger(const std::string& uri) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port =
            htons(static_cast<std::uint16_t>(std::atoi(uri.c_str() + uri.rfind(':') + 1)));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
            give_up("cannot connect to " + uri);
        }
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    ~Pinger() { ::close(fd_); }
    Pinger(const Pinger&) = delete;
    Pinger& operator=(const Pinger&) = delete;

    double ping() {
        static constexpr char kPing[] = "*1\r\n$4\r\nPING\r\n";
        char answer[16];
        const auto start = Clock::now();
        if (::write(fd_, kPing, sizeof kPing - 1) < 0 || ::read(fd_, answer, sizeof answer) < 5) {
            give_up("no answer to PING");
        }
        return us_since(start);
    }

  private:
    const int fd_;
};

LockService open(const Plan& plan) {
    ServiceOptions options;
    options.max_backlog = 1'000'000;
    auto service = LockService::open(plan.uris, options);
    if (!service) give_up(service.error().to_string());
    (void)service->nodes().get();
    return std::move(*service);
}

Lock must(Result<Lock> lock) {
    if (!lock) give_up(lock.error().to_string());
    return std::move(*lock);
}

/// From the call of release() in one service to the grant in the other's callback.
void tell_wakes(const Plan& plan) {
    LockService holders = open(plan);
    LockService waiters = open(plan);
    Pinger pinger(plan.uris[0]);
    std::vector<double> wakes, pings;
    for (int i = 0; i < plan.turns + 10; ++i) {
        Lock held = must(holders.acquire("wake", {.wait = 60s}).get());
        std::promise<Clock::time_point> granted;
        waiters.acquire("wake", {.wait = 60s}).then([&granted](Result<Lock> lock) {
            const auto now = Clock::now();
            const Lock mine = must(std::move(lock));
            granted.set_value(now);
        });
        std::this_thread::sleep_for(50ms);  // It is in line, and the nodes know.
        const auto released = Clock::now();
        auto answer = held.release();
        const auto at = granted.get_future().get();
        if (!answer.get()) give_up("the release failed");
        // The first ones open the waiters' second connections.
        if (i >= 10)
            wakes.push_back(std::chrono::duration<double, std::micro>(at - released).count());
        std::this_thread::sleep_for(50ms);  // As cold as the waiter was.
        pings.push_back(pinger.ping());
    }
    const double ping = at_share(pings, 0.5), wake = at_share(wakes, 0.5);
    std::printf(
        "{\"ping_p50_us\":%.1f,\"wake_p50_us\":%.1f,\"wake_p90_us\":%.1f,\"wake_p99_us\":%.1f,"
        "\"wake_in_pings\":%.2f",
        ping, wake, at_share(wakes, 0.9), at_share(wakes, 0.99), wake / ping);
}

std::uint64_t commands_of(LockService& service) {
    std::uint64_t all = 0;
    auto nodes = service.nodes().get();
    for (const NodeInfo& node : *nodes) all += node.commands;
    return all;
}

/// Half of them on one resource, half on one each; all held by another service.
void tell_quiet(const Plan& plan) {
    LockService holders = open(plan);
    LockService waiters = open(plan);
    const auto name = [](int i) { return "quiet:" + std::to_string(i); };
    std::vector<Lock> held;
    for (int i = 0; i <= plan.waiters; ++i) {
        held.push_back(must(holders.acquire(name(i), {.ttl = 60s}).get()));
    }
    std::atomic<int> granted{0};
    const auto wait_for = [&](const std::string& resource) {
        waiters.acquire(resource, {.wait = 300s}).then([&granted](Result<Lock> lock) {
            const Lock mine = must(std::move(lock));
            ++granted;
        });
    };
    const auto bytes_each = [&plan](long before) {
        return static_cast<double>(cli::resident_kib() - before) * 1024 / plan.waiters;
    };
    const long at_first = cli::resident_kib();
    for (int i = 0; i < plan.waiters; ++i) wait_for(name(plan.waiters));
    std::this_thread::sleep_for(3s);
    const double on_one = bytes_each(at_first);
    const long then = cli::resident_kib();
    for (int i = 0; i < plan.waiters; ++i) wait_for(name(i));
    std::this_thread::sleep_for(3s);
    const double on_its_own = bytes_each(then);

    const std::uint64_t commands = commands_of(waiters);
    const double cpu = cli::process_cpu_us();
    std::this_thread::sleep_for(std::chrono::duration<double>(plan.seconds));
    const double cpu_percent = (cli::process_cpu_us() - cpu) / plan.seconds / 1e4;
    const double each = static_cast<double>(commands_of(waiters) - commands) /
                        static_cast<double>(plan.uris.size()) / (2.0 * plan.waiters);
    std::printf(
        ",\"bytes_per_waiter_on_one\":%.0f,\"bytes_per_waiter_on_its_own\":%.0f,"
        "\"quiet_cpu_percent\":%.2f,\"quiet_commands_per_node_and_waiter\":%.3f",
        on_one, on_its_own, cpu_percent, each);
    held.clear();
    while (granted.load() < 2 * plan.waiters) std::this_thread::sleep_for(1ms);
}

}  // namespace

int main(int count, char** words) {
    Plan plan;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word.starts_with("--") && i + 1 < count) {
            const char* const value = words[++i];
            if (word == "--turns") plan.turns = std::atoi(value);
            if (word == "--waiters") plan.waiters = std::atoi(value);
            if (word == "--seconds") plan.seconds = std::atof(value);
        } else {
            plan.uris.push_back(word);
        }
    }
    if (plan.uris.empty()) give_up("usage: quorumlock_wake [--turns N] [--waiters N] URI...");
    if (plan.turns > 0) {
        tell_wakes(plan);
    } else {
        std::printf("{\"turns\":0");
    }
    if (plan.waiters > 0) tell_quiet(plan);
    std::printf("}\n");
    return 0;
}
