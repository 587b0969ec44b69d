#include "tests/conformance/provider.h"

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/support/free_port.h"

namespace quorumlock::testing {

void ProviderTest::SetUp() {
    for (int i = 0; i < kind().nodes; ++i) {
        if (!kind().redis) {
            uris_.push_back("memory:?name=m" + std::to_string(i));
        } else if (i < kind().dead) {
            uris_.push_back("redis://127.0.0.1:" + std::to_string(free_port()));
        } else {
            RedisOptions options;
            options.unix_socket = kind().unix_socket;
            servers_.push_back(std::make_unique<RedisServer>(options));
            uris_.push_back(servers_.back()->uri());
        }
    }
    service_.emplace(open_service(uris_));
}

LockService& ProviderTest::rival() {
    if (!kind().redis) return service();
    if (!rival_) rival_.emplace(open_service(uris_));
    return *rival_;
}

void ProviderTest::reopen(ServiceOptions options) {
    service_.reset();
    service_.emplace(open_service(uris_, std::move(options)));
}

Lock ProviderTest::must_acquire(std::string_view resource, AcquireOptions options) {
    auto lock = service().acquire(resource, std::move(options)).get();
    if (!lock) {
        std::fprintf(stderr, "must_acquire: %s\n", text_of(lock).c_str());
        std::abort();
    }
    return std::move(lock).value();
}

void ProviderTest::take_away(const Lock& lock) {
    ASSERT_TRUE(is_ok(service().release(lock.resource(), lock.token()).get()));
    ASSERT_TRUE(nothing_left(service(), lock.resource()));
}

void ProviderTest::wait_until_not_held(const Lock& lock) {
    ASSERT_TRUE(eventually([&] { return !lock.held(); }, std::chrono::seconds(60)));
}

namespace {

std::string name_of(const ::testing::TestParamInfo<ProviderKind>& info) { return info.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Kinds, ProviderTest,
    ::testing::Values(
        ProviderKind{.name = "memory_x1", .nodes = 1},
        ProviderKind{.name = "memory_x3", .nodes = 3},
        ProviderKind{.name = "redis_x1", .nodes = 1, .redis = true},
        ProviderKind{.name = "redis_x2", .nodes = 2, .redis = true},
        ProviderKind{.name = "redis_x3", .nodes = 3, .redis = true},
        ProviderKind{.name = "redis_x4", .nodes = 4, .redis = true},
        ProviderKind{.name = "redis_x5", .nodes = 5, .redis = true},
        ProviderKind{.name = "redis_x5_one_dead", .nodes = 5, .dead = 1, .redis = true},
        ProviderKind{.name = "unix_socket_x3", .nodes = 3, .redis = true, .unix_socket = true}),
    name_of);

}  // namespace quorumlock::testing
