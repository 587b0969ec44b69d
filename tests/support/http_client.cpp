#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

namespace quorumlock::testing {

namespace {

HttpResult ask(int fd, const sockaddr* to, socklen_t size, const std::string& request) {
    HttpResult result;
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string said;
    if (::connect(fd, to, size) == 0 && ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
                                            static_cast<ssize_t>(request.size())) {
        char bytes[4096];
        for (ssize_t got = 0; (got = ::recv(fd, bytes, sizeof bytes, 0)) > 0;) {
            said.append(bytes, static_cast<std::size_t>(got));
        }
    }
    ::close(fd);
    const auto end = said.find("\r\n\r\n");
    if (said.rfind("HTTP/1.1 ", 0) != 0 || end == said.npos) return result;
    result.status = std::atoi(said.c_str() + 9);
    result.head = said.substr(0, end);
    result.body = said.substr(end + 4);
    return result;
}

std::string text_of(const std::string& method, const std::string& target, const std::string& body,
                    const std::vector<std::string>& headers) {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n";
    for (const std::string& line : headers) text += line + "\r\n";
    return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

HttpResult http_request(std::uint16_t port, const std::string& method, const std::string& target,
                        const std::string& body, const std::vector<std::string>& headers) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    return ask(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
               reinterpret_cast<const sockaddr*>(&to), sizeof to,
               text_of(method, target, body, headers));
}

HttpResult http_request_on(const std::string& socket_path, const std::string& method,
                           const std::string& target) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    socket_path.copy(to.sun_path, sizeof to.sun_path - 1);
    return ask(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
               reinterpret_cast<const sockaddr*>(&to), sizeof to, text_of(method, target, "", {}));
}

}  // namespace quorumlock::testing
