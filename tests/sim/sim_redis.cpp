#include "tests/sim/sim_redis.h"

#include "lib/base/check.h"
#include "tests/sim/redis_core.h"

namespace quorumlock::sim {

struct SimRedis::Impl {
    RedisCore core;
};

SimRedis::SimRedis(std::uint64_t run_seed, WallMicros now, SimRedisEvents* events)
    : impl_(new Impl{RedisCore(state, run_seed, now, events)}) {}

SimRedis::~SimRedis() = default;

ClientId SimRedis::accept(WallMicros now) { return impl_->core.accept(now); }

void SimRedis::receive(ClientId client, std::string_view bytes, WallMicros now) {
    impl_->core.receive(client, bytes, now);
}

std::string& SimRedis::output(ClientId client) {
    Client* const found = impl_->core.clients.find(client);
    QL_CHECK(found != nullptr);
    return found->output;
}

bool SimRedis::closing(ClientId client) const {
    const Client* const found = std::as_const(impl_->core.clients).find(client);
    return found == nullptr || found->closing;
}

std::vector<ClientId> SimRedis::take_pushed() { return impl_->core.tracking.take_pushed(); }

void SimRedis::touch(std::string_view key) { impl_->core.tracking.changed(key); }

void SimRedis::expire(WallMicros now) { impl_->core.expire(now); }

bool SimRedis::waits_for_expiry() const { return impl_->core.waits_for_expiry(); }

void SimRedis::disconnect(ClientId client) { impl_->core.clients.erase(client); }

void SimRedis::restart(bool keep_data, std::uint64_t run_seed, WallMicros now) {
    impl_->core.restart(keep_data, run_seed, now);
}

void SimRedis::flush_all(WallMicros now) {
    impl_->core.set_now(now);
    impl_->core.flush_all(Gone::flushed, 0);
}

void SimRedis::flush_scripts() { impl_->core.scripts.clear(); }

bool SimRedis::has_script(std::string_view sha) const {
    return impl_->core.scripts.find(sha) != nullptr;
}

bool SimRedis::delete_key(std::string_view key, WallMicros now) {
    impl_->core.set_now(now);
    KeySpace& keys = impl_->core.keys(0);
    const Moment moment = impl_->core.moment_by_hand();
    Key* const found = keys.find(key, moment);
    if (found != nullptr) keys.erase(*found, Gone::deleted, moment);
    return found != nullptr;
}

void SimRedis::plant_list(std::string_view key, WallMicros now) {
    impl_->core.set_now(now);
    KeySpace& keys = impl_->core.keys(0);
    const Moment moment = impl_->core.moment_by_hand();
    if (Key* found = keys.find(key, moment)) keys.erase(*found, Gone::overwritten, moment);
    keys.set_list(nullptr, key, 1, moment);
}

const std::string* SimRedis::value(std::string_view key, WallMicros now) const {
    const Key* const found = std::as_const(impl_->core).keys().peek(key, whole_ms_of(now));
    return found == nullptr ? nullptr : &found->value;
}

std::optional<WallMicros> SimRedis::expires(std::string_view key, WallMicros now) const {
    const Key* const found = std::as_const(impl_->core).keys().peek(key, whole_ms_of(now));
    if (found == nullptr || found->expires_ms == kNeverMs) return {};
    return gone_at(found->expires_ms);
}

std::size_t SimRedis::keys(WallMicros now) const {
    return std::as_const(impl_->core).keys().count(whole_ms_of(now));
}

const std::string& SimRedis::run_id() const { return impl_->core.identity.run_id; }

}  // namespace quorumlock::sim
