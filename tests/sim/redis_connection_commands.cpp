#include <string>

#include "lib/base/check.h"
#include "tests/sim/redis_errors_said.h"
#include "tests/sim/redis_handlers.h"

namespace quorumlock::sim {

namespace {

/// There is one user, "default", which needs no password where none is set.
bool authenticate(Call& call, std::string_view user, std::string_view password) {
    const std::string& wanted = call.server.state.password;
    if (user != "default" || (!wanted.empty() && password != wanted)) return false;
    call.client.authenticated = true;
    return true;
}

}  // namespace

void run_auth(Call& call) {
    const Words& words = call.words;
    if (words.size() > 3) return call.reply.error(said::kSyntax);
    if (words.size() == 2 && call.server.state.password.empty()) {
        return call.reply.error(
            "ERR AUTH <password> called without any password configured for the default user. "
            "Are you sure your configuration is correct?");
    }
    const std::string_view user = words.size() == 2 ? "default" : words[1];
    if (!authenticate(call, user, words.back())) return call.reply.error(said::kWrongPass);
    call.reply.ok();
}

/// RESP2 and no options.
void run_hello(Call& call) {
    const Words& words = call.words;
    ReplyWriter& reply = call.reply;
    if (words.size() > 1) {
        const auto version = whole_number(words[1]);
        if (!version) {
            return reply.error("ERR Protocol version is not an integer or out of range");
        }
        if (*version != 2) return reply.error("NOPROTO unsupported protocol version");
    }
    if (words.size() > 2) {
        std::string text = "ERR Syntax error in HELLO option '";
        text.append(shown(words[2])).append("'");
        return reply.error(in_one_line(std::move(text)));
    }
    if (!call.client.authenticated && !call.server.state.password.empty()) {
        return reply.error(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the "
            "HELLO AUTH <user> <pass> option can be used to authenticate the client and select "
            "the RESP protocol version at the same time");
    }
    reply.array(14);
    reply.bulk("server");
    reply.bulk("redis");
    reply.bulk("version");
    reply.bulk("7.0.15");
    reply.bulk("proto");
    reply.integer(2);
    reply.bulk("id");
    reply.integer(call.client.id);
    reply.bulk("mode");
    reply.bulk("standalone");
    reply.bulk("role");
    reply.bulk(call.server.state.readonly ? "replica" : "master");
    reply.bulk("modules");
    reply.array(0);
}

void run_quit(Call& call) {
    call.reply.ok();
    call.client.closing = true;
}

void run_reset(Call& call) {
    Client& client = call.client;
    client.tracking = {};
    client.channels.clear();
    client.name.clear();
    client.database = 0;
    client.authenticated = call.server.state.password.empty();
    call.reply.status("RESET");
}

void run_ping(Call& call) {
    if (call.words.size() > 2) {
        return call.reply.error("ERR wrong number of arguments for 'ping' command");
    }
    const bool has_text = call.words.size() == 2;
    if (call.client.is_subscriber()) {
        call.reply.array(2);
        call.reply.bulk("pong");
        return call.reply.bulk(has_text ? call.words[1] : std::string_view());
    }
    if (has_text) return call.reply.bulk(call.words[1]);
    call.reply.status("PONG");
}

void run_select(Call& call) {
    const auto number = whole_number(call.words[1]);
    if (!number) return call.reply.error(said::kNotInteger);
    if (*number != static_cast<int>(*number)) {
        return call.reply.error(
            "ERR value is out of range, value must between -2147483648 and 2147483647");
    }
    if (*number < 0 || *number >= RedisCore::kDatabases) {
        return call.reply.error("ERR DB index is out of range");
    }
    call.database = static_cast<int>(*number);
    call.reply.ok();
}

void run_container(Call&) { QL_CHECK(!"a container is never executed"); }

}  // namespace quorumlock::sim
