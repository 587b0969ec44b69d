#include "benchmarks/floor_client.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "benchmarks/floor_socket.h"
#include "lib/nodes/redis_commands.h"

namespace quorumlock::benchmarks {

namespace {

std::int64_t now_nanos() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

std::uint64_t next_random(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

void write_hex(char* out, std::uint64_t value) {
    constexpr char kDigits[] = "0123456789abcdef";
    for (int i = 0; i < 16; ++i, value >>= 4) out[i] = kDigits[value & 15];
}

std::string bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string evalsha(int words, const std::string& sha, int keys) {
    return "*" + std::to_string(words) + "\r\n" + bulk("EVALSHA") + bulk(sha) +
           bulk(std::to_string(keys));
}

/// As the library tells it, so that the server does the same with it.
std::string wall_clock_us() {
    timespec t{};
    clock_gettime(CLOCK_REALTIME, &t);
    return std::to_string(t.tv_sec * std::int64_t{1'000'000} + t.tv_nsec / 1000);
}

}  // namespace

FloorClient::FloorClient(FloorOptions options) : options_(std::move(options)) {
    quorum_ = static_cast<int>(options_.nodes.size()) / 2 + 1;
    random_ =
        static_cast<std::uint64_t>(now_nanos()) ^ (static_cast<std::uint64_t>(getpid()) << 32);
    workers_.resize(static_cast<std::size_t>(options_.workers));
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const std::string name = "bench:" + std::to_string(i);
        std::string counter;
        nodes::append_counter_key(counter, name);
        Worker& worker = workers_[i];
        worker.started.resize(static_cast<std::size_t>(options_.line));
        worker.release_keys = bulk(name) + "$32\r\n";
        worker.acquire_keys = options_.fence ? bulk(name) + bulk(counter) + "$32\r\n"  //
                                             : worker.release_keys;
    }
}

FloorClient::~FloorClient() {
    for (auto& connection : connections_) close(connection.fd);
    if (epoll_ >= 0) close(epoll_);
}

void FloorClient::connect() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    connections_.resize(options_.nodes.size());
    std::string acquire_sha, release_sha;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        auto& connection = connections_[i];
        connection.fd = connect_node(options_.nodes[i]);
        // The library's own texts, so that the servers do the very same work.
        acquire_sha = ask_blocking(connection.fd, {"SCRIPT", "LOAD", nodes::kAcquireScript});
        release_sha = ask_blocking(connection.fd, {"SCRIPT", "LOAD", nodes::kReleaseScript});
        make_non_blocking(connection.fd);
        // A node may lag behind by far, so the queue grows when it must.
        connection.ring.resize(1024);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    }
    if (options_.fence) {
        acquire_head_ = evalsha(9, acquire_sha, 2);
        acquire_tail_ = "\r\n" + bulk("30000") + bulk("3600000") + bulk(wall_clock_us());
    } else {
        acquire_head_ = "*6\r\n" + bulk("SET");
        acquire_tail_ = "\r\n" + bulk("NX") + bulk("PX") + bulk("30000");
    }
    release_head_ = evalsha(5, release_sha, 1);
}

void FloorClient::start_cycle(std::uint32_t index, std::int64_t now) {
    auto& worker = workers_[index];
    if (!worker.active) ++active_;
    worker.active = true;
    worker.releasing = false;
    worker.started[worker.begun++ % worker.started.size()] = now;
    ++begun_;
    write_hex(worker.token.data(), next_random(random_));
    write_hex(worker.token.data() + 16, next_random(random_));
    ask_all(index);
}

void FloorClient::ask_all(std::uint32_t index) {
    auto& worker = workers_[index];
    ++worker.turn;
    worker.yes = worker.answered = 0;
    for (auto& connection : connections_) {
        auto& out = connection.out;
        out += worker.releasing ? release_head_ : acquire_head_;
        out += worker.releasing ? worker.release_keys : worker.acquire_keys;
        out.append(worker.token.data(), worker.token.size());
        out += worker.releasing ? std::string_view("\r\n") : std::string_view(acquire_tail_);
        if (connection.tail - connection.head == connection.ring.size()) {
            std::vector<Owed> larger(connection.ring.size() * 2);
            const std::size_t count = connection.ring.size();
            for (std::size_t i = 0; i < count; ++i) {
                larger[i] = connection.ring[(connection.head + i) & (count - 1)];
            }
            connection.head = 0;
            connection.tail = count;
            connection.ring.swap(larger);
        }
        connection.ring[connection.tail++ & (connection.ring.size() - 1)] = {index, worker.turn};
    }
}

