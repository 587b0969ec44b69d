#include "tests/sim/sim_process.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "tests/sim/sim_dapr.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_stream.h"

namespace quorumlock::sim {

namespace {

constexpr std::size_t kTasksPerTurn = 1000;
constexpr std::uint64_t kReadsPerTheft = 200;

/// The oldest entry goes last, so that the order of the others is kept.
template <class T>
void take_out(std::vector<T*>& from, const T* what) noexcept {
    from.erase(std::remove(from.begin(), from.end(), what), from.end());
}

}  // namespace

SimProcess::SimProcess(World& world, Network& network, Names& names, std::uint64_t seed, int index,
                       const ProcessTraits& traits)
    : world_(world),
      network_(network),
      names_(names),
      index_(index),
      traits_(traits),
      clock_(traits.boot_reading, traits.ppm),
      luck_(seed, Luck::process, static_cast<std::uint64_t>(index)),
      entropy_(seed, Luck::entropy, static_cast<std::uint64_t>(index)),
      jitter_(seed, Luck::jitter, static_cast<std::uint64_t>(index)) {}

SimProcess::~SimProcess() = default;

// ---- Env ----

Instant SimProcess::now() const noexcept {
    if (in_loop_ && traits_.longest_theft > 0 && luck_.chance(1, kReadsPerTheft)) {
        const Time theft = luck_.scaled(1, traits_.longest_theft);
        busy_until_ = time() + theft;
        stolen_ += theft;
    }
    return Instant(Nanos(reading()));
}

Instant SimProcess::event_now() noexcept {
    const Instant read = now();  // At every question the process may be preempted.
    if (!std::exchange(event_now_known_, true)) event_now_ = read;
    return event_now_;
}

Nanos SimProcess::wall_now() const noexcept {
    return Nanos(1'700'000'000 * kSecond + world_.now() + wall_shift);
}

void SimProcess::arm(env::Timer& timer, Instant when) {
    timers_.arm(timer, when);
    if (!in_loop_) schedule();
}

void SimProcess::post(env::Task& task) {
    tasks_.push(task);
    if (!in_loop_) schedule();
}

bool SimProcess::random_bytes(std::span<std::uint8_t> out) noexcept {
    if (entropy_fails) return false;
    for (std::size_t i = 0; i < out.size(); i += 8) {
        std::uint64_t word = entropy_.next();
        for (std::size_t j = i; j < std::min(i + 8, out.size()); ++j, word >>= 8) {
            out[j] = static_cast<std::uint8_t>(word);
        }
    }
    return true;
}

std::unique_ptr<env::HttpCall> SimProcess::request(const env::HttpRequest& request,
                                                   env::HttpEvents& events) {
    QL_CHECK(dapr != nullptr);
    return dapr->request(*this, request, events);
}

std::unique_ptr<env::Lookup> SimProcess::look_up(const std::string& host,
                                                 env::LookupEvents& events) {
    return std::make_unique<SimLookup>(*this, host, events);
}

std::unique_ptr<env::Stream> SimProcess::connect(const env::Endpoint& to,
                                                 env::StreamEvents& events) {
    auto stream = std::make_unique<SimStream>(*this, events);
    if (!buried_) stream->start(to);
    return stream;
}

env::FileContent SimProcess::variable(const std::string& name) {
    const auto found = variables.find(name);
    if (found == variables.end()) return {false, "", "not set"};
    return {true, found->second, ""};
}

env::FileContent SimProcess::file(const std::string& path) {
    const auto found = files.find(path);
    if (found == files.end()) return {false, "", "no such file or directory"};
    return {true, found->second, ""};
}

// ---- turns ----

void SimProcess::input(Input& input) {
    if (!std::exchange(input.queued, true)) inputs_.push_back(&input);
    schedule();
}

void SimProcess::forget(Input& input) noexcept {
    if (!std::exchange(input.queued, false)) return;
    std::replace(inputs_.begin(), inputs_.end(), &input, static_cast<Input*>(nullptr));
    std::replace(delivering_.begin(), delivering_.end(), &input, static_cast<Input*>(nullptr));
}

void SimProcess::remove(SimStream& stream) noexcept {
    take_out(streams_, &stream);
    take_out(dirty_, &stream);
}

void SimProcess::schedule() {
    if (in_loop_) return;
    Time at = kNever;
    if (!inputs_.empty() || !tasks_.empty() || !dirty_.empty()) {
        at = world_.now();
    } else if (!timers_.empty()) {
        at = clock_.when(timers_.next().time_since_epoch().count());
    }
    if (at == kNever || dead_) return world_.disarm(turn_);
    at = std::max({at, asleep_until_, busy_until_, world_.now()});
    if (!turn_.armed() || time_of(turn_) != at) world_.arm(turn_, at);
}

void SimProcess::turn() {
    if (world_.now() < asleep_until_ || dead_) return schedule();
    in_loop_ = true;
    // Answers that have come count before time limits that have passed, as in the real loop; but
    // they may also come right after it has looked.
    const bool timers_first = luck_.chance(1, 8);
    if (timers_first) fire_timers();
    deliver_inputs();
    if (!timers_first) fire_timers();
    new_event();
    tasks_.run(kTasksPerTurn);
    flush();
    in_loop_ = false;
    busy_until_ = time() + traits_.turn;
    stolen_ += traits_.turn;
    schedule();
    if (after_turn) after_turn();
}

void SimProcess::fire_timers() {
    new_event();
    timers_.fire_due(event_now());
}

void SimProcess::deliver_inputs() {
    delivering_.swap(inputs_);
    for (std::size_t i = 0; i < delivering_.size(); ++i) {
        Input* const input = delivering_[i];
        if (input == nullptr) continue;
        input->queued = false;
        delivering_[i] = nullptr;
        new_event();
        input->deliver();
    }
    delivering_.clear();
}

void SimProcess::flush() {
    // A stream that cannot send all waits for its link, not here.
    for (SimStream* const stream : dirty_) stream->flush();
    dirty_.clear();
}

void SimProcess::lead(const std::function<void()>& body) {
    if (in_loop_) return body();
    in_loop_ = true;
    new_event();
    body();
    flush();
    in_loop_ = false;
    schedule();
    if (after_turn) after_turn();
}

// ---- faults ----

void SimProcess::sleep_until(Time until) {
    if (until <= asleep_until_) return;
    stolen_ += until - std::max(asleep_until_, world_.now());
    asleep_until_ = until;
    schedule();
}

void SimProcess::pause(Time until) { sleep_until(until); }

void SimProcess::suspend(Time until) {
    suspended_until_ = std::max(suspended_until_, until);
    sleep_until(until);
}

void SimProcess::die() {
    dead_ = true;
    for (SimStream* const stream : streams_) stream->cut_off();
    world_.disarm(turn_);
}

void SimProcess::bury() {
    if (!dead_) return;
    dead_ = false;
    buried_ = true;
    schedule();
}

// ---- trace ----

void SimProcess::trace_sent(Link& link, std::string_view bytes) {
    world_.trace().note(time(), Mark::sent, link.number(), bytes, [&] {
        return name() + " -> #" + std::to_string(link.number()) + ": " + in_words(bytes);
    });
}

void SimProcess::trace_received(Link& link, std::string_view bytes) {
    world_.trace().note(time(), Mark::received, link.number(), bytes, [&] {
        return name() + " <- #" + std::to_string(link.number()) + ": " + in_words(bytes);
    });
}

void SimProcess::trace_event(Link& link, Mark mark, const char* what) {
    world_.trace().note(time(), mark, link.number(), std::string_view(what),
                        [&] { return name() + " #" + std::to_string(link.number()) + " " + what; });
}

}  // namespace quorumlock::sim
