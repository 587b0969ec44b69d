// Send the spans of a service to an OpenTelemetry collector. Where it is comes from the environment
// (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME), else it is
// http://localhost:4318.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <quorumlock/lock_service.h>
#include <quorumlock/telemetry/otlp.h>
#include <quorumlock/telemetry/tracing.h>

#include "nodes.h"

using namespace std::chrono_literals;
using namespace quorumlock;

int main() {
    auto exporter = OtlpExporter::open({.tell = [](std::string_view line) {
        std::printf("spans: %s\n", std::string(line).c_str());
    }});
    if (!exporter) return std::puts(exporter.error().to_string().c_str()), 1;

    ServiceOptions options;
    options.observer = std::make_shared<TracingObserver>(*exporter);
    {
        auto locks = LockService::open(node_uris(), options);
        if (!locks) return std::puts(locks.error().to_string().c_str()), 1;
        auto lock = locks->try_acquire("orders:42", {.ttl = 10s}).get();
        if (!lock) return std::puts(lock.error().to_string().c_str()), 1;
        std::puts("working");
        (void)lock->release().get();
    }  // what has happened by now has been told when the service has ended

    // The destructor flushes too, for a second; here we want to know. Without a collector this is
    // where the program learns of it: locks never wait for one.
    if (auto sent = (*exporter)->flush(5s); !sent) std::puts(sent.error().to_string().c_str());
    std::printf("%llu spans taken\n",
                static_cast<unsigned long long>((*exporter)->counts().exported));
    return 0;
}
