// Watch a service: metrics as Prometheus reads them, spans for the program's tracing, lines for its
// log.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <quorumlock/named_locks.h>
#include <quorumlock/observer.h>
#include <quorumlock/telemetry/logging.h>
#include <quorumlock/telemetry/prometheus.h>
#include <quorumlock/telemetry/tracing.h>

#include "nodes.h"

using namespace std::chrono_literals;
using namespace quorumlock;

namespace {

/// Over your tracing library; here it prints. Called on the service's own thread.
class PrintedSpans final : public Tracer {
  public:
    void on_span(const Span& span) override {
        std::printf("span %s: %lld us\n", std::string(span.name).c_str(),
                    static_cast<long long>((span.end - span.start).count() / 1000));
    }
};

void print_line(LogLevel level, std::string_view line) {
    std::printf("%s: %s\n", log_level_name(level), std::string(line).c_str());
}

}  // namespace

int main() {
    // "orders:42" is counted as "orders": a label for each resource would be too many.
    auto metrics = std::make_shared<PrometheusMetrics>(PrometheusOptions{
        .group = [](std::string_view name) { return std::string(name.substr(0, name.find(':'))); },
        .max_groups = 20});
    ServiceOptions options;
    options.observer = std::make_shared<Observers>(std::vector<std::shared_ptr<Observer>>{
        metrics, std::make_shared<TracingObserver>(std::make_shared<PrintedSpans>()),
        std::make_shared<LoggingObserver>(print_line, LogOptions{.least = LogLevel::debug})});
    {
        auto locks = NamedLocks::open(node_uris(), options);
        if (!locks) return std::puts(locks.error().to_string().c_str()), 1;
        (void)locks->execute("orders:42", [] { std::puts("working"); });
    }  // what has happened by now has been told when the service has ended

    const std::string text = metrics->text();  // for your HTTP server, at /metrics
    std::printf("%s", text.c_str());
    const char* wanted = "quorumlock_executes_total{outcome=\"ran\",group=\"orders\"} 1\n";
    return text.find(wanted) != std::string::npos ? 0 : 1;
}
