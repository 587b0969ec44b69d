#include <quorumlock/testing/virtual_time.h>

#include <utility>

#include "lib/service/service_state.h"
#include "lib/testing/serial_runner.h"
#include "lib/testing/virtual_env.h"

namespace quorumlock::testing {

VirtualTime::VirtualTime(std::uint64_t seed) : env_(std::make_shared<VirtualEnv>(seed)) {}

VirtualTime::~VirtualTime() { env_->run(); }

Result<LockService> VirtualTime::open(ServiceOptions options) {
    if (options.loop != nullptr) {
        return Error(Errc::invalid_argument, "loop is set: virtual time has no libuv loop");
    }
    auto runner = std::make_unique<SerialRunner>(env_);
    return detail::open_service(options, {}, std::move(runner), *env_, nullptr, env_);
}

Instant VirtualTime::now() const noexcept { return env_->now(); }

void VirtualTime::run() { env_->run(); }

void VirtualTime::advance(Nanos by) { env_->advance(by); }

void VirtualTime::skip(Nanos by) { env_->skip(by); }

}  // namespace quorumlock::testing
