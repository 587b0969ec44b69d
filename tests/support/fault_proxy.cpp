#include "tests/support/fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace quorumlock::testing {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kNestedArrays = 10'000;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    return to;
}

void must(bool ok, const char* what) {
    if (ok) return;
    std::perror(what);
    std::abort();
}

int listen_on_loopback() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const sockaddr_in at = loopback(0);
    must(fd >= 0, "socket");
    must(::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0, "bind");
    must(::listen(fd, 64) == 0, "listen");
    return fd;
}

void close_with_reset(int& fd) {
    if (fd < 0) return;
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(fd);
    fd = -1;
}

void close_quietly(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

struct Late {
    Clock::time_point due;
    std::string bytes;
};

struct Connection {
    int client = -1;
    int server = -1;
    std::string to_server;
    std::string held;
    std::deque<Late> to_client;

    bool gone() const { return client < 0 && server < 0; }
};

}  // namespace

const char* fault_name(Fault fault) {
    constexpr const char* kNames[] = {"none",          "silent",     "reset",     "garbage",
                                      "huge_reply",    "deep_reply", "cut_reply", "drop_replies",
                                      "hold_requests", "delay",      "trickle"};
    return kNames[static_cast<std::size_t>(fault)];
}

struct FaultProxy::Impl {
    explicit Impl(std::uint16_t port) : server_port(port) {}

    void loop();
    void accept_one();
    void from_client(Connection& c);
    void from_server(Connection& c);
    void answer(Connection& c, std::string bytes);
    void write_to_client(Connection& c);
    void write_to_server(Connection& c);
    void drop(Connection& c, bool with_reset);
    void wake() {
        const std::uint64_t one = 1;
        must(::write(wake_fd, &one, sizeof one) == sizeof one, "eventfd");
    }

    std::uint16_t server_port;
    int listener = -1;
    int wake_fd = -1;
    std::thread thread;
    // One lock for all: the thread lets go of it only while it waits.
    mutable std::mutex mutex;
    std::list<Connection> connections;
    Fault fault = Fault::none;
    unsigned amount = 0;
    std::size_t accepted = 0;
    std::size_t struck = 0;
    bool stopping = false;
};

void FaultProxy::Impl::accept_one() {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    ++accepted;
    Connection c;
    c.client = client;
    if (fault == Fault::reset) {
        ++struck;
        close_with_reset(c.client);
        return;
    }
    c.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in to = loopback(server_port);
    if (::connect(c.server, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        drop(c, true);
        return;
    }
    ::fcntl(c.server, F_SETFL, ::fcntl(c.server, F_GETFL) | O_NONBLOCK);
    connections.push_back(std::move(c));
}

void FaultProxy::Impl::drop(Connection& c, bool with_reset) {
    with_reset ? close_with_reset(c.client) : close_quietly(c.client);
    c.to_client.clear();
    if (c.held.empty()) close_quietly(c.server);
}

void FaultProxy::Impl::answer(Connection& c, std::string bytes) {
    ++struck;
    c.to_client.push_back({Clock::now(), std::move(bytes)});
    write_to_client(c);
}

void FaultProxy::Impl::from_client(Connection& c) {
    char bytes[16384];
    const auto n = ::recv(c.client, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return drop(c, false);
    const std::string_view request(bytes, static_cast<std::size_t>(n));
    switch (fault) {
        case Fault::silent:
            ++struck;
            return;
        case Fault::reset:
            ++struck;
            return drop(c, true);
        case Fault::garbage:
            return answer(c, "HTTP/1.1 400 Bad Request\r\n\r\n\x00\xff\x01");
        case Fault::huge_reply:
            return answer(c, "$1073741824\r\n" + std::string(4096, 'x'));
        case Fault::deep_reply:
            return answer(c, repeated("*1\r\n", kNestedArrays));
        case Fault::hold_requests:
            ++struck;
            c.held.append(request);
            return;
        default:
            break;
    }
    c.to_server.append(request);
    write_to_server(c);
}

void FaultProxy::Impl::from_server(Connection& c) {
    char bytes[16384];
    const auto n = ::recv(c.server, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        close_quietly(c.server);
        c.held.clear();
        return drop(c, false);
    }
    if (c.client < 0) return;
    std::string reply(bytes, static_cast<std::size_t>(n));
    const auto now = Clock::now();
    switch (fault) {
        case Fault::silent:
            return;
        case Fault::drop_replies:
            ++struck;
            return drop(c, true);
        case Fault::cut_reply: {
            ++struck;
            reply.resize(std::min<std::size_t>(reply.size(), amount));
            (void)::send(c.client, reply.data(), reply.size(), MSG_NOSIGNAL);
            return drop(c, false);
        }
        case Fault::delay:
            ++struck;
            c.to_client.push_back({now + milliseconds(amount), std::move(reply)});
            return;
        case Fault::trickle: {
            ++struck;
            auto due = c.to_client.empty() ? now : std::max(now, c.to_client.back().due);
            for (const char byte : reply) {
                due += std::chrono::microseconds(100);
                c.to_client.push_back({due, std::string(1, byte)});
            }
            return;
        }
        default:
            c.to_client.push_back({now, std::move(reply)});
            return write_to_client(c);
    }
}

void FaultProxy::Impl::write_to_client(Connection& c) {
    const auto now = Clock::now();
    while (c.client >= 0 && !c.to_client.empty() && c.to_client.front().due <= now) {
        std::string& bytes = c.to_client.front().bytes;
        const auto n = ::send(c.client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR) drop(c, false);
            return;
        }
        bytes.erase(0, static_cast<std::size_t>(n));
        if (!bytes.empty()) return;
        c.to_client.pop_front();
    }
}

void FaultProxy::Impl::write_to_server(Connection& c) {
    if (c.server < 0 || c.to_server.empty()) return;
    const auto n = ::send(c.server, c.to_server.data(), c.to_server.size(), MSG_NOSIGNAL);
    if (n > 0) c.to_server.erase(0, static_cast<std::size_t>(n));
}

void FaultProxy::Impl::loop() {
    std::unique_lock lock(mutex);
    while (!stopping) {
        std::vector<pollfd> fds{{listener, POLLIN, 0}, {wake_fd, POLLIN, 0}};
        auto next = Clock::now() + std::chrono::seconds(1);
        for (const Connection& c : connections) {
            const bool due = !c.to_client.empty() && c.to_client.front().due <= Clock::now();
            if (!c.to_client.empty() && !due) next = std::min(next, c.to_client.front().due);
            fds.push_back({c.client, static_cast<short>(POLLIN | (due ? POLLOUT : 0)), 0});
            fds.push_back(
                {c.server, static_cast<short>(POLLIN | (c.to_server.empty() ? 0 : POLLOUT)), 0});
        }
        const auto wait = std::chrono::ceil<milliseconds>(next - Clock::now()).count();
        lock.unlock();
        ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<long>(wait, 0, 1000)));
        lock.lock();
        if (fds[1].revents != 0) {
            std::uint64_t count = 0;
            (void)!::read(wake_fd, &count, sizeof count);
        }
        std::size_t at = 2;
        for (Connection& c : connections) {
            // A connection may have been reset meanwhile: then its descriptors are gone.
            if (at >= fds.size()) break;
            const auto client = fds[at++];
            const auto server = fds[at++];
            if (server.revents != 0 && c.server == server.fd) from_server(c);
            if (client.revents != 0 && c.client == client.fd) from_client(c);
            write_to_client(c);
            write_to_server(c);
        }
        if (fds[0].revents != 0) accept_one();
        std::erase_if(connections, [](const Connection& c) { return c.gone(); });
    }
}

