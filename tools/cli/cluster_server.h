// One local redis-server for trying out, found again by the files of its directory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include <quorumlock/result.h>

namespace quorumlock::cli {

class ClusterServer {
  public:
    /// `dir`: the absolute path of the cluster's directory; the server gets one of its own in it.
    ClusterServer(const std::string& dir, std::uint16_t port);

    std::uint16_t port() const noexcept { return port_; }
    std::string uri() const;
    /// The process that start() once made, if it still runs; else 0. Never a stranger that got its
    /// number: what the process calls itself and where it works must fit.
    pid_t pid() const;

    /// Starts redis-server in the background, on 127.0.0.1 only and without persistence, and
    /// waits until it answers PING. Errors: no_quorum with one line that says what to do.
    Result<void> start();
    /// Ends it: SIGTERM, SIGKILL after 5 s; removes its directory. False: it was not running.
    bool stop();

  private:
    bool answers_ping() const;
    Error cannot_start(const std::string& why) const;

    std::string dir_;
    std::uint16_t port_;
};

}  // namespace quorumlock::cli
