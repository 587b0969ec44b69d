#include "tests/support/simulated_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>

#include "tests/support/resp_commands.h"

namespace quorumlock::testing {

namespace {

void must(bool ok, const char* what) {
    if (ok) return;
    std::perror(what);
    std::abort();
}

sim::WallMicros wall_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

/// It has run for a day: no guard holds its vote back.
sim::WallMicros a_day_ago() { return wall_now() - 86'400'000'000; }

}  // namespace

SimulatedServer::SimulatedServer(Lies lies)
    : lies_(std::move(lies)), redis_(std::random_device{}(), a_day_ago(), nullptr) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    auto* const address = reinterpret_cast<sockaddr*>(&here);
    must(listener_ >= 0 && ::bind(listener_, address, size) == 0 && ::listen(listener_, 64) == 0 &&
             ::getsockname(listener_, address, &size) == 0,
         "listen");
    port_ = ntohs(here.sin_port);
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    must(stop_ >= 0, "eventfd");
    thread_ = std::thread([this] { serve(); });
}

SimulatedServer::~SimulatedServer() {
    const std::uint64_t one = 1;
    must(::write(stop_, &one, sizeof one) == sizeof one, "write");
    thread_.join();
    for (const Connection& connection : connections_) ::close(connection.socket);
    ::close(listener_);
    ::close(stop_);
}

void SimulatedServer::serve() {
    std::vector<pollfd> waits;
    for (;;) {
        waits.assign({{stop_, POLLIN, 0}, {listener_, POLLIN, 0}});
        for (const Connection& connection : connections_) {
            const bool sends = connection.flooded || !connection.to_send.empty();
            const int events = sends ? POLLIN | POLLOUT : POLLIN;
            waits.push_back({connection.socket, static_cast<short>(events), 0});
        }
        if (::poll(waits.data(), waits.size(), -1) < 0) {
            must(errno == EINTR, "poll");
            continue;
        }
        if (waits[0].revents != 0) return;
        for (std::size_t i = connections_.size(); i-- > 0;) {
            // One of them may have killed another: that one is asked as well.
            if (exchange(connections_[i], waits[i + 2].revents)) continue;
            end(connections_[i]);
            connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        if (waits[1].revents != 0) accept();
    }
}

void SimulatedServer::accept() {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) connections_.push_back({socket, redis_.accept(wall_now())});
}

void SimulatedServer::execute(Connection& connection, std::string_view bytes) {
    if (!lies_.answer && lies_.endless.empty()) {
        return redis_.receive(connection.id, bytes, wall_now());
    }
    connection.received += bytes;
    while (const std::size_t size = command_size(connection.received)) {
        const std::string command = connection.received.substr(0, size);
        connection.received.erase(0, size);
        connection.to_send += std::exchange(redis_.output(connection.id), {});  // pushes
        redis_.receive(connection.id, command, wall_now());
        if (lies_.answer) lies_.answer(command, redis_.output(connection.id), connection.id);
        if (!lies_.endless.empty() && command.find(lies_.after_command) != command.npos) {
            connection.flooded = true;
        }
    }
}

/// False: it has ended.
bool SimulatedServer::exchange(Connection& connection, short events) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
        char bytes[16384];
        const ssize_t size = ::recv(connection.socket, bytes, sizeof bytes, 0);
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return false;
        if (size > 0) {
            execute(connection, {bytes, static_cast<std::size_t>(size)});
        }
    }
    const bool closing = redis_.closing(connection.id);
    std::string& output = redis_.output(connection.id);
    connection.to_send += output;
    output.clear();
    if (connection.flooded && connection.to_send.empty()) connection.to_send = lies_.endless;
    if (!connection.to_send.empty()) {
        const ssize_t sent = ::send(connection.socket, connection.to_send.data(),
                                    connection.to_send.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
        if (sent > 0) connection.to_send.erase(0, static_cast<std::size_t>(sent));
    }
    return !closing || !connection.to_send.empty();
}

void SimulatedServer::end(const Connection& connection) {
    redis_.disconnect(connection.id);
    ::close(connection.socket);
}

}  // namespace quorumlock::testing
