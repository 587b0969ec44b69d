#include "lib/testing/virtual_env.h"

#include <algorithm>

#include "lib/base/check.h"

namespace quorumlock::testing {

namespace {

constexpr int kTooManyTurns = 1'000'000;

}  // namespace

VirtualEnv::VirtualEnv(std::uint64_t seed) : random_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

Nanos VirtualEnv::wall_now() const noexcept {
    return now_.time_since_epoch() + std::chrono::seconds(1'700'000'000) + wall_offset;
}

bool VirtualEnv::random_bytes(std::span<std::uint8_t> out) noexcept {
    if (random_fails) return false;
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random_u64() >> 56);
    return true;
}

std::uint64_t VirtualEnv::random_u64() noexcept {
    // splitmix64
    random_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

// Nodes that need one of these cannot be opened in virtual time.

std::unique_ptr<env::Lookup> VirtualEnv::look_up(const std::string&, env::LookupEvents&) {
    QL_CHECK(!"there are no names in virtual time");
    return nullptr;
}

std::unique_ptr<env::Stream> VirtualEnv::connect(const env::Endpoint&, env::StreamEvents&) {
    QL_CHECK(!"there are no sockets in virtual time");
    return nullptr;
}

std::unique_ptr<env::HttpCall> VirtualEnv::request(const env::HttpRequest&, env::HttpEvents&) {
    QL_CHECK(!"there is no HTTP in virtual time");
    return nullptr;
}

env::FileContent VirtualEnv::variable(const std::string&) { return {false, "", "not set"}; }

env::FileContent VirtualEnv::file(const std::string&) {
    return {false, "", "no such file or directory"};
}

bool VirtualEnv::run_tasks() {
    const bool any = !tasks_.empty();
    while (env::Task* const task = tasks_.pop()) task->run();
    return any;
}

void VirtualEnv::run() {
    ++depth_;
    timers_.fire_due(now_);
    for (int turn = 0; run_tasks() || work(); ++turn) {
        QL_CHECK(turn < kTooManyTurns);  // a task that posts itself for ever
    }
    --depth_;
}

void VirtualEnv::advance(Nanos by) {
    const Instant target = now_ + by;
    run();
    for (int turn = 0; !timers_.empty() && timers_.next() <= target; ++turn) {
        QL_CHECK(turn < kTooManyTurns);  // a timer that arms itself for the present for ever
        advance_to_next();
    }
    now_ = target;
}

bool VirtualEnv::advance_to_next() {
    if (timers_.empty()) return false;
    now_ = std::max(now_, timers_.next());
    run();
    return true;
}

}  // namespace quorumlock::testing
