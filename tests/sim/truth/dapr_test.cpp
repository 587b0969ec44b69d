// That the simulated sidecar answers as the real one does: the same calls to both, each with a
// Redis of its own behind it. Compared is what decides anything: status, error code, success or
// status of the answer, and which error of Redis it passes on.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/sim/dapr_api.h"
#include "tests/sim/random.h"
#include "tests/sim/truth/sides.h"
#include "tests/support/dapr_sidecar.h"
#include "tests/support/http_client.h"
#include "tests/support/redis_server.h"

namespace quorumlock::sim::truth {
namespace {

using nlohmann::json;
using testing::DaprSidecar;

constexpr const char* kAppId = "tests";
constexpr WallMicros kNow = 1'700'000'000'000'000;

std::string words_of_redis(const std::string& text) {
    for (const char* word : {"OOM", "READONLY", "WRONGTYPE", "MISCONF", "LOADING", "NOAUTH"}) {
        if (text.find(word) != text.npos) return std::string(" ") + word;
    }
    return "";
}

std::string class_of(int status, const std::string& body) {
    const std::string code = std::to_string(status) + " ";
    const json said = json::parse(body, nullptr, false);
    if (!said.is_object()) return code + body;
    if (said.contains("errorCode")) {
        return code + said["errorCode"].get<std::string>() +
               words_of_redis(said.value("message", ""));
    }
    if (said.contains("components")) {
        const json& component = said["components"][0];
        return code + component["name"].get<std::string>() + " " +
               component["type"].get<std::string>() + " " +
               said["runtimeVersion"].get<std::string>();
    }
    return code + said.dump();
}

class DaprTruth : public ::testing::Test {
  protected:
    void SetUp() override { QL_NEEDS_SIDECAR(); }

    void start(const std::string& token = {}) {
        redis = std::make_unique<testing::RedisServer>();
        testing::DaprOptions options;
        options.redis_port = redis->port();
        options.app_id = kAppId;
        options.api_token = token;
        real = std::make_unique<DaprSidecar>(options);
        sim = std::make_unique<DaprApi>("lock||" + std::string(kAppId) + "||", DaprSidecar::kStore,
                                        token);
    }
    /// Of both; they must be alike.
    std::string same(const std::string& method, const std::string& target,
                     const std::string& body = {}, const std::vector<std::string>& headers = {}) {
        const testing::HttpResult said =
            testing::http_request(real->port(), method, target, body, headers);
        const std::string truth = class_of(said.status, said.body);
        const auto verb =
            method == "GET" ? env::HttpRequest::Method::get : env::HttpRequest::Method::post;
        const DaprAsk ask = sim->read(verb, target, headers, body);
        HttpSaid answer = ask.answer;
        if (ask.what != DaprAsk::What::nothing) {
            answer = sim->answer(ask, store.ask(1, sim->command(ask)));
        }
        EXPECT_EQ(class_of(answer.status, answer.body), truth) << target << " " << body;
        return truth;
    }
    std::string lock(const std::string& body, const std::string& name = DaprSidecar::kStore) {
        return same("POST", "/v1.0-alpha1/lock/" + name, body);
    }
    std::string unlock(const std::string& body, const std::string& name = DaprSidecar::kStore) {
        return same("POST", "/v1.0-alpha1/unlock/" + name, body);
    }
    void remove(const std::string& resource) {
        redis->command({"DEL", real->key(resource)});
        store.redis.delete_key(real->key(resource), kNow);
    }
    /// A key that is no string.
    void plant_list(const std::string& resource) {
        remove(resource);
        redis->command({"LPUSH", real->key(resource), "x"});
        store.redis.plant_list(real->key(resource), kNow);
    }

