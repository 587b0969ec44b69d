#include "lib/env/socket.h"

#include <cerrno>
#include <cstring>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

namespace quorumlock::env {

namespace {

constexpr unsigned kUserTimeoutMs = 30'000;

SocketAddress unix_address(const std::string& path) noexcept {
    SocketAddress result;
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) return result;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    std::memcpy(&result.storage, &address, sizeof address);
    result.size = sizeof address;
    return result;
}

// A socket that lacks one of these still works: a refused option is no reason to have no vote.
void set_tcp_options(int fd) noexcept {
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
}

}  // namespace

SocketAddress numeric_address(const std::string& address, std::uint16_t port) noexcept {
    SocketAddress result;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (address.find('\0') != std::string::npos) return result;
    if (uv_ip4_addr(address.c_str(), port, &v4) == 0) {
        std::memcpy(&result.storage, &v4, sizeof v4);
        result.size = sizeof v4;
    } else if (uv_ip6_addr(address.c_str(), port, &v6) == 0) {
        std::memcpy(&result.storage, &v6, sizeof v6);
        result.size = sizeof v6;
    }
    return result;
}

std::string numeric_text(const sockaddr& address) {
    const socklen_t size = address.sa_family == AF_INET    ? sizeof(sockaddr_in)
                           : address.sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                           : 0;
    char text[NI_MAXHOST];
    if (size == 0 ||
        getnameinfo(&address, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) {
        return {};
    }
    return text;
}

Connecting start_connect(const Endpoint& to) {
    Connecting result;
    const bool local = !to.path.empty();
    const SocketAddress address =
        local ? unix_address(to.path) : numeric_address(to.address, to.port);
    if (!address) {
        result.why = local ? "a unix socket's path is up to 107 bytes, this one has " +
                                 std::to_string(to.path.size())
                           : "not a numeric address: " + to.address;
        return result;
    }
    result.fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (result.fd < 0) {
        result.why = error_words(errno);
        return result;
    }
    if (!local) set_tcp_options(result.fd);
    if (connect(result.fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) ==
        0) {
        result.open = true;
    } else if (errno != EINPROGRESS && errno != EINTR) {
        // A unix socket has no connecting state: EAGAIN is its listener's full queue.
        result.why =
            errno == EAGAIN ? "the server's queue of connections is full" : error_words(errno);
        close(result.fd);
        result.fd = -1;
    }
    return result;
}

int take_socket_error(int fd) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

bool connected_to_itself(int fd) noexcept {
    sockaddr_storage here{};
    sockaddr_storage there{};
    socklen_t here_size = sizeof here;
    socklen_t there_size = sizeof there;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&here), &here_size) != 0 ||
        getpeername(fd, reinterpret_cast<sockaddr*>(&there), &there_size) != 0) {
        return false;
    }
    return (here.ss_family == AF_INET || here.ss_family == AF_INET6) && here_size == there_size &&
           std::memcmp(&here, &there, here_size) == 0;
}

std::string error_words(int error_number) {
    switch (error_number) {
        case ECONNREFUSED:
            return "connection refused";
        case ECONNRESET:
        case EPIPE:
            return "connection reset";
        case EHOSTUNREACH:
        case ENETUNREACH:
            return "no route to host";
        case ETIMEDOUT:
            return "timed out";
        default: {
            char text[128];
            return uv_strerror_r(-error_number, text, sizeof text);
        }
    }
}

}  // namespace quorumlock::env
