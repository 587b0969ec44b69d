// The real sidecar: that its lock API is what our table says, and what a caller is told of it.
#include <gtest/gtest.h>

#include <memory>
#include <ostream>

#include "tests/support/dapr_sidecar.h"
#include "tests/support/http_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/resp_client.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

class DaprTest : public ::testing::Test {
  protected:
    void SetUp() override { QL_NEEDS_SIDECAR(); }

    void start(DaprOptions options = {}) {
        redis_ = std::make_unique<RedisServer>();
        options.redis_port = redis_->port();
        sidecar_ = std::make_unique<DaprSidecar>(options);
    }
    /// "status body" of a raw request to the sidecar's lock API.
    std::string raw(const std::string& verb, const std::string& body,
                    const std::string& store = DaprSidecar::kStore) {
        const HttpResult said =
            http_request(sidecar_->port(), "POST", "/v1.0-alpha1/" + verb + "/" + store, body);
        return std::to_string(said.status) + " " + said.body;
    }
    /// The error of an acquire that is refused by the sidecar, whose set-up is at fault.
    Error rejected(const std::string& uri) {
        LockService service = open_service({uri});
        const auto lock = service.try_acquire("r").get();
        EXPECT_TRUE(fails_with(Errc::rejected_by_server, lock));
        return lock ? Error(Errc::closed, "") : lock.error();
    }

    std::unique_ptr<RedisServer> redis_;
    std::unique_ptr<DaprSidecar> sidecar_;
};

std::string lock_body(const std::string& resource, const std::string& owner,
                      const std::string& seconds) {
    return R"({"resourceId":")" + resource + R"(","lockOwner":")" + owner +
           R"(","expiryInSeconds":)" + seconds + "}";
}
std::string unlock_body(const std::string& resource, const std::string& owner) {
    return R"({"resourceId":")" + resource + R"(","lockOwner":")" + owner + "\"}";
}

}  // namespace

TEST_F(DaprTest, the_sidecars_answers_are_those_of_the_table) {
    start();
    EXPECT_EQ(raw("lock", lock_body("r", "me", "30")), R"(200 {"success":true})");
    EXPECT_EQ(raw("lock", lock_body("r", "other", "30")), R"(200 {"success":false})");
    EXPECT_EQ(raw("lock", lock_body("r", "me", "30")), R"(200 {"success":false})");
    EXPECT_EQ(raw("unlock", unlock_body("r", "other")), R"(200 {"status":2})");
    EXPECT_EQ(raw("unlock", unlock_body("r", "me")), R"(200 {"status":0})");
    EXPECT_EQ(raw("unlock", unlock_body("r", "me")), R"(200 {"status":1})");
    for (const std::string& bad :
         {std::string("{"), lock_body("", "me", "1"), lock_body("r", "", "1"),
          lock_body("r", "me", "0"), lock_body("r", "me", "-1"), lock_body("r", "me", "1.5"),
          lock_body("r", "me", "2147483648")}) {
        EXPECT_EQ(raw("lock", bad).substr(0, 39), R"(400 {"errorCode":"ERR_MALFORMED_REQUEST)")
            << bad;
    }
    EXPECT_EQ(raw("lock", lock_body("r", "me", "1"), "nostore").substr(0, 42),
              R"(400 {"errorCode":"ERR_LOCK_STORE_NOT_FOUND)");
    EXPECT_EQ(raw("lock", lock_body("a||b", "me", "1")).substr(0, 30),
              R"(500 {"errorCode":"ERR_TRY_LOCK)");
    EXPECT_EQ(raw("unlock", unlock_body("a||b", "me")).substr(0, 28),
              R"(500 {"errorCode":"ERR_UNLOCK)");
    ASSERT_EQ(redis_->command({"LPUSH", sidecar_->key("list"), "x"}), "1");
    EXPECT_EQ(raw("lock", lock_body("list", "me", "1")), R"(200 {"success":false})");
    EXPECT_EQ(raw("unlock", unlock_body("list", "me")).substr(0, 4), "500 ");
}

