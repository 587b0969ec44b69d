// A small blocking client for tests: knows RESP2 on its own, so that the library's codec is never
// the judge of itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace quorumlock::testing {

class RespClient {
  public:
    /// Connects to `host`, an IPv4 address. Every call waits for at most `limit`.
    explicit RespClient(std::uint16_t port,
                        std::chrono::milliseconds limit = std::chrono::seconds(5),
                        const std::string& host = "127.0.0.1");
    ~RespClient();
    RespClient(const RespClient&) = delete;
    RespClient& operator=(const RespClient&) = delete;

    bool connected() const noexcept { return fd_ >= 0; }
    /// The reply as text: a string or status as it is, an integer in decimal, nil as "(nil)", an
    /// array as its elements separated by line feeds, an error with a "-" in front, and what went
    /// wrong with the connection as "-IO ...".
    std::string command(const std::vector<std::string>& args);
    /// Sends without waiting for the reply.
    bool send(const std::vector<std::string>& args);
    std::string reply();

  private:
    bool read_line(std::string& line);
    bool read_bytes(std::string& out, std::size_t count);
    bool fill();

    int fd_ = -1;
    std::string buffer_;
};

}  // namespace quorumlock::testing
