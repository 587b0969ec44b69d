#include "tests/sim/truth/raw_socket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace quorumlock::sim::truth {

namespace {

constexpr int kReplyLimitMs = 5000;
constexpr int kEndLimitMs = 1000;
constexpr int kMoreLimitMs = 2;

}  // namespace

RawSocket::RawSocket(std::uint16_t port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    over_ = fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0;
}

RawSocket::~RawSocket() {
    if (fd_ >= 0) ::close(fd_);
}

void RawSocket::send(std::string_view bytes) {
    while (!bytes.empty() && !over_) {
        const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

bool RawSocket::fill(int limit_ms) {
    if (over_) return false;
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, limit_ms) <= 0) return false;
    char bytes[65536];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    over_ = n <= 0;
    if (!over_) buffer_.append(bytes, static_cast<std::size_t>(n));
    return !over_;
}

/// Where the reply that begins at `from` ends, read as need be; npos when it never comes whole.
std::size_t RawSocket::whole_reply(std::size_t from) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n", from)) == std::string::npos) {
        if (!fill(kReplyLimitMs)) return std::string::npos;
    }
    const char type = buffer_[from];
    const long long number = std::atoll(buffer_.c_str() + from + 1);
    end += 2;
    if (type == '$' && number >= 0) {
        end += static_cast<std::size_t>(number) + 2;
        while (buffer_.size() < end) {
            if (!fill(kReplyLimitMs)) return std::string::npos;
        }
    }
    for (long long i = 0; type == '*' && i < number && end != std::string::npos; ++i) {
        end = whole_reply(end);
    }
    return end;
}

std::string RawSocket::reply() {
    const std::size_t end = whole_reply(0);
    if (end == std::string::npos) return {};
    const std::string taken = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return taken;
}

std::string RawSocket::bytes(std::size_t count) {
    while (buffer_.size() < count && fill(kEndLimitMs)) {
    }
    fill(kMoreLimitMs);
    return std::exchange(buffer_, {});
}

std::string RawSocket::unread() {
    while (fill(0)) {
    }
    return std::exchange(buffer_, {});
}

void RawSocket::put_back(std::string_view bytes) { buffer_.insert(0, bytes); }

bool RawSocket::ended(bool expected) {
    while (fill(expected ? kEndLimitMs : 0)) {
    }
    return over_;
}

}  // namespace quorumlock::sim::truth
