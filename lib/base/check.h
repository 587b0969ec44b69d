// Assertions that stay on in release builds: a lock that carries on in a state it cannot explain
// is worse than one that stops.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace quorumlock {

[[noreturn]] inline void check_failed(const char* what, const char* file, int line) {
    std::fprintf(stderr, "quorumlock: internal check failed: %s (%s:%d)\n", what, file, line);
    std::abort();
}

}  // namespace quorumlock

#define QL_CHECK(condition) \
    ((condition) ? (void)0 : ::quorumlock::check_failed(#condition, __FILE__, __LINE__))
