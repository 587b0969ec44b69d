// The contended benchmark in several processes.
#pragma once

#include <atomic>
#include <functional>

#include "tools/cli/bench_report.h"

namespace quorumlock::cli {

/// A counter that forked children share with us. Aborts when there is no memory for it.
std::atomic<int>& shared_counter();

/// Forks `count` children, each runs `body`, and adds up what they measured. Must be called while
/// this process has one thread. A child that dies counts as one error.
BenchReport run_in_processes(int count, const std::function<BenchReport()>& body);

}  // namespace quorumlock::cli
