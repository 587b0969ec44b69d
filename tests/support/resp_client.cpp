#include "tests/support/resp_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

namespace quorumlock::testing {

RespClient::RespClient(std::uint16_t port, std::chrono::milliseconds limit,
                       const std::string& host) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return;
    timeval wait{};
    wait.tv_sec = limit.count() / 1000;
    wait.tv_usec = static_cast<suseconds_t>(limit.count() % 1000 * 1000);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = ::inet_addr(host.c_str());
    to.sin_port = htons(port);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

RespClient::~RespClient() {
    if (fd_ >= 0) ::close(fd_);
}

bool RespClient::send(const std::vector<std::string>& args) {
    if (fd_ < 0) return false;
    std::string out = "*" + std::to_string(args.size()) + "\r\n";
    for (const std::string& arg : args) {
        out += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
    }
    std::size_t done = 0;
    while (done < out.size()) {
        const auto n = ::send(fd_, out.data() + done, out.size() - done, MSG_NOSIGNAL);
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

bool RespClient::fill() {
    char bytes[4096];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
}

bool RespClient::read_line(std::string& line) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
        if (!fill()) return false;
    }
    line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return !line.empty();
}

bool RespClient::read_bytes(std::string& out, std::size_t count) {
    while (buffer_.size() < count + 2) {
        if (!fill()) return false;
    }
    out = buffer_.substr(0, count);
    buffer_.erase(0, count + 2);
    return true;
}

std::string RespClient::reply() {
    std::string line;
    if (fd_ < 0) return "-IO not connected";
    if (!read_line(line)) return "-IO no reply";
    const long count = line.size() > 1 ? std::atol(line.c_str() + 1) : 0;
    switch (line[0]) {
        case '+':
        case ':':
            return line.substr(1);
        case '-':
            return line;
        case '$': {
            if (count < 0) return "(nil)";
            std::string text;
            return read_bytes(text, static_cast<std::size_t>(count)) ? text : "-IO reply cut";
        }
        case '*': {
            if (count < 0) return "(nil)";
            std::string all;
            for (long i = 0; i < count; ++i) all += (i == 0 ? "" : "\n") + reply();
            return all;
        }
        default:
            return "-IO no RESP2 reply: " + line;
    }
}

std::string RespClient::command(const std::vector<std::string>& args) {
    return send(args) ? reply() : "-IO not sent";
}

}  // namespace quorumlock::testing
