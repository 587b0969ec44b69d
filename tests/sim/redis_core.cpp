#include "tests/sim/redis_core.h"

#include "tests/sim/redis_command.h"

namespace quorumlock::sim {

namespace {

/// splitmix64
std::uint64_t next_random(std::uint64_t& state) noexcept {
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

std::string hex_digits(std::uint64_t& state, std::size_t count) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    while (text.size() < count) text.push_back(kDigits[next_random(state) >> 60]);
    return text;
}

}  // namespace

ProcessIdentity::ProcessIdentity(std::uint64_t seed, WallMicros start) : started(start) {
    run_id = hex_digits(seed, 40);
    replication_id = hex_digits(seed, 40);
    pid = 2 + static_cast<std::uint32_t>(next_random(seed) % 32766);
}

RedisCore::RedisCore(SimRedisState& its_state, std::uint64_t run_seed, WallMicros start,
                     SimRedisEvents* events)
    : state(its_state), identity(run_seed, start), events_(events) {
    set_now(start);
    keys(0);
}

void RedisCore::set_now(WallMicros now) noexcept {
    now_ = now;
    now_ms_ = whole_ms_of(now);
}

KeySpace& RedisCore::keys(int database) {
    auto& keys = databases_[static_cast<std::size_t>(database)];
    if (keys == nullptr) keys = std::make_unique<KeySpace>(events_, tracking);
    return *keys;
}

ClientId RedisCore::accept(WallMicros now) {
    set_now(now);
    if (clients.open().size() >= state.max_clients) {
        Client& refused = clients.refuse();
        ReplyWriter(refused.output).error("ERR max number of clients reached");
        return refused.id;
    }
    return clients.accept(state.password.empty()).id;
}

void RedisCore::receive(ClientId id, std::string_view bytes, WallMicros now) {
    Client* client = clients.find(id);
    if (client == nullptr || client->closing) return;
    set_now(now);
    client->parser.feed(bytes);
    take_commands(*client);
    client->parser.keep();
}

void RedisCore::take_commands(Client& client) {
    while (!client.closing) {
        const bool known = client.authenticated || state.password.empty();
        switch (client.parser.next(words_, known)) {
            case RequestParser::Found::nothing:
                return;
            case RequestParser::Found::command:
                execute(client, words_);
                break;
            case RequestParser::Found::error:
                if (!client.parser.error().empty()) {
                    ReplyWriter(client.output).error(client.parser.error());
                }
                client.closing = true;
                break;
        }
    }
}

void RedisCore::execute(Client& client, const Words& words) {
    if (events_ != nullptr) events_->on_command(client.id, words);
    tracking.command_begins(client);
    const CommandRow* row = find_command(words);
    if (state.old && row != nullptr && is_younger(*row)) row = nullptr;
    answer(client, row, words);
    tracking.command_ends(client);
    // CLIENT CACHING lasts for one command of another kind.
    if (row == nullptr || !row->name.starts_with("client|")) client.tracking.caching = false;
}

void RedisCore::answer(Client& client, const CommandRow* row, const Words& words) {
    ReplyWriter reply(client.output);
    if (row == nullptr) return reply.error(unknown_command(words));
    if (!row->takes(words.size())) {
        return reply.error("ERR wrong number of arguments for '" + std::string(row->name) +
                           "' command");
    }
    if (const std::string error = refusal(*this, client, *row); !error.empty()) {
        return reply.error(error);
    }
    Call call{*this, client, client.database, words, reply};
    row->run(call);
    if ((row->flags & kReads) != 0) remember(client, words);
}

void RedisCore::remember(const Client& client, const Words& words) {
    if (client.tracking.on) tracking.remember(client, keys_of(*find_command(words), words));
}

void RedisCore::expire(WallMicros now) {
    set_now(now);
    for (const std::string& name : tracking.remembered()) {
        for (auto& keys : databases_) {
            if (keys != nullptr) keys->find(name, moment(0));
        }
    }
}

bool RedisCore::waits_for_expiry() const {
    for (const std::string& name : tracking.remembered()) {
        for (const auto& keys : databases_) {
            if (keys != nullptr && keys->is_mortal(name)) return true;
        }
    }
    return false;
}

void RedisCore::restart(bool keep_data, std::uint64_t run_seed, WallMicros now) {
    clients.clear();
    tracking.clear();
    scripts.clear();
    identity = ProcessIdentity(run_seed, now);
    set_now(now);
    if (!keep_data) flush_all(Gone::crashed, 0);
}

void RedisCore::flush_all(Gone why, ClientId by) {
    for (auto& keys : databases_) {
        if (keys != nullptr) keys->clear(why, moment(by));
    }
    tracking.flushed();
}

}  // namespace quorumlock::sim
