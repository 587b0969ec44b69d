#include "tests/integration/faults/workload.h"

#include <signal.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace quorumlock::testing::faults {

using namespace std::chrono_literals;

namespace {

constexpr const char* kResources = "3";
constexpr auto kPatience = 30s;
constexpr Nanos kMoment = 10ms;

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += (all.empty() ? "" : ",") + text;
    return all;
}

/// Without what is shared: pages of programs and of the ledger.
long memory_of(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) return std::stol(line.substr(8));
    }
    return 0;
}

}  // namespace

Instant now() {
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return Instant(std::chrono::seconds(t.tv_sec) + Nanos(t.tv_nsec));
}

Workload::Workload(const std::vector<std::string>& uris, std::chrono::milliseconds max_ttl,
                   int votes) {
    for (int i = 0; i < kProcesses; ++i) {
        running_.push_back(std::make_unique<Process>(std::vector<std::string>{
            QUORUMLOCK_CONTENDER, dir_.file("ledger"), joined(uris),
            std::to_string(max_ttl.count()), kResources, std::to_string(votes)}));
    }
    go_on(0ms, kProcesses);
}

std::vector<pid_t> Workload::pids() const {
    std::vector<pid_t> pids;
    for (const auto& process : running_) pids.push_back(process->pid());
    return pids;
}

std::string Workload::what_ended() {
    for (const auto& process : running_) {
        if (!process->running()) return process->wait()->text() + ": " + process->err();
    }
    return "";
}

void Workload::go_on(std::chrono::milliseconds span, long grants,
                     const std::function<void()>& beside) {
    const long before = ledger_.grants();
    const Instant start = now();
    for (;;) {
        if (beside) beside();
        if (const std::string why = what_ended(); !why.empty()) throw std::runtime_error(why);
        const Nanos passed = now() - start;
        if (passed >= span && ledger_.grants() >= before + grants) return;
        if (passed > span + kPatience) throw std::runtime_error("no locks are granted any more");
        const Instant asleep = now();
        std::this_thread::sleep_for(kMoment);
        late_ = std::max(late_, now() - asleep - kMoment);
    }
}

std::vector<long> Workload::memory() const {
    std::vector<long> all;
    for (const auto& process : running_) all.push_back(memory_of(process->pid()));
    return all;
}

std::vector<Took> Workload::end() {
    std::vector<Took> all;
    for (const auto& process : running_) process->signal(SIGTERM);
    for (const auto& process : running_) {
        const auto end = process->wait();
        if (!end || end->code != 0) {
            throw std::runtime_error((end ? end->text() : "a contender does not end") + ": " +
                                     process->err());
        }
        std::istringstream lines(process->out());
        std::string verb;
        for (long took = 0, limit = 0; lines >> verb >> took >> limit;) {
            const Took one{verb, std::chrono::microseconds(took), std::chrono::microseconds(limit)};
            const auto same = std::find_if(all.begin(), all.end(),
                                           [&](const Took& other) { return other.verb == verb; });
            if (same == all.end()) {
                all.push_back(one);
            } else {
                same->longest = std::max(same->longest, one.longest);
            }
        }
    }
    return all;
}

}  // namespace quorumlock::testing::faults
