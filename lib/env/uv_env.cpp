#include "lib/env/uv_env.h"

#include <array>
#include <cstddef>
#include <ctime>
#include <utility>

#include "lib/env/random.h"
#include "lib/env/random_pool.h"
#include "lib/env/small_file.h"
#include "lib/env/socket.h"
#include "lib/env/tls_stream.h"
#include "lib/env/uv_core.h"
#include "lib/env/uv_http.h"
#include "lib/env/uv_lookup.h"
#include "lib/env/uv_stream.h"

namespace quorumlock::env {

namespace {

/// Jitter needs no secrecy: where the generator fails, the clock has to do.
FastRandom seeded(RandomPool& pool) noexcept {
    std::array<std::uint64_t, 4> seed{};
    if (!pool.fill({reinterpret_cast<std::uint8_t*>(seed.data()), sizeof seed})) {
        seed[0] = static_cast<std::uint64_t>(boot_now().time_since_epoch().count());
        seed[1] = reinterpret_cast<std::uintptr_t>(&pool);
    }
    return FastRandom(seed);
}

}  // namespace

struct UvEnv::Impl {
    explicit Impl(TurnEvents& events) : core(events), fast(seeded(pool)) {}
    UvCore core;
    RandomPool pool;
    FastRandom fast;
};

Result<std::unique_ptr<UvEnv>> UvEnv::create(uv_loop_s* loop, TurnEvents& events) {
    auto impl = std::make_unique<Impl>(events);
    if (const int error = impl->core.open(loop); error != 0) {
        return Error(Errc::no_quorum, "cannot open an event loop: " + error_words(error));
    }
    return std::unique_ptr<UvEnv>(new UvEnv(std::move(impl)));
}

UvEnv::UvEnv(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

UvEnv::~UvEnv() {
    if (impl_->core.owns_loop() && !impl_->core.closing()) impl_->core.close({});
}

void UvEnv::turn(bool wait) { impl_->core.turn(wait); }

void UvEnv::flush() { impl_->core.flush(); }

void UvEnv::wake() noexcept { impl_->core.wake(); }

void UvEnv::keep_alive(bool yes) { impl_->core.keep_alive(yes); }

void UvEnv::close_handles(std::function<void()> done) { impl_->core.close(std::move(done)); }

Instant UvEnv::now() const noexcept { return boot_now(); }

Instant UvEnv::event_now() noexcept { return impl_->core.event_now(); }

void UvEnv::new_event() noexcept { impl_->core.new_event(); }

Nanos UvEnv::wall_now() const noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::chrono::seconds(now.tv_sec) + Nanos(now.tv_nsec);
}

void UvEnv::arm(Timer& timer, Instant when) { impl_->core.arm(timer, when); }

void UvEnv::disarm(Timer& timer) noexcept { impl_->core.disarm(timer); }

void UvEnv::post(Task& task) { impl_->core.post(task); }

bool UvEnv::random_bytes(std::span<std::uint8_t> out) noexcept { return impl_->pool.fill(out); }

std::uint64_t UvEnv::random_u64() noexcept { return impl_->fast.next(); }

std::unique_ptr<Lookup> UvEnv::look_up(const std::string& host, LookupEvents& events) {
    return std::make_unique<UvLookup>(impl_->core, host, events);
}

std::unique_ptr<Stream> UvEnv::connect(const Endpoint& to, StreamEvents& events) {
    if (to.tls) return std::make_unique<TlsStream>(impl_->core, to, events);
    return std::make_unique<UvStream>(impl_->core, to, events);
}

std::unique_ptr<HttpCall> UvEnv::request(const HttpRequest& request, HttpEvents& events) {
    return impl_->core.http().request(request, events);
}

FileContent UvEnv::variable(const std::string& name) { return read_variable(name); }

FileContent UvEnv::file(const std::string& path) { return read_small_file(path); }

}  // namespace quorumlock::env
