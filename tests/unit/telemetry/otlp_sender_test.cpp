// Batches on their way to a receiver, in virtual time.
#include "lib/telemetry/otlp_sender.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/fake_env.h"

namespace quorumlock::telemetry {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class OtlpSenderTest : public ::testing::Test, protected OtlpSender::Source {
  protected:
    OtlpSenderTest() {
        settings.to = {"collector", 4318, "collector:4318", "/v1/traces"};
        settings.service_name = "shop";
        settings.headers = {"key: s3cr3t"};
        settings.secrets = {"s3cr3t"};
        settings.options.max_batch = 3;
        env.names["collector"] = {"10.0.0.1"};
    }

    std::size_t waiting() override { return queue.size(); }
    std::vector<FinishedSpan> take(std::size_t most) override {
        const auto end = queue.begin() + static_cast<std::ptrdiff_t>(std::min(most, queue.size()));
        std::vector<FinishedSpan> taken(queue.begin(), end);
        queue.erase(queue.begin(), end);
        return taken;
    }
    void on_batch(const OtlpSender::Outcome& outcome) override {
        told.push_back(std::to_string(outcome.exported) + "/" + std::to_string(outcome.lost) + " " +
                       outcome.why);
    }
    bool hurries() override { return in_a_hurry; }

    void end_spans(int count) {
        for (int i = 0; i < count; ++i) {
            FinishedSpan span;
            span.name = "s";
            queue.push_back(span);
            sender.consider();
        }
        env.run();
    }
    std::vector<json> spans_of(std::size_t request) {
        return json::parse(
            env.requests[request]->body)["resourceSpans"][0]["scopeSpans"][0]["spans"];
    }
    void answer(int status, Nanos retry_after = {}) {
        env.requests.back()->retry_after = retry_after;
        env.requests.back()->answer(status, status == 200 ? "{}" : "");
        env.run();
    }
    std::size_t asked() const { return env.requests.size(); }

