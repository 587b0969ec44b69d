#include "tests/integration/faults/crowd.h"

#include "tests/integration/faults/world.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing::faults {

using namespace std::chrono_literals;

namespace {

constexpr const char* kTakeAll =
    "for i = 0, ARGV[1] - 1 do redis.call('SET', 'crowd' .. i, 'another', 'PX', 600000) end";
constexpr const char* kGiveBack = "for i = 0, ARGV[1] - 1 do redis.call('DEL', 'crowd' .. i) end";

}  // namespace

Crowd::Crowd(World& world, int names) : world_(world), names_(names) {
    world_.for_all([&](int i) {
        world_.tell(i, {"EVAL", kTakeAll, "0", std::to_string(names_)}, "(nil)");
    });
    ServiceOptions options = patient();
    options.max_ttl = World::kMaxTtl;
    options.max_backlog = 100'000;
    service_ = std::make_unique<LockService>(open_service(world_.uris(), options));
    for (int i = 0; i < kWaiters; ++i) {
        service_->acquire("crowd" + std::to_string(i % names_), {.ttl = World::kMaxTtl, .wait = 1h})
            .then([this](Result<Lock> lock) { had_ += lock ? 1 : 0; });
    }
    World::must(service_->stats().operations == kWaiters, "not all of the crowd wait");
}

Crowd::~Crowd() = default;

void Crowd::let_in() {
    world_.for_all([&](int i) {
        world_.tell(i, {"EVAL", kGiveBack, "0", std::to_string(names_)}, "(nil)");
    });
    // Those who still wait then are cancelled.
    World::must(eventually([this] { return had_ >= kWaiters / 10; }, 30s),
                "who waited gets no lock");
    service_.reset();
}

}  // namespace quorumlock::testing::faults