TEST_F(DaprTest, the_key_is_daprs_and_its_value_the_token) {
    start();
    LockService service = open_service({sidecar_->uri()});
    auto lock = service.acquire("orders:42", {.ttl = 1500ms}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_EQ(redis_->command({"GET", sidecar_->key("orders:42")}), lock->token());
    // Rule D2: the lease is rounded up, the validity is not.
    EXPECT_GT(std::stol(redis_->command({"PTTL", sidecar_->key("orders:42")})), 1500);
    EXPECT_LE(lock->remaining(), 1500ms - 15ms - 2ms);
    EXPECT_TRUE(is_ok(lock->release().get()));
    EXPECT_EQ(redis_->dbsize(), "0");
}

TEST_F(DaprTest, a_sidecars_client_and_we_exclude_each_other) {
    start();
    LockService service = open_service({sidecar_->uri()});
    ASSERT_EQ(raw("lock", lock_body("r", "somebody", "30")), R"(200 {"success":true})");
    EXPECT_TRUE(fails_with(Errc::contended, service.try_acquire("r").get()));
    EXPECT_EQ(redis_->command({"GET", sidecar_->key("r")}), "somebody");
    ASSERT_EQ(raw("unlock", unlock_body("r", "somebody")), R"(200 {"status":0})");
    auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_EQ(raw("lock", lock_body("r", "somebody", "30")), R"(200 {"success":false})");
}

TEST_F(DaprTest, an_unknown_store_is_rejected_with_the_sidecars_words) {
    start();
    const std::string uri = "dapr://127.0.0.1:" + std::to_string(sidecar_->port()) + "/nostore";
    EXPECT_TRUE(says(rejected(uri), {"ERR_LOCK_STORE_NOT_FOUND", "lock store nostore not found"}));
    LockService service = open_service({uri});
    const auto nodes = service.nodes().get();
    ASSERT_TRUE(is_ok(nodes));
    EXPECT_EQ(nodes->at(0).cause, "the sidecar has no lock component nostore; it has lockstore");
}

TEST_F(DaprTest, a_sidecar_without_a_lock_store_is_rejected_with_its_words) {
    sidecar_ = std::make_unique<DaprSidecar>(DaprOptions{});
    EXPECT_TRUE(says(rejected(sidecar_->uri()), {"ERR_LOCK_STORE_NOT_CONFIGURED", "component"}));
}

TEST_F(DaprTest, a_missing_or_wrong_token_is_rejected_and_the_right_one_is_not_shown) {
    start({.api_token = "s3cret-token"});
    EXPECT_TRUE(says(rejected(sidecar_->uri()), {"401 invalid api token", "token_env"}));
    ::setenv("QL_TEST_TOKEN", "wr0ng-token", 1);
    const Error wrong = rejected(sidecar_->uri("?token_env=QL_TEST_TOKEN"));
    EXPECT_TRUE(says(wrong, {"401 invalid api token"}));
    EXPECT_EQ(wrong.to_string().find("wr0ng"), std::string::npos);
    ::setenv("QL_TEST_TOKEN", "s3cret-token", 1);
    LockService service = open_service({sidecar_->uri("?token_env=QL_TEST_TOKEN")});
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
    const TempDir dir;
    LockService other =
        open_service({sidecar_->uri("?token_file=" + dir.write("token", "s3cret-token\n"))});
    EXPECT_TRUE(is_ok(other.try_acquire("s").get()));
    ::unsetenv("QL_TEST_TOKEN");
}

TEST_F(DaprTest, what_redis_says_behind_it_is_told) {
    start();
    LockService service = open_service({sidecar_->uri()});
    ASSERT_EQ(redis_->command({"CONFIG", "SET", "maxmemory", "1"}), "OK");
    const auto full = service.try_acquire("r").get();
    EXPECT_TRUE(fails_with(Errc::no_quorum, full));
    EXPECT_TRUE(says(full.error(), {"500 ERR_TRY_LOCK", "OOM", "maxmemory"}));
    ASSERT_EQ(redis_->command({"CONFIG", "SET", "maxmemory", "0"}), "OK");
    EXPECT_TRUE(is_ok(service.try_acquire("r").get())) << "an error of Redis is no outage";
    // Whoever is connected stays who he was: a password counts for new connections only.
    RespClient operator_(redis_->port());
    ASSERT_EQ(operator_.command({"CONFIG", "SET", "requirepass", "x"}), "OK");
    ASSERT_NE(operator_.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}), "0");
    const auto refused = service.try_acquire("s").get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, refused));
    EXPECT_EQ(refused.error().nodes().at(0).vote, NodeVote::unknown);
    EXPECT_TRUE(says(refused.error(), {"500 ERR_TRY_LOCK", "NOAUTH", "redisPassword"}));
    ASSERT_EQ(operator_.command({"CONFIG", "SET", "requirepass", ""}), "OK");
}

