#include "tests/unit/env/loopback.h"

#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/env/socket.h"

namespace quorumlock::env {

void Descriptor::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close();
}

void Descriptor::send(std::string_view bytes) const {
    while (!bytes.empty()) {
        const ssize_t left = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        ASSERT_GT(left, 0) << std::strerror(errno);
        bytes.remove_prefix(static_cast<std::size_t>(left));
    }
}

std::string Descriptor::receive(std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const ssize_t got = recv(fd_, bytes.data() + have, size - have, 0);
        if (got <= 0) break;
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

std::string Descriptor::receive_now() const {
    char bytes[4096];
    const ssize_t got = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    return std::string(bytes, got > 0 ? static_cast<std::size_t>(got) : 0);
}

unsigned Descriptor::segments_in() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_data_segs_in;
}

Listener::Listener(const char* address) {
    SocketAddress at = numeric_address(address, 0);
    fd_ = Descriptor(socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto* const any = reinterpret_cast<sockaddr*>(&at.storage);
    EXPECT_EQ(bind(fd_.get(), any, at.size), 0) << std::strerror(errno);
    EXPECT_EQ(listen(fd_.get(), 16), 0);
    EXPECT_EQ(getsockname(fd_.get(), any, &at.size), 0);
    endpoint_.address = address;
    // The port has the same place in both families.
    endpoint_.port = ntohs(reinterpret_cast<const sockaddr_in*>(any)->sin_port);
}

Listener::Listener(const UnixPath& at) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    at.path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_.get(), 16), 0);
    endpoint_.path = at.path;
}

Descriptor Listener::accept() const {
    return Descriptor(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace quorumlock::env
