#include "tests/sim/truth/sides.h"

#include <cstdlib>
#include <utility>

#include "tests/sim/truth/raw_socket.h"

namespace quorumlock::sim::truth {

std::string encoded(const std::vector<std::string>& words) {
    std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) {
        bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    return bytes;
}

class RealSide::Socket : public RawSocket {
  public:
    using RawSocket::RawSocket;
    std::int64_t id = 0;
};

RealSide::RealSide(std::uint16_t port) : port_(port) {}
RealSide::~RealSide() = default;

RealSide::Socket& RealSide::socket(int who) {
    auto& place = sockets_[who];
    if (place == nullptr) {
        place = std::make_unique<Socket>(port_);
        learn_id(*place);
    }
    return *place;
}

void RealSide::learn_id(Socket& connection) {
    connection.send(encoded({"CLIENT", "ID"}));
    const std::string reply = connection.reply();
    if (reply.starts_with(":")) connection.id = std::atoll(reply.c_str() + 1);
    // Not let in at all: what it was told is for the test to see.
    if (reply.starts_with("-ERR max number of clients")) connection.put_back(reply);
}

std::string RealSide::ask(int who, const std::vector<std::string>& words) {
    Socket& connection = socket(who);
    connection.send(encoded(words));
    const std::string reply = connection.reply();
    if (connection.id == 0 && words.front() == "AUTH" && reply == "+OK\r\n") learn_id(connection);
    return reply.empty() ? std::string(kClosed) : reply;
}

std::string RealSide::exchange(int who, const std::vector<std::string>& pieces, std::size_t count) {
    Socket& connection = socket(who);
    for (const std::string& piece : pieces) connection.send(piece);
    return connection.bytes(count);
}

std::string RealSide::unread(int who) { return socket(who).unread(); }

std::int64_t RealSide::id_of(int who) { return socket(who).id; }

bool RealSide::ended(int who, bool expected) { return socket(who).ended(expected); }

void RealSide::drop(int who) { sockets_.erase(who); }

SimSide::SimSide(WallMicros start, SimRedisEvents* events) : redis(1, start, events), now(start) {}

ClientId SimSide::client(int who) {
    const auto [place, is_new] = clients_.try_emplace(who);
    if (is_new) place->second = redis.accept(now);
    return place->second;
}

std::string SimSide::ask(int who, const std::vector<std::string>& words) {
    const std::string reply = exchange(who, {encoded(words)}, std::string::npos);
    return reply.empty() ? std::string(kClosed) : reply;
}

std::string SimSide::exchange(int who, const std::vector<std::string>& pieces, std::size_t) {
    const ClientId id = client(who);
    for (const std::string& piece : pieces) redis.receive(id, piece, now);
    return std::exchange(redis.output(id), {});
}

std::string SimSide::unread(int who) { return std::exchange(redis.output(client(who)), {}); }

std::int64_t SimSide::id_of(int who) { return client(who); }

bool SimSide::ended(int who, bool) { return redis.closing(client(who)); }

void SimSide::drop(int who) {
    redis.disconnect(client(who));
    clients_.erase(who);
}

}  // namespace quorumlock::sim::truth
