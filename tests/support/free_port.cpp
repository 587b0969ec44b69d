#include "tests/support/free_port.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>

namespace quorumlock::testing {

namespace {

bool can_bind(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    const bool ok =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 && ::listen(fd, 1) == 0;
    ::close(fd);
    return ok;
}

}  // namespace

std::uint16_t free_port() {
    std::random_device random;
    for (int tries = 0; tries < 1000; ++tries) {
        const auto port = static_cast<std::uint16_t>(10'000 + random() % 22'000);
        if (can_bind(port)) return port;
    }
    std::fprintf(stderr, "no free port on 127.0.0.1 in 10000..31999\n");
    std::abort();
}

}  // namespace quorumlock::testing
