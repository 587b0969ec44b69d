// A blocking connection to 127.0.0.1 that hands out replies as they came over the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quorumlock::sim::truth {

class RawSocket {
  public:
    explicit RawSocket(std::uint16_t port);
    ~RawSocket();
    RawSocket(const RawSocket&) = delete;
    RawSocket& operator=(const RawSocket&) = delete;

    /// A peer that is gone is noticed by whoever reads.
    void send(std::string_view bytes);
    /// One whole RESP2 reply; empty when the connection ended, or nothing came for five seconds.
    std::string reply();
    /// Waits for so many bytes, a second at most for each piece; more when more have come.
    std::string bytes(std::size_t count);
    /// What has come, without waiting for more.
    std::string unread();
    /// Bytes that are to be read once more.
    void put_back(std::string_view bytes);
    /// Has the peer ended it? Waited for up to a second when that is `expected`.
    bool ended(bool expected);

  private:
    bool fill(int limit_ms);
    std::size_t whole_reply(std::size_t from);

    int fd_ = -1;
    bool over_ = false;
    std::string buffer_;
};

}  // namespace quorumlock::sim::truth
