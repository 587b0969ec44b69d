// The contended benchmark in several processes.
#pragma once

#include <functional>

#include "tools/cli/bench_report.h"
#include "tools/cli/bench_window.h"

namespace quorumlock::cli {

/// Forks `count` children, each runs `body`, and adds up what they measured. Must be called while
/// this process has one thread. A child that dies counts as one error, and ends the window.
BenchReport run_in_processes(int count, BenchWindow& window,
                             const std::function<BenchReport()>& body);

}  // namespace quorumlock::cli
