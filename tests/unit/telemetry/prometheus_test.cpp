// The text that Prometheus reads.
#include <quorumlock/telemetry/prometheus.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "lib/telemetry/histogram.h"

namespace quorumlock {
namespace {

using namespace std::chrono_literals;

::testing::AssertionResult has_line(const std::string& text, const std::string& line) {
    if (("\n" + text).find("\n" + line + "\n") != std::string::npos) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "no line \"" << line << "\" in:\n" << text;
}

AcquireEvent acquire(std::string_view resource, std::optional<Errc> error, Nanos duration) {
    AcquireEvent event;
    event.resource = resource;
    event.error = error;
    event.duration = duration;
    return event;
}

TEST(Prometheus, counts_by_outcome_and_never_by_resource) {
    PrometheusMetrics metrics;
    metrics.on_acquire(acquire("orders:1", std::nullopt, 1ms));
    metrics.on_acquire(acquire("orders:2", std::nullopt, 1ms));
    metrics.on_acquire(acquire("orders:3", Errc::contended, 1ms));
    const std::string text = metrics.text();
    EXPECT_TRUE(has_line(text, "# TYPE quorumlock_acquires_total counter"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquires_total{outcome=\"ok\"} 2"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquires_total{outcome=\"contended\"} 1"));
    EXPECT_EQ(text.find("orders"), std::string::npos);
}

TEST(Prometheus, groups_are_counted_up_to_their_bound) {
    PrometheusOptions options;
    options.group = [](std::string_view name) {
        return std::string(name.substr(0, name.find(':')));
    };
    options.max_groups = 2;
    PrometheusMetrics metrics(options);
    for (const char* name : {"orders:1", "orders:2", "mail:1", "print:1", "scan:1"}) {
        metrics.on_acquire(acquire(name, std::nullopt, 1ms));
    }
    const std::string text = metrics.text();
    EXPECT_TRUE(has_line(text, "quorumlock_acquires_total{outcome=\"ok\",group=\"orders\"} 2"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquires_total{outcome=\"ok\",group=\"mail\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquires_total{outcome=\"ok\",group=\"other\"} 2"));
}

TEST(Prometheus, histograms_are_cumulative_and_in_seconds) {
    PrometheusMetrics metrics;
    metrics.on_acquire(acquire("r", std::nullopt, 100us));  // on a bucket's end: belongs to it
    metrics.on_acquire(acquire("r", std::nullopt, 101us));
    metrics.on_acquire(acquire("r", std::nullopt, 2h));
    const std::string text = metrics.text();
    EXPECT_TRUE(has_line(text, "# TYPE quorumlock_acquire_seconds histogram"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquire_seconds_bucket{le=\"0.0001\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquire_seconds_bucket{le=\"0.00025\"} 2"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquire_seconds_bucket{le=\"3600\"} 2"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquire_seconds_bucket{le=\"+Inf\"} 3"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquire_seconds_sum 7200.000201"));
    EXPECT_TRUE(has_line(text, "quorumlock_acquire_seconds_count 3"));
}

TEST(Prometheus, nodes_have_their_own_series_and_silence_is_no_round_trip) {
    PrometheusMetrics metrics;
    NodeAnswerEvent event;
    event.node = "a\"b\\c";
    event.duration = 2ms;
    event.vote = NodeVote::granted;
    metrics.on_node_answer(event);
    event.vote = NodeVote::unknown;
    event.step = NodeStep::release;
    metrics.on_node_answer(event);
    const std::string text = metrics.text();
    EXPECT_TRUE(has_line(text,
                         "quorumlock_node_answers_total{node=\"a\\\"b\\\\c\",step=\"acquire\","
                         "vote=\"granted\"} 1"));
    EXPECT_TRUE(has_line(text,
                         "quorumlock_node_answers_total{node=\"a\\\"b\\\\c\",step=\"release\","
                         "vote=\"unknown\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_node_round_trip_seconds_count{node=\"a\\\"b\\\\c\"} 1"));
}

TEST(Prometheus, every_event_is_counted) {
    PrometheusMetrics metrics;
    ExtendEvent extend;
    extend.renewal = true;
    metrics.on_extend(extend);
    ReleaseEvent release;
    release.error = Errc::no_quorum;
    metrics.on_release(release);
    BreakEvent broken;
    broken.by = "joe";
    metrics.on_break(broken);
    HoldEvent hold;
    hold.end = HoldEnd::lost;
    hold.duration = 3s;
    metrics.on_hold_end(hold);
    ExecuteEvent execute;
    metrics.on_execute(execute);  // contended
    execute.ran = true;
    metrics.on_execute(execute);
    execute.held = true;
    metrics.on_execute(execute);
    metrics.on_gauges({.held = 1, .waiting = 2, .undo_pending = 3});
    metrics.on_dropped(5);
    const std::string text = metrics.text();
    EXPECT_TRUE(has_line(text, "quorumlock_extends_total{outcome=\"ok\",renewal=\"true\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_releases_total{outcome=\"no_quorum\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_breaks_total{outcome=\"ok\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_holds_total{outcome=\"lost\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_hold_seconds_sum 3"));
    EXPECT_TRUE(has_line(text, "quorumlock_executes_total{outcome=\"contended\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_executes_total{outcome=\"outlived\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_executes_total{outcome=\"ran\"} 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_held 1"));
    EXPECT_TRUE(has_line(text, "quorumlock_waiting 2"));
    EXPECT_TRUE(has_line(text, "quorumlock_undo_pending 3"));
    EXPECT_TRUE(has_line(text, "quorumlock_dropped_events_total 5"));
}

TEST(Prometheus, seconds_are_written_exactly) {
    EXPECT_EQ(telemetry::seconds_of(0ns), "0");
    EXPECT_EQ(telemetry::seconds_of(1ns), "0.000000001");
    EXPECT_EQ(telemetry::seconds_of(2500us), "0.0025");
    EXPECT_EQ(telemetry::seconds_of(10s), "10");
    EXPECT_EQ(telemetry::seconds_of(90s + 50ms), "90.05");
}

}  // namespace
}  // namespace quorumlock
