// A real receiver of OTLP/HTTP traces, in a process of its own: otlp_receiver.py beside this file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace quorumlock::testing {

/// Not thread-safe. What cannot be done ends the test program.
class OtlpReceiver {
  public:
    /// `answers`: one for each request in turn, as the program says; none: 200.
    explicit OtlpReceiver(const std::vector<std::string>& answers = {});

    std::uint16_t port() const noexcept { return port_; }
    /// For OtlpOptions::endpoint.
    std::string endpoint() const;
    /// What it got, one JSON object ("path", "headers", "body") each, oldest first.
    std::vector<std::string> requests() const;
    void freeze();
    void resume();

  private:
    Process process_;
    std::uint16_t port_ = 0;
};

}  // namespace quorumlock::testing
