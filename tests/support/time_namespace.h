// A child process whose clocks are shifted, by the kernel's time namespaces. With BOOTTIME ahead
// of MONOTONIC it is where a suspend would have put it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace quorumlock::testing {

struct ClockShift {
    std::chrono::seconds monotonic{0};
    std::chrono::seconds boottime{0};
};

struct ShiftedRun {
    bool possible = false;
    std::string why_not;  ///< One line, where the kernel or its settings do not allow it.
    bool passed = false;  ///< The body ended, and no expectation in it failed.
};

/// Runs `body` in such a child, for up to 30 s. Its EXPECTs print there and count here.
ShiftedRun run_with_shifted_clocks(ClockShift shift, const std::function<void()>& body);

}  // namespace quorumlock::testing
