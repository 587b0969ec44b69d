#include "tests/sim/sim_redis.h"

#include "lib/base/check.h"

namespace quorumlock::sim {

struct SimRedis::Impl {
    std::map<ClientId, std::string> output;
    std::string run_id;
    ClientId next = 1;
};

SimRedis::SimRedis(std::uint64_t, WallMicros, SimRedisEvents*) : impl_(std::make_unique<Impl>()) {}
SimRedis::~SimRedis() = default;
ClientId SimRedis::accept(WallMicros) {
    impl_->output[impl_->next];
    return impl_->next++;
}
void SimRedis::receive(ClientId, std::string_view, WallMicros) {}
std::string& SimRedis::output(ClientId client) { return impl_->output.at(client); }
bool SimRedis::closing(ClientId) const { return false; }
void SimRedis::disconnect(ClientId client) { impl_->output.erase(client); }
void SimRedis::restart(bool, std::uint64_t, WallMicros) {}
void SimRedis::flush_all(WallMicros) {}
void SimRedis::flush_scripts() {}
bool SimRedis::delete_key(std::string_view, WallMicros) { return false; }
const std::string* SimRedis::value(std::string_view, WallMicros) const { return nullptr; }
std::optional<WallMicros> SimRedis::expires(std::string_view, WallMicros) const { return {}; }
std::size_t SimRedis::keys(WallMicros) const { return 0; }
const std::string& SimRedis::run_id() const { return impl_->run_id; }

}  // namespace quorumlock::sim
