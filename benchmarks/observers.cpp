// quorumlock_observers: what an observer costs an acquire + release, as ratios against a service
// without one in the same run. A round runs every variant for one batch, in an order that turns
// with the rounds; a ratio is taken within a round, and told is the median of all rounds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/telemetry/prometheus.h>
#include <quorumlock/telemetry/tracing.h>

#include "benchmarks/chain.h"

namespace {

using namespace quorumlock;

constexpr int kNodes = 5;
constexpr std::int64_t kBatch = 2000;

class NoTracer final : public Tracer {
  public:
    void on_span(const Span&) override {}
};

struct Variant {
    const char* name;
    LockService service;
    std::unique_ptr<bench::Chain> chain;
    std::vector<double> cpu_us{}, wall_us{};  ///< Of a cycle, one for each round.
};

Variant variant(const char* name, std::shared_ptr<Observer> observer) {
    ServiceOptions options;
    options.observer = std::move(observer);
    std::vector<std::string> uris;
    for (int i = 0; i < kNodes; ++i) uris.push_back("memory:?name=" + std::to_string(i));
    auto service = LockService::open(std::move(uris), options);
    if (!service) std::exit((std::puts(service.error().to_string().c_str()), 1));
    return {name, std::move(*service), nullptr};
}

double microseconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void run_batch(Variant& one, bool counts) {
    const double cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID);
    const double wall = microseconds(CLOCK_MONOTONIC);
    if (!one.chain->run(kBatch)) std::exit((std::puts("a cycle failed"), 1));
    if (!counts) return;
    one.cpu_us.push_back((microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / kBatch);
    one.wall_us.push_back((microseconds(CLOCK_MONOTONIC) - wall) / kBatch);
}

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

std::vector<double> ratios(const std::vector<double>& of, const std::vector<double>& to) {
    std::vector<double> out;
    for (std::size_t i = 0; i < of.size(); ++i) out.push_back(of[i] / to[i]);
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 101;
    if (rounds < 1) return std::puts("usage: quorumlock_observers [ROUNDS]"), 64;
    std::vector<Variant> variants;
    variants.push_back(variant("none", nullptr));
    variants.push_back(variant("none, once more", nullptr));
    variants.push_back(variant("Observer that does nothing", std::make_shared<Observer>()));
    variants.push_back(variant("PrometheusMetrics", std::make_shared<PrometheusMetrics>()));
    variants.push_back(variant("TracingObserver, empty Tracer",
                               std::make_shared<TracingObserver>(std::make_shared<NoTracer>())));
    for (Variant& one : variants) one.chain = std::make_unique<bench::Chain>(one.service);
    for (int round = -5; round < rounds; ++round) {  // the first ones warm it up
        for (std::size_t i = 0; i < variants.size(); ++i) {
            const std::size_t turn = static_cast<std::size_t>(round + 5) + i;
            run_batch(variants[turn % variants.size()], round >= 0);
        }
    }
    std::printf("%d memory nodes, %d rounds of %d cycles each\n", kNodes, rounds,
                static_cast<int>(kBatch));
    std::printf("%-30s %10s %8s %15s %8s\n", "observer", "CPU us", "ratio", "its quartiles",
                "elapsed");
    for (const Variant& one : variants) {
        const auto cpu = ratios(one.cpu_us, variants[0].cpu_us);
        const auto wall = ratios(one.wall_us, variants[0].wall_us);
        std::printf("%-30s %10.2f %8.3f %7.3f %7.3f %8.3f\n", one.name, quantile(one.cpu_us, 0.5),
                    quantile(cpu, 0.5), quantile(cpu, 0.25), quantile(cpu, 0.75),
                    quantile(wall, 0.5));
    }
    return 0;
}
