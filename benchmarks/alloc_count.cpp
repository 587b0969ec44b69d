// quorumlock_alloc_count: how often one acquire+release cycle reaches the heap in steady state.
// Counts every malloc of the process, the libraries' own included. Exit code 1 when it is not 0.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

#include "benchmarks/alloc_counter.h"

namespace {

using namespace quorumlock;

/// K cycles in flight by callbacks, for `cycles` cycles in all.
class Chains {
  public:
    Chains(LockService& service, int count) : service_(service) {
        for (int i = 0; i < count; ++i) {
            chains_.push_back(std::make_unique<Chain>(*this, "alloc:" + std::to_string(i)));
        }
    }

    void run(std::uint64_t cycles) {
        left_ = cycles - chains_.size();
        active_ = chains_.size();
        for (auto& chain : chains_) chain->start();
        std::unique_lock guard(mutex_);
        ended_.wait(guard, [this] { return active_ == 0; });
    }
    std::uint64_t errors() const { return errors_; }

  private:
    struct Chain {
        Chain(Chains& all_, std::string resource_) : all(all_), resource(std::move(resource_)) {}
        void start() {
            all.service_.acquire(resource).then([this](Result<Lock> result) {
                if (!result) return end(false);
                lock.emplace(std::move(*result));
                lock->release().then([this](Result<void> answer) {
                    lock.reset();
                    end(answer.has_value());
                });
            });
        }
        void end(bool well) {
            if (!well) ++all.errors_;
            if (all.left_ > 0) {
                --all.left_;
                return start();
            }
            const std::lock_guard guard(all.mutex_);
            if (--all.active_ == 0) all.ended_.notify_one();
        }

        Chains& all;
        std::string resource;
        std::optional<Lock> lock;
    };

    LockService& service_;
    std::vector<std::unique_ptr<Chain>> chains_;
    std::uint64_t left_ = 0, errors_ = 0;
    std::size_t active_ = 0;
    std::mutex mutex_;
    std::condition_variable ended_;
};

std::uint64_t run_blocking(LockService& service, std::uint64_t cycles) {
    std::uint64_t errors = 0;
    for (std::uint64_t i = 0; i < cycles; ++i) {
        auto lock = service.acquire("alloc:blocking").get();
        if (!lock || !lock->release().get()) ++errors;
    }
    return errors;
}

/// Warms up, counts, prints. False when something reached the heap or went wrong.
template <class Run>
bool measure(const std::string& name, std::uint64_t cycles, Run&& run) {
    std::uint64_t errors = run(cycles / 4 + 100);
    benchmarks::start_counting_allocations();
    errors += run(cycles);
    const std::uint64_t count = benchmarks::stop_counting_allocations();
    std::printf("%-28s %.4f   (%llu in %llu cycles, %llu errors)\n", name.c_str(),
                static_cast<double>(count) / static_cast<double>(cycles),
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(cycles),
                static_cast<unsigned long long>(errors));
    return count == 0 && errors == 0;
}

bool measure_service(const std::string& kind, const std::vector<std::string>& nodes,
                     std::uint64_t cycles) {
    auto service = LockService::open(nodes);
    if (!service) {
        std::fprintf(stderr, "quorumlock_alloc_count: %s\n", service.error().message().c_str());
        return false;
    }
    bool clean = true;
    for (const int in_flight : {1, 32}) {
        Chains chains(*service, in_flight);
        clean &= measure(kind + " then, " + std::to_string(in_flight) + " in flight", cycles,
                         [&chains](std::uint64_t count) {
                             const std::uint64_t before = chains.errors();
                             chains.run(count);
                             return chains.errors() - before;
                         });
    }
    clean &= measure(kind + " get()", cycles,
                     [&service](std::uint64_t count) { return run_blocking(*service, count); });
    return clean;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> nodes;
    std::uint64_t cycles = 20'000;
    CLI::App app{"Counts heap allocations per acquire+release cycle in steady state."};
    app.add_option("--nodes", nodes, "redis://host:port,...; without it memory: nodes only")
        ->delimiter(',')
        ->envname("QUORUMLOCK_NODES");
    app.add_option("--cycles", cycles, "how many cycles to count")
        ->check(CLI::Range(1000, 100'000'000))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    if (!benchmarks::can_count_allocations()) {
        std::puts("a sanitizer owns the heap in this build: nothing counted");
        return 0;
    }
    std::puts("name                         allocations_per_cycle");
    bool clean =
        measure_service("memory", {"memory:?name=a", "memory:?name=b", "memory:?name=c"}, cycles);
    if (!nodes.empty()) clean &= measure_service("redis", nodes, cycles);
    return clean ? 0 : 1;
}
