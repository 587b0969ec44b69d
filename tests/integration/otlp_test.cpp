// Spans exported to a receiver in another process, over real sockets: one that works, and dead,
// frozen, busy and mad ones.
#include <gtest/gtest.h>
#include <quorumlock/telemetry/otlp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

#include "tests/support/free_port.h"
#include "tests/support/otlp_receiver.h"

namespace quorumlock {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::OtlpReceiver;

class OtlpTest : public ::testing::Test {
  protected:
    /// Keeps what it is told; waits for nothing but a flush.
    OtlpOptions to(const std::string& endpoint) {
        OtlpOptions options;
        options.endpoint = endpoint;
        options.service_name = "shop";
        options.headers = {{"authorization", "Bearer s3cr3t"}};
        options.tell = [this](std::string_view line) {
            const std::lock_guard lock(mutex_);
            lines_.emplace_back(line);
        };
        return options;
    }
    static std::shared_ptr<OtlpExporter> open(const OtlpOptions& options) {
        auto exporter = OtlpExporter::open(options);
        if (!exporter) ADD_FAILURE() << exporter.error().to_string();
        return exporter ? *exporter : nullptr;
    }
    static void end_spans(OtlpExporter& exporter, int count) {
        for (int i = 0; i < count; ++i) {
            Span span;
            span.name = "DistributedLock.Release";
            exporter.on_span(span);
        }
    }
    static std::vector<json> spans_of(const OtlpReceiver& receiver) {
        std::vector<json> spans;
        for (const std::string& request : receiver.requests()) {
            const json got = json::parse(request);
            for (const json& span : got["body"]["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
                spans.push_back(span);
            }
        }
        return spans;
    }
    /// Once nobody tells any more.
    std::vector<std::string> told() {
        const std::lock_guard lock(mutex_);
        for (const std::string& line : lines_) EXPECT_EQ(line.find("s3cr3t"), line.npos) << line;
        return lines_;
    }

  private:
    std::mutex mutex_;
    std::vector<std::string> lines_;
};

TEST_F(OtlpTest, spans_of_a_service_arrive_with_all_they_say) {
    OtlpReceiver receiver;
    const auto exporter = open(to(receiver.endpoint()));
    ServiceOptions options;
    options.observer = std::make_shared<TracingObserver>(exporter);
    {
        auto locks = LockService::open({"memory:"}, options);
        ASSERT_TRUE(locks);
        auto lock = locks->try_acquire("orders:42", {.ttl = 2s}).get();
        ASSERT_TRUE(lock);
        auto other = locks->try_acquire("orders:42", {.ttl = 2s}).get();
        ASSERT_EQ(other.error().code(), Errc::contended);
        ASSERT_TRUE(lock->release().get());
    }
    ASSERT_TRUE(exporter->flush(1min));
    EXPECT_EQ(exporter->counts().exported, 3U);

    const json request = json::parse(receiver.requests().at(0));
    EXPECT_EQ(request["path"], "/v1/traces");
    EXPECT_EQ(request["headers"]["content-type"], "application/json");
    EXPECT_EQ(request["headers"]["authorization"], "Bearer s3cr3t");
    EXPECT_EQ(request["body"]["resourceSpans"][0]["resource"]["attributes"],
              json::parse(R"([{"key": "service.name", "value": {"stringValue": "shop"}}])"));
    const std::vector<json> spans = spans_of(receiver);
    ASSERT_EQ(spans.size(), 3U);
    EXPECT_EQ(spans[0]["name"], "DistributedLock.Acquire");
    EXPECT_EQ(spans[1]["name"], "DistributedLock.Acquire");
    EXPECT_EQ(spans[2]["name"], "DistributedLock.Release");
    const auto attributes = [](const char* acquired) {
        return json::parse(R"([{"key": "lock.provider", "value": {"stringValue": "memory"}},
            {"key": "lock.resource_id", "value": {"stringValue": "orders:42"}},
            {"key": "lock.expiry_seconds", "value": {"doubleValue": 2.0}},
            {"key": "lock.acquired", "value": {"boolValue": )" +
                           std::string(acquired) + "}}]");
    };
    EXPECT_EQ(spans[0]["attributes"], attributes("true"));
    EXPECT_EQ(spans[1]["attributes"], attributes("false"));
    std::set<std::string> ids;
    for (const json& span : spans) {
        EXPECT_EQ(span["status"], json::object());
        const auto start = std::stoull(span["startTimeUnixNano"].get<std::string>());
        EXPECT_GT(start, 1'600'000'000'000'000'000U);
        EXPECT_LE(start, std::stoull(span["endTimeUnixNano"].get<std::string>()));
        ids.insert(span["traceId"].get<std::string>());
        EXPECT_EQ(span["traceId"].get<std::string>().size(), 32U);
        EXPECT_EQ(span["spanId"].get<std::string>().size(), 16U);
    }
    EXPECT_EQ(ids.size(), 3U);
    EXPECT_TRUE(told().empty());
}

TEST_F(OtlpTest, many_spans_go_in_batches_and_none_is_lost) {
    OtlpReceiver receiver;
    OtlpOptions options = to(receiver.endpoint());
    options.max_queue = 1000;
    options.max_batch = 100;
    const auto exporter = open(options);
    end_spans(*exporter, 950);
    ASSERT_TRUE(exporter->flush(1min));
    EXPECT_EQ(exporter->counts().exported, 950U);
    EXPECT_EQ(spans_of(receiver).size(), 950U);
    EXPECT_GE(receiver.requests().size(), 10U);
}

TEST_F(OtlpTest, the_destructor_sends_what_waits) {
    OtlpReceiver receiver;
    OtlpOptions options = to(receiver.endpoint());
    options.drain_timeout = 1min;
    auto exporter = open(options);
    end_spans(*exporter, 2);
    exporter.reset();
    EXPECT_EQ(spans_of(receiver).size(), 2U);
    EXPECT_TRUE(told().empty());
}

TEST_F(OtlpTest, a_busy_receiver_gets_the_same_spans_again_when_it_says) {
    OtlpReceiver receiver({"503:2", "200"});  // by itself it would wait 1.25 s at most
    const auto exporter = open(to(receiver.endpoint()));
    end_spans(*exporter, 2);
    const auto before = std::chrono::steady_clock::now();
    ASSERT_TRUE(exporter->flush(1min));
    EXPECT_GE(std::chrono::steady_clock::now() - before, 2s);
    const auto requests = receiver.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(json::parse(requests[1])["body"], json::parse(requests[0])["body"]);
    EXPECT_EQ(exporter->counts().exported, 2U);
}

TEST_F(OtlpTest, a_dead_receiver_costs_the_spans_and_one_line) {
    OtlpOptions options = to("http://127.0.0.1:" + std::to_string(testing::free_port()) + "/x");
    options.retry_for = 0s;
    auto exporter = open(options);
    end_spans(*exporter, 2);
    ASSERT_TRUE(exporter->flush(1min));
    EXPECT_EQ(exporter->counts().lost, 2U);
    EXPECT_EQ(exporter->counts().waiting, 0U);
    exporter.reset();
    ASSERT_EQ(told().size(), 1U);
    EXPECT_EQ(told()[0].rfind("2 spans were lost: connection refused (127.0.0.1:", 0), 0U)
        << told()[0];
}

TEST_F(OtlpTest, a_flush_ends_when_it_has_to_and_says_what_is_wrong) {
    OtlpReceiver receiver({"503:30"});
    auto exporter = open(to(receiver.endpoint()));
    end_spans(*exporter, 2);
    Result<void> flushed = exporter->flush(0s);
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().code(), Errc::timed_out);
    // It may take a while until the receiver has answered.
    while (flushed.error().message() != "2 spans still wait: 503 later") {
        ASSERT_EQ(flushed.error().message(), "2 spans still wait");
        flushed = exporter->flush(20ms);
        ASSERT_FALSE(flushed);
    }
    exporter.reset();
    ASSERT_EQ(told().size(), 1U);
    EXPECT_EQ(told()[0].rfind("2 spans were lost: 503 later (", 0), 0U) << told()[0];
}

TEST_F(OtlpTest, a_frozen_receiver_holds_nobody_up) {
    OtlpReceiver receiver;
    receiver.freeze();
    OtlpOptions options = to(receiver.endpoint());
    options.max_queue = 10;
    options.max_batch = 5;
    options.timeout = 50ms;
    auto exporter = open(options);
    end_spans(*exporter, 10'000);
    ASSERT_TRUE(exporter->flush(1min));
    const OtlpCounts counts = exporter->counts();
    EXPECT_EQ(counts.exported + counts.waiting, 0U);
    EXPECT_EQ(counts.dropped + counts.lost, 10'000U);
    EXPECT_GE(counts.lost, 10U);
    EXPECT_GE(counts.dropped, 1U);
    exporter.reset();
    // The rest is told later, together.
    ASSERT_GE(told().size(), 1U);
    const std::string last = told().back();
    EXPECT_NE(last.find(" spans were lost: no answer within 50 ms ("), last.npos) << last;

    receiver.resume();
    exporter = open(to(receiver.endpoint()));
    end_spans(*exporter, 1);
    EXPECT_TRUE(exporter->flush(1min));
    EXPECT_EQ(exporter->counts().exported, 1U);
}

TEST_F(OtlpTest, a_mad_receiver_is_told_of) {
    struct Case {
        const char* answer;
        const char* line;
    };
    for (const Case& c : std::vector<Case>{
             {"garbage", "2 spans were lost: Received HTTP/0.9 when not allowed"},
             {"close", "2 spans were lost: Empty reply from server"},
             {"html", "2 spans were lost: 200 that is not understood: <html>welcome</html>"},
             {"400", "2 spans were lost: 400 no such thing"},
             {"500", "2 spans were lost: 500 later"},
             {"partial", "1 spans were lost: too old"},
         }) {
        OtlpReceiver receiver({c.answer});
        OtlpOptions options = to(receiver.endpoint());
        options.retry_for = 0s;
        auto exporter = open(options);
        end_spans(*exporter, 2);
        EXPECT_TRUE(exporter->flush(1min));
        exporter.reset();
        EXPECT_EQ(receiver.requests().size(), 1U);
        EXPECT_EQ(told().back().rfind(c.line, 0), 0U) << told().back();
    }
}

TEST_F(OtlpTest, the_environment_says_where) {
    OtlpReceiver receiver;
    const std::string base = "http://127.0.0.1:" + std::to_string(receiver.port()) + "/base";
    ASSERT_EQ(setenv("OTEL_EXPORTER_OTLP_ENDPOINT", base.c_str(), 1), 0);
    ASSERT_EQ(setenv("OTEL_EXPORTER_OTLP_HEADERS", "key=a%20b", 1), 0);
    ASSERT_EQ(setenv("OTEL_SERVICE_NAME", "till", 1), 0);
    const auto exporter = open({});
    for (const char* name :
         {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_SERVICE_NAME"}) {
        unsetenv(name);
    }
    end_spans(*exporter, 1);
    ASSERT_TRUE(exporter->flush(1min));
    const json request = json::parse(receiver.requests().at(0));
    EXPECT_EQ(request["path"], "/base/v1/traces");
    EXPECT_EQ(request["headers"]["key"], "a b");
    EXPECT_EQ(
        request["body"]["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"],
        "till");
}

TEST_F(OtlpTest, a_wrong_endpoint_is_told_at_once) {
    const auto exporter = OtlpExporter::open({.endpoint = "collector:4318"});
    ASSERT_FALSE(exporter);
    EXPECT_EQ(exporter.error().code(), Errc::invalid_argument);
    EXPECT_EQ(exporter.error().to_string(),
              "endpoint must be http://host[:port][/path], with a port of 1 .. 65535");
}

TEST_F(OtlpTest, the_one_who_is_told_cannot_flush_but_may_drop_the_exporter) {
    OtlpOptions options = to("http://127.0.0.1:" + std::to_string(testing::free_port()) + "/x");
    options.retry_for = 0s;
    options.schedule_delay = 1ms;
    std::shared_ptr<OtlpExporter> exporter;
    std::mutex held;
    Result<void> flushed;
    options.tell = [&](std::string_view) {
        const std::lock_guard lock(held);
        if (exporter == nullptr) return;
        flushed = exporter->flush(1min);
        exporter.reset();
    };
    std::weak_ptr<OtlpExporter> watched;
    {
        const std::lock_guard lock(held);
        exporter = open(options);
        watched = exporter;
        end_spans(*exporter, 1);
    }
    // No flush from here: it would be the one who leads while the line is told.
    const auto patience = std::chrono::steady_clock::now() + 1min;
    while (!watched.expired() && std::chrono::steady_clock::now() < patience) usleep(1000);
    ASSERT_TRUE(watched.expired());
    const std::lock_guard lock(held);
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().code(), Errc::would_deadlock);
}

TEST_F(OtlpTest, a_forked_child_leaves_it_to_its_parent) {
    OtlpReceiver receiver;
    auto exporter = open(to(receiver.endpoint()));
    end_spans(*exporter, 1);
    const pid_t child = fork();
    if (child == 0) {
        end_spans(*exporter, 1);
        const bool closed = exporter->flush(1min).error().code() == Errc::closed;
        exporter.reset();
        _exit(closed ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    ASSERT_TRUE(exporter->flush(1min));
    EXPECT_EQ(spans_of(receiver).size(), 1U);
}

}  // namespace
}  // namespace quorumlock
