// The bounds of the options that have to do with fences.
#include "lib/service/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quorumlock/lock_service.h>

namespace quorumlock::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

ServiceOptions retaining(Nanos retention, Nanos max_ttl = 60s) {
    ServiceOptions options;
    options.fence_retention = retention;
    options.max_ttl = max_ttl;
    return options;
}

/// What is in force then.
Nanos in_force(const ServiceOptions& options) {
    const auto settings = check_options(options);
    EXPECT_TRUE(settings);
    return settings ? settings->options.fence_retention : Nanos{-1};
}

TEST(FenceRetention, is_an_hour_unless_twice_max_ttl_is_more) {
    EXPECT_EQ(in_force({}), 1h);
    EXPECT_EQ(in_force(retaining(0s, 30min)), 1h);
    EXPECT_EQ(in_force(retaining(0s, 30min + 1ms)), 1h + 2ms);
    EXPECT_EQ(in_force(retaining(0s, 24h)), 48h);
}

TEST(FenceRetention, may_be_from_twice_max_ttl_to_a_year) {
    EXPECT_EQ(in_force(retaining(120s)), 120s);
    EXPECT_EQ(in_force(retaining(2s, 1s)), 2s);
    EXPECT_EQ(in_force(retaining(24h * 365)), 24h * 365);
}

TEST(FenceRetention, beyond_its_bounds_the_open_fails_and_names_them) {
    for (const Nanos wrong : {Nanos{120s - 1ns}, Nanos{1ns}, Nanos{-1s}, Nanos{24h * 365 + 1ns}}) {
        const auto checked = check_options(retaining(wrong));
        ASSERT_FALSE(checked) << wrong.count();
        EXPECT_EQ(checked.error().code(), Errc::invalid_argument);
        EXPECT_THAT(checked.error().message(),
                    AllOf(HasSubstr("fence_retention"), HasSubstr("120 s .. 31536000 s")));
    }
    const auto service = LockService::open({"memory:"}, retaining(119s));
    ASSERT_FALSE(service);
    EXPECT_EQ(service.error().code(), Errc::invalid_argument);
    EXPECT_THAT(service.error().message(), HasSubstr("fence_retention is 119 s"));
}

}  // namespace
}  // namespace quorumlock::detail
