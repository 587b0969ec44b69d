// Spans as OTLP JSON, and what a receiver's answers mean.
#include "lib/telemetry/otlp_text.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace quorumlock::telemetry {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using What = OtlpVerdict::What;

FinishedSpan some_span() {
    const std::array<SpanAttribute, 4> attributes{{{"lock.provider", std::string_view("redis")},
                                                   {"lock.resource_id", std::string_view("a:1")},
                                                   {"lock.expiry_seconds", 0.5},
                                                   {"lock.acquired", true}}};
    Span span;
    span.name = "DistributedLock.Acquire";
    span.start = 1'700'000'000'000'000'007ns;
    span.end = 1'700'000'000'000'100'000ns;
    span.attributes = attributes;
    FinishedSpan made = finished(span);
    made.trace_high = 0x0123456789abcdef;
    made.trace_low = 0xff;
    made.id = 0x10;
    return made;
}

json text_of(const FinishedSpan& span) { return json::parse(otlp_request({&span, 1}, "shop")); }

TEST(OtlpText, a_request_is_what_the_protocol_says) {
    const json wanted = json::parse(R"({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeSpans": [{"scope": {"name": "quorumlock"}, "spans": [{
            "traceId": "0123456789abcdef00000000000000ff", "spanId": "0000000000000010",
            "name": "DistributedLock.Acquire", "kind": 1,
            "startTimeUnixNano": "1700000000000000007", "endTimeUnixNano": "1700000000000100000",
            "attributes": [
                {"key": "lock.provider", "value": {"stringValue": "redis"}},
                {"key": "lock.resource_id", "value": {"stringValue": "a:1"}},
                {"key": "lock.expiry_seconds", "value": {"doubleValue": 0.5}},
                {"key": "lock.acquired", "value": {"boolValue": true}}],
            "status": {}}]}]}]})");
    EXPECT_EQ(text_of(some_span()), wanted);
}

TEST(OtlpText, a_failure_has_the_status_error_and_its_type) {
    FinishedSpan span = some_span();
    span.ok = false;
    span.attributes.emplace_back("error.type", std::string("no_quorum"));
    const json status = text_of(span)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["status"];
    EXPECT_EQ(status, json::parse(R"({"code": 2, "message": "no_quorum"})"));
}

TEST(OtlpText, a_name_that_is_no_text_stays_apart_from_others) {
    FinishedSpan span = some_span();
    span.attributes = {{"lock.resource_id", std::string("\xff\x01z")}};
    const json spans = text_of(span)["resourceSpans"][0]["scopeSpans"][0]["spans"];
    EXPECT_EQ(spans[0]["attributes"][0]["value"]["stringValue"], "\\xff\x01z");
}

TEST(OtlpText, answers_by_status) {
    struct Case {
        int status;
        const char* body;
        What what;
        std::size_t rejected;
        const char* why;
    };
    for (const Case& c : std::vector<Case>{
             {200, "{}", What::taken, 0, ""},
             {200, "", What::taken, 0, ""},
             {202, "{\"partialSuccess\":{}}", What::taken, 0, ""},
             {200, "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"old\"}}",
              What::taken, 3, "old"},
             {200, "{\"partialSuccess\":{\"rejectedSpans\":3}}", What::taken, 3,
              "the receiver gives no reason"},
             {200, "{\"partialSuccess\":{\"errorMessage\":\"use a newer one\"}}", What::taken, 0,
              "use a newer one"},
             {200, "<html>\n", What::refused, 0,
              "200 that is not understood: <html>? (is this the traces endpoint of an OTLP/HTTP "
              "receiver?)"},
             {400, "{\"code\":3,\"message\":\"bad\"}", What::refused, 0, "400 bad"},
             {401, "who?", What::refused, 0, "401 who?"},
             {404, "", What::refused, 0, "404"},
             {429, "{\"message\":\"slower\"}", What::again, 0, "429 slower"},
             {500, "", What::refused, 0, "500"},
             {501, "", What::refused, 0, "501"},
             {502, "", What::again, 0, "502"},
             {503, "", What::again, 0, "503"},
             {504, "", What::again, 0, "504"},
         }) {
        env::HttpAnswer answer;
        answer.status = c.status;
        answer.body = c.body;
        const OtlpVerdict verdict = read_otlp_answer(answer, {});
        EXPECT_EQ(verdict.what, c.what) << c.status << c.body;
        EXPECT_EQ(verdict.rejected, c.rejected) << c.body;
        EXPECT_EQ(verdict.why, c.why);
    }
}

TEST(OtlpText, what_may_have_been_taken_is_not_sent_twice) {
    env::HttpAnswer answer;
    answer.why = "no answer within 10000 ms";
    answer.timed_out = answer.may_be_sent = true;
    EXPECT_EQ(read_otlp_answer(answer, {}).what, What::refused);
    answer.may_be_sent = false;
    EXPECT_EQ(read_otlp_answer(answer, {}).what, What::again);
    answer.timed_out = false;
    answer.may_be_sent = true;  // closed without an answer: the protocol says to try again
    EXPECT_EQ(read_otlp_answer(answer, {}).what, What::again);
    EXPECT_EQ(read_otlp_answer(answer, {}).why, "no answer within 10000 ms");
}

TEST(OtlpText, a_pause_counts_only_where_it_is_to_be_sent_again) {
    env::HttpAnswer answer;
    answer.retry_after = 7s;
    answer.status = 503;
    EXPECT_EQ(read_otlp_answer(answer, {}).pause, 7s);
    answer.status = 400;
    EXPECT_EQ(read_otlp_answer(answer, {}).pause, 0s);
}

TEST(OtlpText, what_a_receiver_repeats_of_a_secret_is_blanked) {
    const std::vector<std::string> secrets{"Bearer abcd", "abcd"};
    for (const int status : {200, 400, 503}) {
        env::HttpAnswer answer;
        answer.status = status;
        answer.body = "no abcd in Bearer abcd";
        const std::string why = read_otlp_answer(answer, secrets).why;
        EXPECT_NE(why.find("no *** in ***"), why.npos) << why;
    }
}

}  // namespace
}  // namespace quorumlock::telemetry
