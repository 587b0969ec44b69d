// Counts what this process asks of the heap, in all threads and all libraries.
#pragma once

#include <cstdint>

namespace quorumlock::benchmarks {

/// False in a build whose sanitizer replaces malloc itself.
bool can_count_allocations();
/// With QUORUMLOCK_ALLOC_TRACE in the environment the first few allocations counted write their
/// call stacks to stderr (resolve them with addr2line).
void start_counting_allocations();
std::uint64_t stop_counting_allocations();

}  // namespace quorumlock::benchmarks
