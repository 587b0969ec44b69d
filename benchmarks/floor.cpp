// quorumlock_floor: the physical limit of an acquire+release cycle on N Redis nodes, to hold the
// library against. Same commands, same quorum, no library.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "benchmarks/floor_client.h"

int main(int argc, char** argv) {
    using namespace quorumlock;
    benchmarks::FloorOptions options;
    bool json = false;

    CLI::App app{"The least an acquire+release cycle can cost: raw sockets and epoll, no library."};
    app.add_option("--nodes", options.nodes, "host:port, redis://host:port or unix:///path")
        ->delimiter(',')
        ->required()
        ->envname("QUORUMLOCK_NODES");
    app.add_option("--workers", options.workers, "cycles in flight, each on its own resource")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    auto* cycles = app.add_option("--cycles", options.cycles, "how many cycles to count");
    app.add_option("--seconds", options.seconds, "how long to count")
        ->check(CLI::PositiveNumber)
        ->capture_default_str()
        ->excludes(cycles);
    app.add_option("--warmup", options.warmup, "cycles before the counting starts")
        ->capture_default_str();
    app.add_option("--line", options.line, "tell the latency of so many cycles in a row")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    app.add_flag("--fence", options.fence, "acquire by the library's script, which counts");
    app.add_flag("--json", json, "print one JSON object");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 64;
    }

    benchmarks::FloorClient client(options);
    client.connect();
    const cli::BenchReport report = client.run();
    if (json) {
        report.print_json(stdout);
    } else {
        report.print_text(stdout);
    }
    return report.errors == 0 ? 0 : 69;
}
