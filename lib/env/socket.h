// Sockets as quorumlock wants them, and plain words for what goes wrong with them. Nothing here
// blocks.
#pragma once

#include <cstdint>
#include <string>

#include <sys/socket.h>

#include "lib/env/env.h"

namespace quorumlock::env {

/// A socket's address, ready for connect(); size 0: there is none.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    explicit operator bool() const noexcept { return size != 0; }
};

/// From a numeric IPv4 or IPv6 address (a scope as in "fe80::1%eth0" is understood).
SocketAddress numeric_address(const std::string& address, std::uint16_t port) noexcept;
/// The reverse, without the port; empty for other families.
std::string numeric_text(const sockaddr& address);

/// A non-blocking stream socket under way to `to`.
struct Connecting {
    int fd = -1;        ///< -1: it failed; why says so.
    bool open = false;  ///< Connected already.
    std::string why;
};
Connecting start_connect(const Endpoint& to);

/// The error that a socket has pending, as an errno value; 0: none. Reading it clears it.
int take_socket_error(int fd) noexcept;
/// A TCP socket that, for want of a listener, has found itself: possible when the port lies in
/// the range of ports given to clients of the same machine.
bool connected_to_itself(int fd) noexcept;

/// In one line: "connection refused".
std::string error_words(int error_number);

}  // namespace quorumlock::env
