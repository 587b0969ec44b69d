// A TCP proxy between a client and a server on loopback, whose faults a test switches at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace quorumlock::testing {

enum class Fault : std::uint8_t {
    none,           ///< Passes everything on.
    silent,         ///< Accepts, and swallows requests: nothing is ever answered.
    reset,          ///< Resets every connection, old and new, at once.
    garbage,        ///< Answers each request with bytes that are no RESP.
    huge_reply,     ///< Answers each request with the announcement of a 1 GiB string.
    deep_reply,     ///< Answers each request with 10,000 nested arrays.
    cut_reply,      ///< Passes `amount` bytes of the next reply, then closes.
    drop_replies,   ///< Passes requests on; resets the client when the reply comes.
    hold_requests,  ///< Keeps requests until release_held(), also when the client has gone.
    delay,          ///< Replies come `amount` ms late.
    trickle,        ///< Replies come one byte at a time.
};
const char* fault_name(Fault fault);

/// One thread, ended by the destructor. The methods may be called from any thread.
class FaultProxy {
  public:
    /// Where clients come in: a listening socket, which goes with the proxy, and its host.
    struct Listener {
        int fd;
        std::string host;
    };
    explicit FaultProxy(std::uint16_t server_port);
    FaultProxy(std::uint16_t server_port, Listener listener);
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    const std::string& host() const noexcept { return host_; }
    std::uint16_t port() const noexcept { return port_; }
    std::string uri() const { return "redis://" + label(); }
    std::string label() const { return host_ + ":" + std::to_string(port_); }

    /// From now on, for connections that are there and those to come.
    void set(Fault fault, unsigned amount = 0);
    /// Where connections to come lead; those that are there stay.
    void forward_to(std::uint16_t server_port);
    /// Resets the clients that are there now. What hold_requests keeps stays, and so do the
    /// server's ends of those connections.
    void reset_clients();
    /// Passes kept requests on to the server, then closes what has no client any more.
    void release_held();

    /// Bytes of requests kept now.
    std::size_t held() const;
    /// Connections accepted so far, and those that are open now.
    std::size_t accepted() const;
    std::size_t open() const;
    /// How often the fault has struck since the last set().
    std::size_t struck() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::string host_;
    std::uint16_t port_ = 0;
};

}  // namespace quorumlock::testing
