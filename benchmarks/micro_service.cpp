// The whole service over in-memory nodes: what a cycle costs when no socket is in the way.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

#include "benchmarks/chain.h"

namespace {

using namespace quorumlock;

Result<LockService> memory_service(std::int64_t nodes) {
    std::vector<std::string> uris;
    for (std::int64_t i = 0; i < nodes; ++i) uris.push_back("memory:?name=" + std::to_string(i));
    return LockService::open(std::move(uris));
}

void blocking_cycle(benchmark::State& state) {
    auto service = memory_service(state.range(0));
    if (!service) return state.SkipWithError(service.error().message().c_str());
    for (auto _ : state) {
        auto lock = service->acquire("orders:42").get();
        if (!lock || !lock->release().get()) return state.SkipWithError("a cycle failed");
    }
}
BENCHMARK(blocking_cycle)->Arg(1)->Arg(5)->UseRealTime();

void async_cycle(benchmark::State& state) {
    constexpr std::int64_t kBatch = 1000;
    auto service = memory_service(state.range(0));
    if (!service) return state.SkipWithError(service.error().message().c_str());
    bench::Chain chain(*service);
    while (state.KeepRunningBatch(kBatch)) {
        if (!chain.run(kBatch)) return state.SkipWithError("a cycle failed");
    }
}
BENCHMARK(async_cycle)->Arg(1)->Arg(5)->UseRealTime();

}  // namespace