TEST_F(DaprTest, a_key_of_another_type_is_held_by_another) {
    start();
    ASSERT_EQ(redis_->command({"LPUSH", sidecar_->key("r"), "x"}), "1");
    LockService service = open_service({sidecar_->uri()});
    EXPECT_TRUE(fails_with(Errc::contended, service.try_acquire("r").get()));
    EXPECT_TRUE(is_ok(service.try_acquire("other").get())) << "the node still votes";
    EXPECT_TRUE(is_ok(service.close().get()));
    EXPECT_EQ(redis_->command({"LLEN", sidecar_->key("r")}), "1");
}

// The warning of the README: what separates two applications is the app-id in the key.
TEST_F(DaprTest, sidecars_of_two_applications_exclude_each_other_only_without_the_prefix) {
    start();
    DaprOptions options;
    options.redis_port = redis_->port();
    options.app_id = "another";
    DaprSidecar another(options);
    LockService ours = open_service({sidecar_->uri()});
    LockService theirs = open_service({another.uri()});
    auto lock = ours.try_acquire("r").get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_TRUE(is_ok(theirs.try_acquire("r").get()));

    options.key_prefix = "none";
    DaprSidecar shared(options);
    options.app_id = "third";
    DaprSidecar third(options);
    LockService one = open_service({shared.uri()});
    LockService two = open_service({third.uri()});
    auto held = one.try_acquire("r").get();
    ASSERT_TRUE(is_ok(held));
    EXPECT_TRUE(fails_with(Errc::contended, two.try_acquire("r").get()));
}

TEST(DaprSet, several_sidecars_must_be_said_to_be_independent) {
    const auto refused = LockService::open({"dapr://127.0.0.1:1/a", "dapr://127.0.0.1:2/a"});
    ASSERT_TRUE(fails_with(Errc::invalid_argument, refused));
    EXPECT_TRUE(says(refused.error(), {"independent=yes", "one vote counted twice"}));
    EXPECT_TRUE(fails_with(
        Errc::invalid_argument,
        LockService::open({"dapr://127.0.0.1:1/a?independent=yes", "dapr://127.0.0.1:2/a"})));
    EXPECT_TRUE(is_ok(LockService::open(
        {"dapr://127.0.0.1:1/a?independent=yes", "dapr://127.0.0.1:2/a?independent=yes"})));
    EXPECT_TRUE(fails_with(Errc::duplicate_node,
                           LockService::open({"dapr://127.0.0.1:1/a?independent=yes",
                                              "dapr://127.0.0.1:1/a?independent=yes"})));
}

// Where a quorum of the nodes can extend, so can the set.
TEST(DaprSet, one_dapr_node_among_others_does_not_take_extending_away) {
    LockService service =
        open_service({"memory:?name=a", "memory:?name=b", "dapr://127.0.0.1:1/a"});
    auto lock = service.acquire("r", {.renew = true}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_TRUE(is_ok(lock->extend(40s).get()));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, service.acquire("a||b").get()));
}

}  // namespace quorumlock::testing
