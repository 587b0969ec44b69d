#include <charconv>
#include <string>

#include "tests/sim/redis_errors_said.h"
#include "tests/sim/redis_handlers.h"

namespace quorumlock::sim {

namespace {

/// The text of INFO, section by section.
class InfoText {
  public:
    void section(std::string_view name) {
        if (!text_.empty()) text_.append("\r\n");
        text_.append("# ").append(name).append("\r\n");
    }
    void line(std::string_view name, std::string_view value) {
        text_.append(name).append(":").append(value).append("\r\n");
    }
    void line(std::string_view name, std::int64_t value) {
        char digits[24];
        const char* const end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
        line(name, std::string_view(digits, static_cast<std::size_t>(end - digits)));
    }
    const std::string& text() const noexcept { return text_; }

  private:
    std::string text_;
};

void add_server(const RedisCore& server, InfoText& info) {
    constexpr std::int64_t kSecond = 1'000'000, kDay = 86'400;
    const auto uptime = server.now() / kSecond - server.identity.started / kSecond;
    info.section("Server");
    info.line("redis_version", "7.0.15");
    info.line("redis_mode", "standalone");
    info.line("arch_bits", 64);
    info.line("process_id", server.identity.pid);
    info.line("run_id", server.identity.run_id);
    info.line("tcp_port", 6379);
    info.line("server_time_usec", server.now());
    info.line("uptime_in_seconds", uptime);
    info.line("uptime_in_days", uptime / kDay);
}

void add_clients(const RedisCore& server, InfoText& info) {
    info.section("Clients");
    info.line("connected_clients", static_cast<std::int64_t>(server.clients.open().size()));
    info.line("maxclients", static_cast<std::int64_t>(server.state.max_clients));
}

void add_persistence(const RedisCore& server, InfoText& info) {
    info.section("Persistence");
    info.line("loading", server.state.loading ? 1 : 0);
    info.line("rdb_last_bgsave_status", server.state.misconf ? "err" : "ok");
}

void add_replication(const RedisCore& server, InfoText& info) {
    info.section("Replication");
    info.line("role", server.state.readonly ? "slave" : "master");
    if (server.state.readonly) {
        info.line("master_host", "127.0.0.1");
        info.line("master_port", 6379);
        info.line("master_link_status", server.state.stale ? "down" : "up");
        info.line("slave_read_only", 1);
    }
    info.line("connected_slaves", 0);
    info.line("master_failover_state", "no-failover");
    info.line("master_replid", server.identity.replication_id);
}

struct Section {
    std::string_view name;
    void (*add)(const RedisCore& server, InfoText& info);
};

constexpr Section kSections[] = {
    {"server", add_server},
    {"clients", add_clients},
    {"persistence", add_persistence},
    {"replication", add_replication},
};

/// Asked for by its name, or by one that stands for all of these.
bool is_asked_for(const Section& section, const Words& words) {
    if (words.size() == 1) return true;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (is_word(words[i], section.name) || is_word(words[i], "default") ||
            is_word(words[i], "all") || is_word(words[i], "everything")) {
            return true;
        }
    }
    return false;
}

}  // namespace

void run_info(Call& call) {
    InfoText info;
    for (const Section& section : kSections) {
        if (is_asked_for(section, call.words)) section.add(call.server, info);
    }
    call.reply.bulk(info.text());
}

void run_time(Call& call) {
    constexpr WallMicros kSecond = 1'000'000;
    const WallMicros now = call.server.now();
    call.reply.array(2);
    call.reply.bulk(std::to_string(now / kSecond));
    call.reply.bulk(std::to_string(now % kSecond));
}

void run_dbsize(Call& call) {
    const auto count = call.keys().count(call.moment().ms);
    call.reply.integer(static_cast<std::int64_t>(count));
}

void run_flushall(Call& call) {
    const Words& words = call.words;
    if (words.size() > 2 ||
        (words.size() == 2 && !is_word(words[1], "sync") && !is_word(words[1], "async"))) {
        return call.reply.error(said::kSyntax);
    }
    call.server.flush_all(Gone::flushed, call.client.id);
    call.reply.ok();
}

}  // namespace quorumlock::sim