FaultProxy::FaultProxy(std::uint16_t server_port)
    : FaultProxy(server_port, {listen_on_loopback(), "127.0.0.1"}) {}

FaultProxy::FaultProxy(std::uint16_t server_port, Listener listener)
    : impl_(std::make_unique<Impl>(server_port)), host_(std::move(listener.host)) {
    impl_->listener = listener.fd;
    impl_->wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(impl_->wake_fd >= 0, "eventfd");
    sockaddr_in at{};
    socklen_t size = sizeof at;
    must(::getsockname(impl_->listener, reinterpret_cast<sockaddr*>(&at), &size) == 0, "listener");
    port_ = ntohs(at.sin_port);
    impl_->thread = std::thread([impl = impl_.get()] { impl->loop(); });
}

FaultProxy::~FaultProxy() {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
        impl_->wake();
    }
    impl_->thread.join();
    for (Connection& c : impl_->connections) {
        close_quietly(c.client);
        close_quietly(c.server);
    }
    close_quietly(impl_->listener);
    close_quietly(impl_->wake_fd);
}

void FaultProxy::set(Fault fault, unsigned amount) {
    std::lock_guard lock(impl_->mutex);
    impl_->fault = fault;
    impl_->amount = amount;
    impl_->struck = 0;
    if (fault == Fault::reset) {
        impl_->struck = impl_->connections.size();
        for (Connection& c : impl_->connections) impl_->drop(c, true);
    }
    impl_->wake();
}

void FaultProxy::forward_to(std::uint16_t server_port) {
    std::lock_guard lock(impl_->mutex);
    impl_->server_port = server_port;
}

void FaultProxy::reset_clients() {
    std::lock_guard lock(impl_->mutex);
    for (Connection& c : impl_->connections) impl_->drop(c, true);
    impl_->wake();
}

void FaultProxy::release_held() {
    std::lock_guard lock(impl_->mutex);
    for (Connection& c : impl_->connections) {
        if (c.server >= 0) c.to_server.append(c.held);
        c.held.clear();
        impl_->write_to_server(c);
        if (c.client < 0) {
            // The server executes what it has got before it sees the end.
            ::shutdown(c.server, SHUT_WR);
        }
    }
    impl_->wake();
}

std::size_t FaultProxy::held() const {
    std::lock_guard lock(impl_->mutex);
    std::size_t bytes = 0;
    for (const Connection& c : impl_->connections) bytes += c.held.size();
    return bytes;
}

std::size_t FaultProxy::accepted() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->accepted;
}

std::size_t FaultProxy::open() const {
    std::lock_guard lock(impl_->mutex);
    return static_cast<std::size_t>(
        std::count_if(impl_->connections.begin(), impl_->connections.end(),
                      [](const Connection& c) { return c.client >= 0; }));
}

std::size_t FaultProxy::struck() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->struck;
}

}  // namespace quorumlock::testing
