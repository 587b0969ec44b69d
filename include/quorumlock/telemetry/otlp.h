// Spans sent to an OpenTelemetry collector: OTLP over HTTP, as JSON.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quorumlock/result.h>
#include <quorumlock/telemetry/tracing.h>
#include <quorumlock/time.h>

namespace quorumlock {

/// What is left empty comes from the variables that OpenTelemetry defines.
struct OtlpOptions {
    /// Where spans go, whole: "http://host[:port][/path]". Empty:
    /// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, else OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces behind
    /// it, else http://localhost:4318/v1/traces. TLS is not supported.
    std::string endpoint{};
    /// Sent with every request, as name and value. Empty: OTEL_EXPORTER_OTLP_TRACES_HEADERS, else
    /// OTEL_EXPORTER_OTLP_HEADERS ("name=value,name=value", values percent-encoded). The values
    /// are secrets: no message contains them.
    std::vector<std::pair<std::string, std::string>> headers{};
    /// Empty: OTEL_SERVICE_NAME, else "unknown_service".
    std::string service_name{};

    std::size_t max_queue = 2048;  ///< Spans that wait; 1 .. 1,000,000. The rest is dropped.
    std::size_t max_batch = 512;   ///< Spans in one request; 1 .. 10,000, at most max_queue.
    /// A span waits so long for others to go with it; 1 ms .. 1 h.
    Nanos schedule_delay = std::chrono::seconds(5);
    /// For one request; 10 ms .. 10 min. Spans of a request without an answer are given up, since
    /// the receiver may have them.
    Nanos timeout = std::chrono::seconds(10);
    /// How long the spans of one request are tried again, 0 .. 1 h, when the receiver answers 429,
    /// 502, 503 or 504 or cannot be reached: after pauses that double from 1 s up to 10 s, or as
    /// long as its Retry-After says.
    Nanos retry_for = std::chrono::minutes(1);
    Nanos drain_timeout = std::chrono::seconds(1);  ///< For the destructor's flush; 0 .. 1 min.

    /// Told of spans that were dropped or lost and of what a receiver says about them: one line
    /// without its end, at most one in 10 s. On the exporter's own thread (the last line: on the
    /// one that destroys it). Must not throw.
    std::function<void(std::string_view line)> tell{};
};

/// Since it was opened.
struct OtlpCounts {
    std::uint64_t exported = 0;  ///< Spans that the receiver has taken.
    std::uint64_t dropped = 0;   ///< Not kept: max_queue spans were waiting.
    std::uint64_t lost = 0;      ///< Refused by the receiver, or not delivered in time.
    std::size_t waiting = 0;     ///< In the queue or under way.
};

/// Give it to a TracingObserver; of several services too. It has a thread and a loop of its own:
/// whoever ends a span copies it into a queue under a short mutex, and waits for nothing else.
/// Every span is the root of a trace of its own. Does nothing in a forked child.
class OtlpExporter final : public Tracer {
  public:
    /// invalid_argument: an option or variable is out of its bounds; the message names both.
    /// Whether the receiver can be reached is found out later.
    static Result<std::shared_ptr<OtlpExporter>> open(OtlpOptions options = {});
    /// Flushes for drain_timeout at most; what is left then is lost. Never throws.
    ~OtlpExporter() override;

    /// Any thread.
    void on_span(const Span& span) override;
    /// Sends what is waiting now, and blocks until all of it has been taken or lost. timed_out:
    /// some still waits after `limit` (0 .. 24 h, else the nearest). would_deadlock: called by
    /// `tell`. Any thread.
    Result<void> flush(Nanos limit);
    OtlpCounts counts() const;

  private:
    class State;
    explicit OtlpExporter(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace quorumlock
