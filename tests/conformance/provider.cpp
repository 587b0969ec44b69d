#include "tests/conformance/provider.h"

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/support/free_port.h"

namespace quorumlock::testing {

void ProviderTest::SetUp() {
    if (kind().dapr) QL_NEEDS_SIDECAR();
    for (int i = 0; i < kind().nodes; ++i) {
        if (kind().dapr) {
            servers_.push_back(std::make_unique<RedisServer>());
            DaprOptions options;
            options.redis_port = servers_.back()->port();
            options.unix_socket = kind().unix_socket;
            sidecars_.push_back(std::make_unique<DaprSidecar>(options));
            uris_.push_back(sidecars_.back()->uri("?independent=yes&name=s" + std::to_string(i)));
        } else if (!kind().redis) {
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
    if (!kind().real()) return service();
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

int ProviderTest::nodes_holding(LockService& service, std::string_view resource) {
    if (!kind().dapr) return testing::nodes_holding(service, resource);
    int holding = 0;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        const std::string key = sidecars_[i]->key(std::string(resource));
        holding += servers_[i]->command({"EXISTS", key}) == "1" ? 1 : 0;
    }
    return holding;
}

::testing::AssertionResult ProviderTest::nothing_left(LockService& service,
                                                      std::string_view resource) {
    if (!kind().dapr) return testing::nothing_left(service, resource);
    int holding = -1;
    if (eventually([&] { return (holding = nodes_holding(service, resource)) == 0; })) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << holding << " servers still hold it";
}

bool ProviderTest::can_extend() {
    if (!kind().dapr) return true;
    Lock lock = must_acquire("refusals", {.ttl = kLongTtl});
    const Instant end = lock.validity_end();
    const auto extended = lock.extend(kLongTtl).get();
    EXPECT_TRUE(fails_with(Errc::unsupported, extended));
    EXPECT_TRUE(says(extended.error(), {"dapr", "extend"}));
    EXPECT_TRUE(lock.held()) << "a refused call changes nothing";
    EXPECT_EQ(lock.validity_end(), end);
    EXPECT_TRUE(
        fails_with(Errc::unsupported, service().extend("refusals", lock.token(), kLongTtl).get()));
    const auto renewed = service().acquire("r", {.ttl = kLongTtl, .renew = true}).get();
    EXPECT_TRUE(fails_with(Errc::unsupported, renewed));
    EXPECT_TRUE(says(renewed.error(), {"renew", "dapr"}));
    EXPECT_EQ(nodes_holding(service(), "r"), 0) << "refused before anything is sent";
    EXPECT_TRUE(fails_with(Errc::unsupported, service().inspect("refusals").get()));
    EXPECT_TRUE(is_ok(lock.release().get()));
    return false;
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
        ProviderKind{.name = "unix_socket_x3", .nodes = 3, .redis = true, .unix_socket = true},
        ProviderKind{.name = "dapr_x1", .nodes = 1, .dapr = true},
        ProviderKind{.name = "dapr_x3", .nodes = 3, .dapr = true},
        ProviderKind{.name = "dapr_unix_socket_x1", .nodes = 1, .unix_socket = true, .dapr = true}),
    name_of);

}  // namespace quorumlock::testing
