// Timers, tokens and the clock.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include <quorumlock/token.h>

#include "lib/env/timer_queue.h"
#include "lib/env/uv_env.h"
#include "lib/service/tokens.h"

namespace {

using namespace quorumlock;
using namespace std::chrono_literals;

class Nothing final : public env::Timer {
  public:
    void fire() override {}
};

/// The turns of a loop that nobody runs.
class NoTurns final : public env::UvEnv::TurnEvents {
  public:
    void before_wait() override {}
    bool about_to_wait() override { return false; }
    void woke() override {}
};

/// Arming and disarming a node's time limit while `range` locks' own timers are armed.
void arm_disarm(benchmark::State& state) {
    env::TimerQueue queue;
    std::vector<std::unique_ptr<Nothing>> others;
    const Instant start{Nanos(1'000'000'000)};
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        others.push_back(std::make_unique<Nothing>());
        queue.arm(*others.back(), start + 30s + Nanos(i * 7919 % 100'000'000));
    }
    Nothing timer;
    Nanos step{0};
    for (auto _ : state) {
        queue.arm(timer, start + 500ms + ++step);
        queue.disarm(timer);
    }
}
BENCHMARK(arm_disarm)->Arg(0)->Arg(1000)->Arg(100'000);

void token_from_bytes(benchmark::State& state) {
    std::array<std::uint8_t, Token::kRandomBytes> bytes{};
    for (auto _ : state) {
        ++bytes[0];
        benchmark::DoNotOptimize(Token::from_random(bytes));
    }
}
BENCHMARK(token_from_bytes);

void with_env(benchmark::State& state, void (*body)(benchmark::State&, env::UvEnv&)) {
    NoTurns turns;
    auto made = env::UvEnv::create(nullptr, turns);
    if (!made) return state.SkipWithError(made.error().message().c_str());
    body(state, **made);
    (*made)->close_handles([] {});
}

void fresh_token(benchmark::State& state) {
    with_env(state, [](benchmark::State& s, env::UvEnv& env) {
        for (auto _ : s) benchmark::DoNotOptimize(detail::fresh_token(env));
    });
}
BENCHMARK(fresh_token);

void read_clock(benchmark::State& state) {
    with_env(state, [](benchmark::State& s, env::UvEnv& env) {
        for (auto _ : s) benchmark::DoNotOptimize(env.now());
    });
}
BENCHMARK(read_clock);

}  // namespace
