#include "benchmarks/floor_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace quorumlock::benchmarks {

namespace {

int connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) fail(path + ": socket path too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
        fail(path + ": " + std::strerror(errno));
    }
    return fd;
}

int connect_tcp(const std::string& node, const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int bad = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); bad != 0) {
        fail(node + ": " + gai_strerror(bad));
    }
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        fail(node + ": " + std::strerror(errno));
    }
    freeaddrinfo(found);
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

}  // namespace

void fail(const std::string& why) {
    std::fprintf(stderr, "quorumlock_floor: %s\n", why.c_str());
    std::exit(69);
}

int connect_node(const std::string& node) {
    std::string rest = node;
    if (rest.starts_with("unix://")) return connect_unix(rest.substr(7, rest.find('?') - 7));
    if (rest.starts_with("redis://")) rest.erase(0, 8);
    rest.erase(std::min(rest.find_first_of("/?"), rest.size()));
    const auto colon = rest.rfind(':');
    if (colon == std::string::npos) return connect_tcp(node, rest, "6379");
    return connect_tcp(node, rest.substr(0, colon), rest.substr(colon + 1));
}

void append_command(std::string& out, std::initializer_list<std::string_view> args) {
    out += '*';
    out += std::to_string(args.size());
    out += "\r\n";
    for (const auto arg : args) {
        out += '$';
        out += std::to_string(arg.size());
        out += "\r\n";
        out += arg;
        out += "\r\n";
    }
}

std::string ask_blocking(int fd, std::initializer_list<std::string_view> args) {
    std::string command;
    append_command(command, args);
    if (send(fd, command.data(), command.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(command.size())) {
        fail("a node does not take a command");
    }
    std::string reply;
    char buffer[4096];
    for (;;) {
        const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
        if (got <= 0) fail("a node closed the connection");
        reply.append(buffer, static_cast<std::size_t>(got));
        const auto line_end = reply.find("\r\n");
        if (line_end == std::string::npos) continue;
        if (reply[0] == '-') fail("a node answers " + reply.substr(1, line_end - 1));
        if (reply[0] != '$') return reply.substr(1, line_end - 1);
        const auto size = std::strtoul(reply.c_str() + 1, nullptr, 10);
        if (reply.size() >= line_end + 2 + size + 2) return reply.substr(line_end + 2, size);
    }
}

void make_non_blocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace quorumlock::benchmarks
