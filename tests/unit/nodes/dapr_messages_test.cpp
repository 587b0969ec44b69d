#include "lib/nodes/dapr_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

namespace quorumlock::nodes::dapr {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

const Context kContext{"h:3500", {"s3cret", std::string(32, 'a')}};

env::HttpAnswer said(int status, std::string_view body) {
    env::HttpAnswer answer;
    answer.status = status;
    answer.body = body;
    answer.may_be_sent = true;
    return answer;
}

/// A row of the table: what the sidecar answers, and what that is for a vote.
struct Row {
    const char* name;
    int status;
    const char* body;
    Outcome outcome;
    CauseClass kind = CauseClass::none;
    const char* text = "";
    bool store_spoke = false;
    bool pointless = false;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

void expect(const Reply& reply, const Row& row) {
    EXPECT_EQ(reply.outcome, row.outcome);
    EXPECT_EQ(reply.cause.kind, row.kind) << reply.cause.text;
    EXPECT_EQ(reply.cause.text, row.text);
    EXPECT_EQ(reply.store_spoke, row.store_spoke);
    EXPECT_EQ(reply.pointless, row.pointless);
    EXPECT_TRUE(reply.answered);
}

constexpr const char* kStoreAdvice =
    " (its lock store does not answer: look at that Redis and at the component's redisHost)";

class LockAnswer : public ::testing::TestWithParam<Row> {};
TEST_P(LockAnswer, is_a_vote) {
    expect(read_lock_answer(said(GetParam().status, GetParam().body), kContext), GetParam());
}

const std::string kRefusedText =
    std::string(
        "500 ERR_TRY_LOCK: failed to try acquiring lock: dial tcp 127.0.0.1:1: connect: "
        "connection refused") +
    kStoreAdvice;
const std::string kTimeoutText =
    std::string("500 ERR_TRY_LOCK: failed to try acquiring lock: i/o timeout") + kStoreAdvice;

INSTANTIATE_TEST_SUITE_P(
    Rows, LockAnswer,
    ::testing::Values(
        Row{"acquired", 200, R"({"success":true})", Outcome::granted, CauseClass::none, "", true},
        Row{"held", 200, R"({"success":false})", Outcome::refused, CauseClass::none, "", true},
        Row{"unknown_store", 400,
            R"({"errorCode":"ERR_LOCK_STORE_NOT_FOUND","message":"lock store x not found"})",
            Outcome::failed, CauseClass::rejected,
            "400 ERR_LOCK_STORE_NOT_FOUND: lock store x not found (name one of the sidecar's lock "
            "components in the node URI)"},
        Row{"no_store", 500,
            R"({"errorCode":"ERR_LOCK_STORE_NOT_CONFIGURED","message":"lock store is not configured"})",
            Outcome::failed, CauseClass::rejected,
            "500 ERR_LOCK_STORE_NOT_CONFIGURED: lock store is not configured (give the sidecar a "
            "component of type lock.*)"},
        Row{"malformed", 400,
            R"({"errorCode":"ERR_MALFORMED_REQUEST","message":"ExpiryInSeconds is not positive"})",
            Outcome::failed, CauseClass::rejected,
            "400 ERR_MALFORMED_REQUEST: ExpiryInSeconds is not positive (the sidecar does not take "
            "what this version of quorumlock asks)"},
        Row{"body_over_4_mib", 400, R"({"errorCode":"ERR_BODY_READ","message":"too large"})",
            Outcome::failed, CauseClass::rejected,
            "400 ERR_BODY_READ: too large (the sidecar does not take what this version of "
            "quorumlock asks)"},
        Row{"redis_refuses_connections", 500,
            R"({"errorCode":"ERR_TRY_LOCK","message":"failed to try acquiring lock: dial tcp 127.0.0.1:1: connect: connection refused"})",
            Outcome::unknown, CauseClass::unreachable, kRefusedText.c_str()},
        Row{"redis_hangs", 500,
            R"({"errorCode":"ERR_TRY_LOCK","message":"failed to try acquiring lock: i/o timeout"})",
            Outcome::unknown, CauseClass::unreachable, kTimeoutText.c_str()},
        Row{"noauth", 500,
            R"({"errorCode":"ERR_TRY_LOCK","message":"failed to try acquiring lock: NOAUTH Authentication required."})",
            Outcome::unknown, CauseClass::rejected,
            "500 ERR_TRY_LOCK: failed to try acquiring lock: NOAUTH Authentication required. "
            "(correct the sidecar's lock component: redisHost, redisUsername, redisPassword)",
            true},
        Row{"oom", 500,
            R"({"errorCode":"ERR_TRY_LOCK","message":"failed to try acquiring lock: OOM command not allowed"})",
            Outcome::unknown, CauseClass::no_space,
            "500 ERR_TRY_LOCK: failed to try acquiring lock: OOM command not allowed (raise "
            "maxmemory or free memory of the server)",
            true},
        Row{"wrong_token", 401, "invalid api token", Outcome::failed, CauseClass::rejected,
            "401 invalid api token (give this node the sidecar's API token: ?token_env=, "
            "?token_file= or DAPR_API_TOKEN)"},
        Row{"no_lock_api", 404, "404 page not found", Outcome::failed, CauseClass::rejected,
            "404 404 page not found (is this a Dapr sidecar's HTTP port, with the lock API on?)"},
        Row{"garbage", 200, "<html>", Outcome::unknown, CauseClass::broken,
            "200 that is not understood: <html> (is this a Dapr sidecar's HTTP port? h:3500)"},
        Row{"truncated", 200, "{\"success\":tr", Outcome::unknown, CauseClass::broken,
            "200 that is not understood: {\"success\":tr (is this a Dapr sidecar's HTTP port? "
            "h:3500)"},
        Row{"empty", 200, "", Outcome::unknown, CauseClass::broken,
            "200 that is not understood:  (is this a Dapr sidecar's HTTP port? h:3500)"},
        Row{"wrong_type", 200, R"({"success":"true"})", Outcome::unknown, CauseClass::broken,
            "200 that is not understood: {\"success\":\"true\"} (is this a Dapr sidecar's HTTP "
            "port? h:3500)"},
        Row{"an_array", 200, "[true]", Outcome::unknown, CauseClass::broken,
            "200 that is not understood: [true] (is this a Dapr sidecar's HTTP port? h:3500)"},
        Row{"another_success", 204, "", Outcome::unknown, CauseClass::broken,
            "204 that is not understood:  (is this a Dapr sidecar's HTTP port? h:3500)"},
        Row{"redirect", 307, "", Outcome::unknown, CauseClass::broken,
            "307 that is not understood:  (is this a Dapr sidecar's HTTP port? h:3500)"}),
    [](const auto& row) { return std::string(row.param.name); });

class UnlockAnswer : public ::testing::TestWithParam<Row> {};
TEST_P(UnlockAnswer, is_a_vote) {
    expect(read_unlock_answer(said(GetParam().status, GetParam().body), kContext), GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Rows, UnlockAnswer,
    ::testing::Values(
        Row{"done", 200, R"({"status":0})", Outcome::released, CauseClass::none, "", true},
        Row{"missing", 200, R"({"status":1})", Outcome::absent, CauseClass::none, "", true},
        Row{"anothers", 200, R"({"status":2})", Outcome::taken, CauseClass::none, "", true},
        Row{"internal", 200, R"({"status":3})", Outcome::unknown, CauseClass::broken,
            "200 that is not understood: {\"status\":3} (is this a Dapr sidecar's HTTP port? "
            "h:3500)"},
        Row{"fraction", 200, R"({"status":0.0})", Outcome::unknown, CauseClass::broken,
            "200 that is not understood: {\"status\":0.0} (is this a Dapr sidecar's HTTP port? "
            "h:3500)"},
        Row{"wrong_type_at_the_key", 500,
            R"({"errorCode":"ERR_UNLOCK","message":"failed to release lock: WRONGTYPE Operation against a key holding the wrong kind of value"})",
            Outcome::unknown, CauseClass::wrong_data,
            "500 ERR_UNLOCK: failed to release lock: WRONGTYPE Operation against a key holding the "
            "wrong kind of value (the key is no lock; use another resource name)",
            true, true},
        Row{"wrong_token", 401, "invalid api token", Outcome::failed, CauseClass::rejected,
            "401 invalid api token (give this node the sidecar's API token: ?token_env=, "
            "?token_file= or DAPR_API_TOKEN)"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(DaprMessages, no_answer_is_failed_or_unknown_by_what_may_have_left) {
    env::HttpAnswer refused;
    refused.why = "connection refused";
    Reply reply = read_lock_answer(refused, kContext);
    EXPECT_EQ(reply.outcome, Outcome::failed);
    EXPECT_EQ(reply.cause.kind, CauseClass::unreachable);
    EXPECT_EQ(reply.cause.text, "connection refused (h:3500)");
    EXPECT_FALSE(reply.answered);

    env::HttpAnswer broken;
    broken.why = "connection reset by the server";
    broken.may_be_sent = true;
    reply = read_lock_answer(broken, kContext);
    EXPECT_EQ(reply.outcome, Outcome::unknown);
    EXPECT_EQ(reply.cause.kind, CauseClass::broken);
    EXPECT_FALSE(reply.answered);

    broken.timed_out = true;
    reply = read_unlock_answer(broken, kContext);
    EXPECT_EQ(reply.outcome, Outcome::unknown);
    EXPECT_EQ(reply.cause.kind, CauseClass::silent);
    EXPECT_FALSE(reply.answered);
}

TEST(DaprMessages, a_body_that_was_cut_is_not_understood) {
    env::HttpAnswer answer = said(200, R"({"success":true})");
    answer.cut = true;
    const Reply reply = read_lock_answer(answer, kContext);
    EXPECT_EQ(reply.outcome, Outcome::unknown);
    EXPECT_THAT(reply.cause.text, HasSubstr("is too long"));
}

// A server that repeats what it was sent must not make us print it.
TEST(DaprMessages, secrets_control_characters_and_length_do_not_reach_a_message) {
    const std::string body = R"({"errorCode":"E","message":"s3cret and s3cret and )" +
                             std::string(32, 'a') + "\\n\\u001b" + std::string(5000, 'x') + "\"}";
    for (const int status : {200, 400, 500}) {
        const std::string text = read_lock_answer(said(status, body), kContext).cause.text;
        EXPECT_THAT(text, Not(HasSubstr("s3cret")));
        EXPECT_THAT(text, Not(HasSubstr(std::string(32, 'a'))));
        EXPECT_EQ(text.find_first_of("\n\x1b"), text.npos);
        EXPECT_LT(text.size(), 700U);
    }
    const std::string bytes = "\xff\xfe";
    EXPECT_THAT(read_lock_answer(said(500, bytes), kContext).cause.text, HasSubstr("500 ??"));
}

// Rule D2.
TEST(DaprMessages, seconds_are_rounded_up) {
    EXPECT_EQ(whole_seconds(milliseconds(10)), 1);
    EXPECT_EQ(whole_seconds(seconds(1)), 1);
    EXPECT_EQ(whole_seconds(milliseconds(1001)), 2);
    EXPECT_EQ(whole_seconds(hours(24)), 86'400);
}

TEST(DaprMessages, names_and_stores_are_encoded) {
    Token token;
    token.hex.fill('b');
    EXPECT_EQ(lock_body("a\"\n\xc3\xa4", token, milliseconds(1500)),
              "{\"expiryInSeconds\":2,\"lockOwner\":\"" + std::string(32, 'b') +
                  "\",\"resourceId\":\"a\\\"\\n\xc3\xa4\"}");
    EXPECT_EQ(unlock_body("r", token),
              "{\"lockOwner\":\"" + std::string(32, 'b') + "\",\"resourceId\":\"r\"}");
    EXPECT_EQ(target("lock", "a-b_c.9"), "/v1.0-alpha1/lock/a-b_c.9");
    EXPECT_EQ(target("unlock", "a b?\xff"), "/v1.0-alpha1/unlock/a%20b%3F%FF");
}

TEST(DaprMessages, metadata_tells_who_the_sidecar_is_and_what_it_lacks) {
    const auto full = said(200, R"({"id":"app","runtimeVersion":"1.16.0","components":[
        {"name":"st","type":"state.redis"},{"name":"l1","type":"lock.redis"}]})");
    Metadata metadata = read_metadata(full, "l1", kContext);
    EXPECT_EQ(metadata.app_id, "app");
    EXPECT_EQ(metadata.version, "1.16.0");
    EXPECT_EQ(metadata.note, "");
    EXPECT_EQ(read_metadata(full, "st", kContext).note,
              "the sidecar has no lock component st; it has l1");
    EXPECT_EQ(read_metadata(said(200, R"({"components":[]})"), "st", kContext).note,
              "the sidecar has no lock component st, nor any other");
    // Where the API is turned off, or another version speaks, nothing is known, and nothing wrong.
    for (const auto& other : {said(404, "no"), said(500, "{}"), said(200, "[]"),
                              said(200, R"({"id":7,"components":{}})")}) {
        metadata = read_metadata(other, "st", kContext);
        EXPECT_EQ(metadata.refused.kind, CauseClass::none);
        EXPECT_EQ(metadata.app_id + metadata.version + metadata.note, "");
    }
    metadata = read_metadata(said(401, "invalid api token"), "st", kContext);
    EXPECT_EQ(metadata.refused.kind, CauseClass::rejected);
    EXPECT_THAT(metadata.refused.text, HasSubstr("401 invalid api token"));
}

TEST(DaprMessages, health_is_204_or_what_is_wrong) {
    EXPECT_EQ(read_health(said(204, ""), kContext).kind, CauseClass::none);
    EXPECT_EQ(read_health(said(500, "not ready"), kContext).kind, CauseClass::busy);
    const Cause other = read_health(said(404, "nginx"), kContext);
    EXPECT_EQ(other.kind, CauseClass::rejected);
    EXPECT_EQ(other.text,
              "/v1.0/healthz answers 404 nginx (is this a Dapr sidecar's HTTP port? h:3500)");
    env::HttpAnswer none;
    none.why = "connection refused";
    EXPECT_EQ(read_health(none, kContext).kind, CauseClass::unreachable);
}

}  // namespace
}  // namespace quorumlock::nodes::dapr
