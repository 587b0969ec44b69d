// The pure machines: what the decisions themselves cost.
#include <benchmark/benchmark.h>

#include <chrono>

#include "lib/protocol/acquire.h"
#include "lib/protocol/extend.h"
#include "lib/protocol/release.h"
#include "lib/protocol/retry.h"

namespace {

using namespace quorumlock;
using namespace std::chrono_literals;

constexpr int kNodes = 5;
constexpr Instant kStart{Nanos(1'000'000'000)};

void acquire_round(benchmark::State& state) {
    const protocol::Terms terms{.ttl = 30s};
    protocol::AcquireRound round;
    for (auto _ : state) {
        round.begin(kNodes, kStart, terms);
        for (int node = 0; node < kNodes; ++node) {
            benchmark::DoNotOptimize(round.on_vote(node, &protocol::Votes::yes, kStart + 1ms));
        }
    }
}
BENCHMARK(acquire_round);

void refused_round(benchmark::State& state) {
    const protocol::Terms terms{.ttl = 30s};
    protocol::AcquireRound round;
    for (auto _ : state) {
        round.begin(kNodes, kStart, terms);
        for (int node = 0; node < kNodes; ++node) {
            benchmark::DoNotOptimize(round.on_vote(node, &protocol::Votes::no, kStart + 1ms));
        }
    }
}
BENCHMARK(refused_round);

void extend_round(benchmark::State& state) {
    const protocol::Terms terms{.ttl = 30s};
    protocol::ExtendRound round;
    for (auto _ : state) {
        round.begin(kNodes, kStart, terms, kStart + 20s);
        for (int node = 0; node < kNodes; ++node) {
            benchmark::DoNotOptimize(round.on_vote(node, &protocol::Votes::yes, kStart + 1ms));
        }
    }
}
BENCHMARK(extend_round);

void release_round(benchmark::State& state) {
    protocol::ReleaseRound round;
    for (auto _ : state) {
        round.begin(kNodes, NodeSet::first(kNodes));
        for (int node = 0; node < kNodes; ++node) {
            benchmark::DoNotOptimize(round.on_vote(node, &protocol::Votes::yes));
        }
    }
}
BENCHMARK(release_round);

void retry_pause(benchmark::State& state) {
    protocol::Retry retry;
    retry.begin(10ms, 200ms);
    std::uint64_t random = 0;
    for (auto _ : state) {
        random += 0x9e3779b97f4a7c15U;
        benchmark::DoNotOptimize(retry.next(random, 50ms, 10s));
    }
}
BENCHMARK(retry_pause);

}  // namespace