    testing::FakeEnv env;
    OtlpSettings settings;
    std::vector<FinishedSpan> queue;
    std::vector<std::string> told;
    bool in_a_hurry = false;
    OtlpSender sender{settings, env, *this};
};

TEST_F(OtlpSenderTest, a_full_batch_goes_at_once_with_all_that_belongs_to_it) {
    end_spans(3);
    ASSERT_EQ(asked(), 1U);
    const auto& request = *env.requests[0];
    EXPECT_EQ(request.method, env::HttpRequest::Method::post);
    EXPECT_EQ(request.address, "10.0.0.1");
    EXPECT_EQ(request.port, 4318);
    EXPECT_EQ(request.host, "collector:4318");
    EXPECT_EQ(request.target, "/v1/traces");
    EXPECT_EQ(request.headers, settings.headers);
    EXPECT_EQ(request.time_limit, 10s);
    EXPECT_EQ(spans_of(0).size(), 3U);
    answer(200);
    EXPECT_EQ(told, (std::vector<std::string>{"3/0 "}));
}

TEST_F(OtlpSenderTest, every_span_has_ids_of_its_own_and_none_is_zero) {
    end_spans(3);
    std::set<std::string> ids;
    for (const json& span : spans_of(0)) {
        ids.insert(span["traceId"].get<std::string>());
        ids.insert(span["spanId"].get<std::string>());
    }
    EXPECT_EQ(ids.size(), 6U);
    EXPECT_EQ(ids.count(std::string(16, '0')) + ids.count(std::string(32, '0')), 0U);
}

TEST_F(OtlpSenderTest, a_few_wait_for_others_from_the_first_on) {
    end_spans(1);
    env.advance(4s);
    end_spans(1);
    EXPECT_EQ(asked(), 0U);
    env.advance(1s);
    ASSERT_EQ(asked(), 1U);
    EXPECT_EQ(spans_of(0).size(), 2U);
}

TEST_F(OtlpSenderTest, in_a_hurry_nothing_waits) {
    in_a_hurry = true;
    end_spans(1);
    EXPECT_EQ(asked(), 1U);
}

TEST_F(OtlpSenderTest, one_batch_at_a_time_and_the_next_behind_it) {
    end_spans(7);
    EXPECT_EQ(asked(), 1U);
    answer(200);
    EXPECT_EQ(asked(), 2U);
    answer(200);
    EXPECT_EQ(asked(), 2U);  // the seventh waits for others
    env.advance(5s);
    ASSERT_EQ(asked(), 3U);
    EXPECT_EQ(spans_of(2).size(), 1U);
}

TEST_F(OtlpSenderTest, a_receiver_that_is_busy_gets_the_same_again_after_growing_pauses) {
    end_spans(3);
    Nanos least = 750ms, most = 1250ms;
    for (std::size_t tries = 1; tries <= 3; ++tries) {
        answer(503);
        env.advance(least - 1ns);
        EXPECT_EQ(asked(), tries);
        env.advance(most - least + 1ns);
        ASSERT_EQ(asked(), tries + 1);
        EXPECT_EQ(env.requests[tries]->body, env.requests[0]->body);
        least *= 2, most *= 2;
    }
    answer(200);
    EXPECT_EQ(told, (std::vector<std::string>{"3/0 "}));
}

TEST_F(OtlpSenderTest, retry_after_is_waited_for_by_everything) {
    end_spans(4);
    answer(429, 20s);
    env.advance(19s);
    EXPECT_EQ(asked(), 1U);
    env.advance(1s);
    EXPECT_EQ(asked(), 2U);
    // Longer than the batch may be tried: it is lost, and the next one keeps away too.
    answer(503, 90s);
    EXPECT_EQ(told, (std::vector<std::string>{"0/3 503"}));
    in_a_hurry = true;
    end_spans(1);
    env.advance(89s);
    EXPECT_EQ(asked(), 2U);
    env.advance(1s);
    EXPECT_EQ(asked(), 3U);
}

TEST_F(OtlpSenderTest, a_mad_retry_after_is_bounded) {
    settings.options.retry_for = 1h;
    end_spans(3);
    answer(503, 24h);
    env.advance(5min);
    EXPECT_EQ(asked(), 2U);
}

TEST_F(OtlpSenderTest, what_is_not_taken_in_time_is_lost_and_the_rest_goes_on) {
    env.on_request = [](testing::FakeHttp& http) { http.fail("connection refused", false); };
    end_spans(3);
    env.advance(40s);
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(sender.trouble(), "connection refused");
    env.advance(20s);
    EXPECT_EQ(told, (std::vector<std::string>{"0/3 connection refused"}));
    env.on_request = nullptr;
    end_spans(3);
    env.advance(13s);
    answer(200);
    EXPECT_EQ(told.back(), "3/0 ");
    EXPECT_EQ(sender.trouble(), "");
}

TEST_F(OtlpSenderTest, a_refusal_is_final) {
    end_spans(3);
    answer(400);
    env.advance(1h);
    EXPECT_EQ(asked(), 1U);
    EXPECT_EQ(told, (std::vector<std::string>{"0/3 400"}));
}

TEST_F(OtlpSenderTest, silence_is_final_because_it_may_have_been_taken) {
    end_spans(3);
    env.advance(1h);
    EXPECT_EQ(asked(), 1U);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].rfind("0/3 no answer within", 0), 0U) << told[0];
}

TEST_F(OtlpSenderTest, part_of_it_may_be_rejected) {
    end_spans(3);
    env.requests.back()->answer(
        200, "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"s3cr3t is old\"}}");
    EXPECT_EQ(told, (std::vector<std::string>{"1/2 *** is old"}));
}

TEST_F(OtlpSenderTest, every_address_is_tried_and_the_name_looked_up_anew) {
    env.names["collector"] = {"10.0.0.1", "10.0.0.2"};
    end_spans(3);
    env.requests[0]->fail("connection refused", false);
    env.run();
    ASSERT_EQ(asked(), 2U);
    EXPECT_EQ(env.requests[1]->address, "10.0.0.2");
    env.names["collector"] = {"10.0.0.3"};
    env.requests[1]->fail("connection refused", false);
    env.advance(2s);
    ASSERT_EQ(asked(), 3U);
    EXPECT_EQ(env.requests[2]->address, "10.0.0.3");
}

TEST_F(OtlpSenderTest, a_name_that_is_not_found_or_takes_too_long_is_asked_for_again) {
    env.name_errors["collector"] = "no such name";
    end_spans(3);
    EXPECT_EQ(sender.trouble(), "no such name");
    env.name_errors.clear();
    env.hold_lookups = true;
    env.advance(2s);
    env.advance(10s);
    EXPECT_EQ(sender.trouble(), "the name look-up took too long");
    env.hold_lookups = false;
    env.advance(3s);
    EXPECT_EQ(asked(), 1U);
}

}  // namespace
}  // namespace quorumlock::telemetry
