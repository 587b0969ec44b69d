#include "tests/fuzz/servers.h"

#include <algorithm>
#include <utility>

#include "tests/support/resp_commands.h"

namespace quorumlock::fuzz {

namespace {

constexpr std::int64_t kDay = 86'400'000'000;

/// The last word of 32 hex digits, if there is one: who asks.
std::string_view token_in(std::string_view command) {
    const auto at = command.rfind("$32\r\n");
    return at == command.npos ? std::string_view{} : command.substr(at + 5, 32);
}

}  // namespace

Server::Server(testing::FakeEnv& env, std::size_t index)
    : redis(index + 1, env.wall_now().count() / 1000 - kDay, nullptr), env_(env) {}

std::int64_t Server::wall() const { return env_.wall_now().count() / 1000; }

void Server::on_connect(const std::shared_ptr<testing::FakeConnection>& connection) {
    if (!accepts) return connection->close("connection refused");
    auto link = std::make_unique<Link>();
    link->connection = connection;
    link->id = redis.accept(wall());
    links_.push_back(std::move(link));
    connection->open();
}

void Server::on_sent(testing::FakeConnection& connection) {
    const auto found = std::find_if(links_.begin(), links_.end(), [&](const auto& link) {
        return link->connection.get() == &connection;
    });
    if (found == links_.end()) return;
    Link& link = **found;
    link.received += connection.take();
    while (const std::size_t size = testing::command_size(link.received)) {
        const std::string command = link.received.substr(0, size);
        link.received.erase(0, size);
        if (const auto named = token_in(command); !named.empty()) token = named;
        redis.receive(link.id, command, wall());
        answer(link, std::exchange(redis.output(link.id), {}));
        if (redis.closing(link.id)) end(link);
        if (!link.connection->alive()) return;
    }
    tell_others();
}

void Server::answer(Link& link, std::string reply) {
    Lie lie;
    if (!lies.empty()) {
        lie = std::move(lies.front());
        lies.pop_front();
    }
    can_fake = can_fake || lie.can_fake();
    reply.insert(0, std::exchange(link.kept, {}));
    switch (lie.what) {
        case Lie::What::pass:
            return feed(link, reply);
        case Lie::What::instead:
            return feed(link, lie.bytes);
        case Lie::What::before:
            return feed(link, lie.bytes + reply);
        case Lie::What::behind:
            return feed(link, reply + lie.bytes);
        case Lie::What::drop:
            return;
        case Lie::What::twice:
            return feed(link, reply + reply);
        case Lie::What::later:
            link.kept = std::move(reply);
            return;
        case Lie::What::close:
            return end(link);
    }
}

void Server::feed(Link& link, std::string_view bytes) {
    const auto connection = link.connection;
    for (std::size_t at = 0; at < bytes.size() && connection->alive(); at += piece) {
        const std::string part(bytes.substr(at, piece));  // gone when the next one comes
        connection->feed(part);
    }
}

/// Subscribers hear of what others have done.
void Server::tell_others() {
    for (const sim::ClientId id : redis.take_pushed()) {
        for (const auto& link : links_) {
            if (link->id != id || !link->connection->alive()) continue;
            feed(*link, std::exchange(redis.output(id), {}));
        }
    }
}

void Server::end(Link& link) {
    redis.disconnect(std::exchange(link.id, 0));
    link.connection->close();
}

void Server::settle() {
    for (const auto& link : links_) {
        if (!link->kept.empty() && link->connection->alive()) {
            feed(*link, std::exchange(link->kept, {}));
        }
        if (!link->connection->alive() && link->id != 0) {
            redis.disconnect(std::exchange(link->id, 0));
        }
    }
    std::erase_if(links_, [](const auto& link) { return link->id == 0; });
}

void Server::close_all() {
    for (std::size_t i = 0; i < links_.size(); ++i) {
        if (links_[i]->id != 0) end(*links_[i]);
    }
}

void Server::say(std::string_view bytes) {
    can_fake = can_fake || !bytes.empty();
    for (std::size_t i = links_.size(); i-- > 0;) {
        if (links_[i]->id == 0 || !links_[i]->connection->alive()) continue;
        return feed(*links_[i], bytes);
    }
}

void Server::occupy(const std::string& resource, int ms) {
    const sim::ClientId id = redis.accept(wall());
    const std::string left = std::to_string(ms);
    redis.receive(id,
                  "*6\r\n$3\r\nSET\r\n$" + std::to_string(resource.size()) + "\r\n" + resource +
                      "\r\n$5\r\nother\r\n$2\r\nNX\r\n$2\r\nPX\r\n$" + std::to_string(left.size()) +
                      "\r\n" + left + "\r\n",
                  wall());
    redis.disconnect(id);
    tell_others();
}

bool Server::holds(std::string_view resource, std::string_view token_asked) const {
    const std::string* const value = redis.value(resource, wall());
    return value != nullptr && *value == token_asked;
}

}  // namespace quorumlock::fuzz
