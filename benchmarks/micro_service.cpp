// The whole service over in-memory nodes: what a cycle costs when no socket is in the way.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

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

/// One chain of callbacks; run() blocks until it has made `cycles` cycles.
class Chain {
  public:
    explicit Chain(LockService& service) : service_(service) {}

    bool run(std::int64_t cycles) {
        left_ = cycles;
        done_ = false;
        start();
        std::unique_lock guard(mutex_);
        ended_.wait(guard, [this] { return done_; });
        return well_;
    }

  private:
    void start() {
        service_.acquire("orders:42").then([this](Result<Lock> result) {
            if (!result) return end(false);
            lock_.emplace(std::move(*result));
            lock_->release().then([this](Result<void> answer) {
                lock_.reset();
                if (!answer || --left_ == 0) return end(answer.has_value());
                start();
            });
        });
    }
    void end(bool well) {
        const std::lock_guard guard(mutex_);
        well_ = well;
        done_ = true;
        ended_.notify_one();
    }

    LockService& service_;
    std::optional<Lock> lock_;
    std::int64_t left_ = 0;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool done_ = false, well_ = false;
};

void async_cycle(benchmark::State& state) {
    constexpr std::int64_t kBatch = 1000;
    auto service = memory_service(state.range(0));
    if (!service) return state.SkipWithError(service.error().message().c_str());
    Chain chain(*service);
    while (state.KeepRunningBatch(kBatch)) {
        if (!chain.run(kBatch)) return state.SkipWithError("a cycle failed");
    }
}
BENCHMARK(async_cycle)->Arg(1)->Arg(5)->UseRealTime();

}  // namespace
