#include "tests/unit/nodes/fake_redis.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/nodes/redis_commands.h"

namespace quorumlock::testing {

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

namespace {

/// One whole command from `at` on, which moves behind it.
std::optional<std::vector<std::string>> next_command(const std::string& bytes, std::size_t& at) {
    std::size_t i = at;
    const auto number = [&](char mark) -> std::optional<std::size_t> {
        const auto end = bytes.find("\r\n", i);
        if (end == std::string::npos) return std::nullopt;
        QL_CHECK(bytes[i] == mark);
        const std::size_t value = std::stoul(bytes.substr(i + 1, end - i - 1));
        i = end + 2;
        return value;
    };
    const auto count = number('*');
    if (!count) return std::nullopt;
    std::vector<std::string> words;
    while (words.size() < *count) {
        const auto size = number('$');
        if (!size || bytes.size() < i + *size + 2) return std::nullopt;
        words.push_back(bytes.substr(i, *size));
        i += *size + 2;
    }
    at = i;
    return words;
}

std::string joined(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
    return line;
}

}  // namespace

FakeRedis::FakeRedis(FakeEnv& env) : env_(env) {
    env.on_connect = [this](FakeConnection& c) { on_connect(c); };
    env.on_sent = [this](FakeConnection& c) { on_sent(c); };
}

std::vector<std::string> FakeRedis::take() { return std::exchange(seen, {}); }

void FakeRedis::reply(std::string_view bytes) {
    env_.last().feed(bytes);
    env_.run();
}

namespace {

struct Script {
    std::string_view text, sha, name, keys;
};

/// By its text or its SHA-1.
const Script* find_script(std::string_view word) {
    static const Script kScripts[] = {
        {nodes::kReleaseScript, FakeRedis::kReleaseSha, "RELEASE", "1"},
        {nodes::kExtendScript, FakeRedis::kExtendSha, "EXTEND", "1"},
        {nodes::kAcquireScript, FakeRedis::kAcquireSha, "ACQUIRE", "12"},
        {nodes::kRaiseScript, FakeRedis::kRaiseSha, "RAISE", "2"},
    };
    for (const Script& script : kScripts) {
        if (word == script.text || word == script.sha) return &script;
    }
    return nullptr;
}

}  // namespace

void FakeRedis::on_connect(FakeConnection& connection) {
    if (accepts) {
        connection.open();
    } else {
        connection.close("connection refused");
    }
}

void FakeRedis::on_sent(FakeConnection& connection) {
    const auto it = std::find_if(env_.connections.begin(), env_.connections.end(),
                                 [&](const auto& c) { return c.get() == &connection; });
    const auto index = static_cast<std::size_t>(it - env_.connections.begin());
    Session& session = sessions_[index];
    const std::string bytes = connection.received();
    while (session.parsed < bytes.size()) {
        const auto words = next_command(bytes, session.parsed);
        if (!words) return;
        handle(index, *words);
    }
}

void FakeRedis::handle(std::size_t index, const std::vector<std::string>& words) {
    std::string line = joined(words);
    Session& session = sessions_[index];
    std::string answer;
    if (handshake(session, line, answer)) {
        greeted.push_back(std::to_string(index + 1) + ": " + line);
        if (answers) env_.connections[index]->feed(answer);
        return;
    }
    if (words[0] == "EVALSHA" || words[0] == "EVAL") {
        const Script* const script = find_script(words[1]);
        QL_CHECK(script != nullptr);
        QL_CHECK(script->keys.find(words[2]) != script->keys.npos);
        line = std::string(script->name) + (words[0] == "EVAL" ? "_TEXT" : "");
        for (std::size_t i = 3; i < words.size(); ++i) line += " " + words[i];
    }
    seen.push_back(std::to_string(index + 1) + ": " + line);
    if (line.starts_with("CLIENT KILL") && auto_kill) env_.connections[index]->feed(kill_reply);
    if (line == "PING" && auto_pings) env_.connections[index]->feed("+PONG\r\n");
}

bool FakeRedis::handshake(Session& session, const std::string& line, std::string& reply) {
    const auto begins = [&](std::string_view start) { return line.starts_with(start); };
    const bool known = begins("AUTH") || begins("SELECT") || begins("CLIENT SETNAME") ||
                       begins("CLIENT ID") || begins("INFO") || begins("SCRIPT LOAD");
    if (!known) return false;
    for (const auto& [start, other] : instead) {
        if (!begins(start)) continue;
        reply = other;
        return true;
    }
    if (begins("AUTH")) {
        session.authenticated = line.ends_with(" " + password);
        reply = session.authenticated
                    ? "+OK\r\n"
                    : "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    } else if (!password.empty() && !session.authenticated) {
        reply = "-NOAUTH Authentication required.\r\n";
    } else if (begins("CLIENT ID")) {
        if (session.id == 0) session.id = next_id++;
        reply = ":" + std::to_string(session.id) + "\r\n";
    } else if (line == "INFO server") {
        reply = bulk("# Server\r\nredis_version:" + version + "\r\nrun_id:" + run_id + "\r\n" +
                     server_lines);
    } else if (line == "INFO replication") {
        reply = bulk("# Replication\r\n" + replication);
    } else if (begins("SCRIPT LOAD")) {
        const Script* const script = find_script(line.substr(12));
        QL_CHECK(script != nullptr);
        reply = bulk(script->sha);
    } else {
        reply = "+OK\r\n";
    }
    return true;
}

}  // namespace quorumlock::testing
