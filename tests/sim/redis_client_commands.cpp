#include <algorithm>
#include <string>

#include "tests/sim/redis_errors_said.h"
#include "tests/sim/redis_handlers.h"

namespace quorumlock::sim {

namespace {

struct KillFilter {
    ClientId id = 0;  ///< 0: all
    bool skip_me = true;
};

/// The filters this server has: ID and SKIPME. The error, else empty.
std::string_view read_filter(const Words& words, KillFilter& filter) {
    for (std::size_t i = 2; i < words.size(); i += 2) {
        if (i + 1 == words.size()) return said::kSyntax;
        if (is_word(words[i], "id")) {
            const auto id = whole_number(words[i + 1]);
            if (!id || *id < 1) return "ERR client-id should be greater than 0";
            filter.id = *id;
        } else if (is_word(words[i], "skipme")) {
            filter.skip_me = is_word(words[i + 1], "yes");
            if (!filter.skip_me && !is_word(words[i + 1], "no")) return said::kSyntax;
        } else {
            return said::kSyntax;
        }
    }
    return {};
}

}  // namespace

void run_client_id(Call& call) { call.reply.integer(call.client.id); }

void run_client_setname(Call& call) {
    const std::string_view name = call.words[2];
    if (std::any_of(name.begin(), name.end(), [](char c) { return c < '!' || c > '~'; })) {
        return call.reply.error(
            "ERR Client names cannot contain spaces, newlines or special characters.");
    }
    call.client.name = name;
    call.reply.ok();
}

void run_client_getname(Call& call) {
    if (call.client.name.empty()) return call.reply.null();
    call.reply.bulk(call.client.name);
}

void run_client_kill(Call& call) {
    // By address: nobody has one here.
    if (call.words.size() == 3) return call.reply.error("ERR No such client");
    KillFilter filter;
    const std::string_view error = read_filter(call.words, filter);
    if (!error.empty()) return call.reply.error(error);
    const ClientId me = call.client.id;
    std::int64_t killed = 0;
    bool me_too = false;
    for (const ClientId id : call.server.clients.open()) {
        if (filter.id != 0 && id != filter.id) continue;
        if (id == me && filter.skip_me) continue;
        ++killed;
        if (id == me) {
            me_too = true;
        } else {
            call.server.clients.kill(id);
        }
    }
    call.reply.integer(killed);
    if (me_too) call.client.closing = true;
}

}  // namespace quorumlock::sim