void FloorClient::on_reply(Connection& connection, bool yes) {
    if (connection.head == connection.tail) fail("a node answers what was not asked");
    const Owed owed = connection.ring[connection.head++ & (connection.ring.size() - 1)];
    auto& worker = workers_[owed.worker];
    if (owed.turn != worker.turn) return;
    ++worker.answered;
    if (yes) ++worker.yes;
    const int left = static_cast<int>(connections_.size()) - worker.answered;
    if (worker.yes >= quorum_) {
        step_done(owed.worker, true);
    } else if (worker.yes + left < quorum_) {
        step_done(owed.worker, false);
    }
}

void FloorClient::step_done(std::uint32_t index, bool won) {
    auto& worker = workers_[index];
    if (worker.releasing || !won) {
        cycle_done(index, won);
        return;
    }
    worker.releasing = true;
    ask_all(index);
}

void FloorClient::cycle_done(std::uint32_t index, bool won) {
    auto& worker = workers_[index];
    const std::int64_t now = now_nanos();
    ++finished_;
    if (counting_) {
        if (won) {
            ++report_.cycles;
            // The oldest of the ring, which the next cycle takes the place of.
            const std::int64_t from = worker.started[worker.begun % worker.started.size()];
            if (from >= counted_from_) report_.latency.add(now - from);
        } else {
            ++report_.errors;
        }
    } else if (finished_ >= options_.warmup) {
        begin_counting(now);
    }
    const bool more = options_.cycles > 0 ? begun_ < options_.warmup + options_.cycles
                                          : !counting_ || now < deadline_;
    if (more) {
        start_cycle(index, now);
    } else {
        worker.active = false;
        --active_;
    }
}

void FloorClient::begin_counting(std::int64_t now) {
    counting_ = true;
    counted_from_ = now;
    deadline_ = now + static_cast<std::int64_t>(options_.seconds * 1e9);
    cpu_from_ = cli::process_cpu_us();
}

/// A reply is one line: +OK, $-1, :1, :0 or an error; or three: *2, :1 or :0, a number.
void FloorClient::on_line(Connection& connection, const char* line) {
    const bool yes = line[0] == '+' || (line[0] == ':' && line[1] == '1');
    if (line[0] == '*') {
        connection.lines_left = 2;
    } else if (connection.lines_left == 2) {
        connection.granted = yes;
        connection.lines_left = 1;
    } else if (connection.lines_left == 1) {
        connection.lines_left = 0;
        on_reply(connection, connection.granted);
    } else {
        on_reply(connection, yes);
    }
}

void FloorClient::receive(Connection& connection) {
    char buffer[65536];
    const ssize_t got = recv(connection.fd, buffer, sizeof(buffer), 0);
    if (got <= 0) {
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        fail("a node closed the connection");
    }
    std::string_view bytes(buffer, static_cast<std::size_t>(got));
    if (!connection.in.empty()) {
        connection.in.append(bytes);
        bytes = connection.in;
    }
    std::size_t at = 0;
    while (at < bytes.size()) {
        const auto* end =
            static_cast<const char*>(std::memchr(bytes.data() + at, '\n', bytes.size() - at));
        if (end == nullptr) break;
        on_line(connection, bytes.data() + at);
        at = static_cast<std::size_t>(end - bytes.data()) + 1;
    }
    const std::string rest(bytes.substr(at));
    connection.in = rest;
}

void FloorClient::flush(Connection& connection) {
    if (connection.out.empty()) return;
    const ssize_t sent =
        send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) fail("a node closed the connection");
        return;
    }
    connection.out.erase(0, static_cast<std::size_t>(sent));
}

cli::BenchReport FloorClient::run() {
    const std::int64_t start = now_nanos();
    if (options_.warmup == 0) begin_counting(start);
    for (std::uint32_t i = 0; i < workers_.size(); ++i) start_cycle(i, start);
    epoll_event events[64];
    while (active_ > 0) {
        for (auto& connection : connections_) flush(connection);
        const int count = epoll_wait(epoll_, events, 64, -1);
        for (int i = 0; i < count; ++i) receive(connections_[events[i].data.u64]);
    }
    report_.seconds = static_cast<double>(now_nanos() - counted_from_) / 1e9;
    report_.cpu_us = cli::process_cpu_us() - cpu_from_;
    report_.rss_kib = cli::resident_kib();
    report_.mode = "floor";
    return report_;
}

}  // namespace quorumlock::benchmarks
