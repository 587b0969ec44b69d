// Rows of docs/dapr.md that the other tests of the real sidecar do not meet on their way.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/dapr_sidecar.h"
#include "tests/support/free_port.h"
#include "tests/support/http_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

constexpr const char* kLockTarget = "/v1.0-alpha1/lock/lockstore";
constexpr const char* kUnlockTarget = "/v1.0-alpha1/unlock/lockstore";
constexpr const char* kLockBody = R"({"resourceId":"r","lockOwner":"me","expiryInSeconds":30})";

class DaprTableTest : public ::testing::Test {
  protected:
    void SetUp() override { QL_NEEDS_SIDECAR(); }

    void start(DaprOptions options = {}) {
        options.redis_port = redis_.port();
        sidecar_ = std::make_unique<DaprSidecar>(options);
    }
    std::string post(const std::string& target, const std::string& body,
                     const std::vector<std::string>& headers = {}) const {
        const HttpResult said = http_request(sidecar_->port(), "POST", target, body, headers);
        return std::to_string(said.status) + " " + said.body;
    }

    RedisServer redis_;
    std::unique_ptr<DaprSidecar> sidecar_;
};

}  // namespace

// Nobody of us gets there: names have at most 4096 bytes (rule A1).
TEST_F(DaprTableTest, a_body_over_4_mib_is_refused_before_the_store_is_asked) {
    start();
    const std::string name(4 * 1024 * 1024, 'x');
    const std::string body =
        R"({"lockOwner":"me","expiryInSeconds":30,"resourceId":")" + name + "\"}";
    EXPECT_EQ(post(kLockTarget, body).substr(0, 33), R"(400 {"errorCode":"ERR_BODY_READ",)");
    EXPECT_EQ(redis_.dbsize(), "0");
}

TEST_F(DaprTableTest, health_is_answered_without_a_token_and_with_the_store_down) {
    start({.api_token = "s3cret"});
    const auto health = [&](const char* target) {
        return http_request(sidecar_->port(), "GET", target).status;
    };
    EXPECT_EQ(health("/v1.0/healthz"), 204);
    EXPECT_EQ(health("/v1.0/healthz/outbound"), 204);
    redis_.kill9();
    EXPECT_EQ(health("/v1.0/healthz"), 204);
    EXPECT_EQ(health("/v1.0/healthz/outbound"), 204);
}

TEST_F(DaprTableTest, the_content_type_does_not_matter) {
    start();
    for (const char* type :
         {"application/json", "text/plain", "application/x-www-form-urlencoded"}) {
        const std::string header = std::string("Content-Type: ") + type;
        EXPECT_EQ(post(kLockTarget, kLockBody, {header}), R"(200 {"success":true})") << type;
        EXPECT_EQ(post(kUnlockTarget, R"({"resourceId":"r","lockOwner":"me"})", {header}),
                  R"(200 {"status":0})");
    }
    EXPECT_EQ(post(kLockTarget, kLockBody), R"(200 {"success":true})");
}

TEST_F(DaprTableTest, the_key_says_who_shares_it) {
    for (const auto& [prefix, key] : {std::pair<std::string, std::string>{"", "lock||tests||r"},
                                      {"appid", "lock||tests||r"},
                                      {"name", "lock||lockstore||r"},
                                      {"none", "lock||r"}}) {
        start({.key_prefix = prefix});
        LockService service = open_service({sidecar_->uri()});
        auto lock = service.try_acquire("r", {.ttl = 30s}).get();
        ASSERT_TRUE(is_ok(lock)) << prefix;
        EXPECT_EQ(redis_.command({"GET", key}), lock->token()) << prefix;
        // SET key owner EX 30 NX
        const long left = std::stol(redis_.command({"PTTL", key}));
        EXPECT_GT(left, 0);
        EXPECT_LE(left, 30'000);
        EXPECT_TRUE(is_ok(lock->release().get()));
        EXPECT_EQ(redis_.dbsize(), "0");
    }
}

TEST_F(DaprTableTest, before_the_port_opens_it_is_unreachable_and_nothing_was_applied) {
    const std::string uri = "dapr://127.0.0.1:" + std::to_string(free_port()) + "/lockstore";
    LockService service = open_service({uri});
    const auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    EXPECT_EQ(lock.error().nodes().at(0).vote, NodeVote::failed);
    EXPECT_TRUE(says(lock.error(), {"connection refused"}));
}

TEST_F(DaprTableTest, the_version_is_the_modules) {
    start();
    LockService service = open_service({sidecar_->uri()});
    const auto nodes = service.nodes().get();
    ASSERT_TRUE(is_ok(nodes));
    EXPECT_EQ(nodes->at(0).version, "1.16.0");
    EXPECT_EQ(nodes->at(0).app_id, "tests");
}

}  // namespace quorumlock::testing