    std::unique_ptr<testing::RedisServer> redis;
    std::unique_ptr<DaprSidecar> real;
    std::unique_ptr<DaprApi> sim;
    SimSide store{kNow};
};

std::string ask_body(const std::string& resource, const std::string& owner,
                     const std::string& seconds = {}) {
    return R"({"resourceId":")" + resource + R"(","lockOwner":")" + owner + "\"" +
           (seconds.empty() ? "" : ",\"expiryInSeconds\":" + seconds) + "}";
}

TEST_F(DaprTruth, what_is_asked_wrongly) {
    start();
    for (const std::string& bad :
         {std::string(), std::string("{"), std::string("[]"), std::string("nonsense"),
          ask_body("", "me", "1"), ask_body("r", "", "1"), ask_body("r", "me"),
          ask_body("r", "me", "0"), ask_body("r", "me", "-1"), ask_body("r", "me", "1.5"),
          ask_body("r", "me", "2147483648"), ask_body("r", "me", "\"x\""),
          std::string(R"({"resourceId":7,"lockOwner":"me","expiryInSeconds":1})"),
          ask_body("a||b", "me", "1")}) {
        lock(bad);
        unlock(bad);
    }
    lock(ask_body("r", "me", "1"), "nostore");
    unlock(ask_body("r", "me"), "nostore");
    lock(ask_body("a||b", "me", "1"), "nostore");
    same("POST", "/v1.0-alpha1/nothing/lockstore", "{}");
    EXPECT_EQ(same("GET", "/v1.0/healthz"), "204 ");
    EXPECT_EQ(same("GET", "/v1.0/metadata"), "200 lockstore lock.redis 1.16.0");
}

TEST_F(DaprTruth, a_token_is_asked_for) {
    start("s3cret");
    const std::string target = "/v1.0-alpha1/lock/lockstore";
    const std::string body = ask_body("r", "me", "30");
    EXPECT_EQ(same("POST", target, body), "401 invalid api token\n");
    EXPECT_EQ(same("POST", target, body, {"dapr-api-token: wrong"}), "401 invalid api token\n");
    same("GET", "/v1.0/healthz");
    same("GET", "/v1.0/metadata");
    EXPECT_EQ(same("POST", target, body, {"dapr-api-token: s3cret"}), R"(200 {"success":true})");
}

TEST_F(DaprTruth, names_of_any_text) {
    start();
    for (const char* name : {"r", "a b", "\\\"\\\\", "\\u00e9\\n", "{x}", "a|b", "%41"}) {
        EXPECT_EQ(lock(ask_body(name, "me", "30")), R"(200 {"success":true})");
        EXPECT_EQ(lock(ask_body(name, "other", "30")), R"(200 {"success":false})");
        EXPECT_EQ(unlock(ask_body(name, "me")), R"(200 {"status":0})");
    }
}

// Owners, strangers, keys that are gone and keys of another type, in any order.
TEST_F(DaprTruth, random_calls) {
    start();
    Random luck(20261126);
    for (int i = 0; i < 600; ++i) {
        const std::string resource = "r" + std::to_string(luck.below(3));
        const std::string owner = "o" + std::to_string(luck.below(3));
        const std::uint64_t what = luck.below(20);
        if (what < 9) {
            lock(ask_body(resource, owner, "1000"));
        } else if (what < 18) {
            unlock(ask_body(resource, owner));
        } else if (what == 18) {
            remove(resource);
        } else {
            plant_list(resource);
        }
        if (HasFailure()) return;
    }
    plant_list("r");
    EXPECT_EQ(unlock(ask_body("r", "o")), "500 ERR_UNLOCK WRONGTYPE");
}

TEST_F(DaprTruth, servers_that_refuse) {
    start();
    ASSERT_EQ(lock(ask_body("held", "me", "1000")), R"(200 {"success":true})");
    ASSERT_EQ(redis->command({"CONFIG", "SET", "maxmemory", "1"}), "OK");
    store.redis.state.out_of_memory = true;
    EXPECT_EQ(lock(ask_body("r", "me", "30")), "500 ERR_TRY_LOCK OOM");
    EXPECT_EQ(unlock(ask_body("held", "me")), R"(200 {"status":0})");
    ASSERT_EQ(redis->command({"CONFIG", "SET", "maxmemory", "0"}), "OK");
    store.redis.state.out_of_memory = false;
    ASSERT_EQ(lock(ask_body("held", "me", "1000")), R"(200 {"success":true})");
    ASSERT_EQ(redis->command({"REPLICAOF", "127.0.0.1", "1"}), "OK");
    store.redis.state.readonly = true;
    EXPECT_EQ(lock(ask_body("r", "me", "30")), "500 ERR_TRY_LOCK READONLY");
    EXPECT_EQ(lock(ask_body("held", "other", "30")), "500 ERR_TRY_LOCK READONLY");
    EXPECT_EQ(unlock(ask_body("r", "me")), R"(200 {"status":1})");
    EXPECT_EQ(unlock(ask_body("held", "other")), R"(200 {"status":2})");
    EXPECT_EQ(unlock(ask_body("held", "me")), "500 ERR_UNLOCK READONLY");
}

TEST_F(DaprTruth, a_store_that_is_not_there) {
    start();
    redis->kill9();
    for (const bool locks : {true, false}) {
        const std::string body = ask_body("r", "me", locks ? "30" : "");
        const std::string target =
            std::string("/v1.0-alpha1/") + (locks ? "lock" : "unlock") + "/lockstore";
        const testing::HttpResult said = testing::http_request(real->port(), "POST", target, body);
        const DaprAsk ask = sim->read(env::HttpRequest::Method::post, target, {}, body);
        const HttpSaid answer = sim->store_error(ask, "dial tcp: connection refused");
        EXPECT_EQ(class_of(answer.status, answer.body), class_of(said.status, said.body));
    }
}

}  // namespace
}  // namespace quorumlock::sim::truth
