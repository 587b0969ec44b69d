// The other end of a connection, in plain blocking sockets: a test says what it does and when.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "lib/env/env.h"

namespace quorumlock::env {

class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const noexcept { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    /// Closes it so that the other end sees a reset.
    void reset();
    void send(std::string_view bytes) const;
    /// Blocks until there are `size` bytes or the other end has closed.
    std::string receive(std::size_t size) const;
    /// What is there now.
    std::string receive_now() const;
    /// Of a TCP connection: segments with data that have come in.
    unsigned segments_in() const;

  private:
    int fd_;
};

class Listener {
  public:
    /// On a free port of 127.0.0.1 (or of ::1), or on a unix socket.
    explicit Listener(const char* address = "127.0.0.1");
    struct UnixPath {
        std::string path;
    };
    explicit Listener(const UnixPath& at);

    const Endpoint& endpoint() const { return endpoint_; }
    Descriptor accept() const;
    void close() { fd_.close(); }

  private:
    Descriptor fd_;
    Endpoint endpoint_;
};

}  // namespace quorumlock::env
