#include <string>

#include "tests/sim/redis_errors_said.h"
#include "tests/sim/redis_handlers.h"

namespace quorumlock::sim {

namespace {

struct TrackingOptions {
    ClientId redirect = 0;
    bool bcast = false, prefix = false, opt_in = false, opt_out = false, no_loop = false;
};

/// The error, else empty.
std::string_view read_options(Call& call, TrackingOptions& options) {
    const Words& words = call.words;
    for (std::size_t i = 3; i < words.size(); ++i) {
        const bool more = i + 1 < words.size();
        if (is_word(words[i], "redirect") && more) {
            if (options.redirect != 0) {
                return "ERR A client can only redirect to a single other client";
            }
            const auto id = whole_number(words[++i]);
            if (!id) return said::kNotInteger;
            if (call.server.clients.find_open(*id) == nullptr) {
                return "ERR The client ID you want redirect to does not exist";
            }
            options.redirect = *id;
        } else if (is_word(words[i], "bcast")) {
            options.bcast = true;
        } else if (is_word(words[i], "optin")) {
            options.opt_in = true;
        } else if (is_word(words[i], "optout")) {
            options.opt_out = true;
        } else if (is_word(words[i], "noloop")) {
            options.no_loop = true;
        } else if (is_word(words[i], "prefix") && more) {
            options.prefix = true;
            ++i;
        } else {
            return said::kSyntax;
        }
    }
    return {};
}

/// Why these cannot be switched on; empty when they can.
std::string_view conflict(const ClientTracking& now, const TrackingOptions& options) {
    if (options.prefix && !options.bcast) {
        return "ERR PREFIX option requires BCAST mode to be enabled";
    }
    if (now.on && options.bcast) {
        return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, "
               "and then re-enabling it with a different mode.";
    }
    if (options.bcast && (options.opt_in || options.opt_out)) {
        return "ERR OPTIN and OPTOUT are not compatible with BCAST";
    }
    if (options.opt_in && options.opt_out) {
        return "ERR You can't specify both OPTIN mode and OPTOUT mode";
    }
    if ((options.opt_in && now.opt_out) || (options.opt_out && now.opt_in)) {
        return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, "
               "and then re-enabling it with a different mode.";
    }
    if (options.bcast) return "ERR the simulation has no BCAST";
    return {};
}

void answer_unsubscribed(Call& call, std::string_view channel, bool is_one = true) {
    call.reply.array(3);
    call.reply.bulk("unsubscribe");
    is_one ? call.reply.bulk(channel) : call.reply.null();
    call.reply.integer(static_cast<std::int64_t>(call.client.channels.size()));
}

}  // namespace

void run_client_tracking(Call& call) {
    TrackingOptions options;
    const std::string_view error = read_options(call, options);
    if (!error.empty()) return call.reply.error(error);
    ClientTracking& now = call.client.tracking;
    if (is_word(call.words[2], "on")) {
        const std::string_view why_not = conflict(now, options);
        if (!why_not.empty()) return call.reply.error(why_not);
        now = {.on = true,
               .opt_in = options.opt_in,
               .opt_out = options.opt_out,
               .no_loop = options.no_loop,
               .caching = now.caching,
               .redirect = options.redirect};
    } else if (is_word(call.words[2], "off")) {
        now = {};
    } else {
        return call.reply.error(said::kSyntax);
    }
    call.reply.ok();
}

void run_client_caching(Call& call) {
    ClientTracking& now = call.client.tracking;
    if (!now.on) {
        return call.reply.error(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN "
            "or OPTOUT mode enabled");
    }
    if (is_word(call.words[2], "yes")) {
        if (!now.opt_in) {
            return call.reply.error(
                "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
        }
    } else if (is_word(call.words[2], "no")) {
        if (!now.opt_out) {
            return call.reply.error(
                "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
        }
    } else {
        return call.reply.error(said::kSyntax);
    }
    now.caching = true;
    call.reply.ok();
}

void run_subscribe(Call& call) {
    auto& channels = call.client.channels;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        channels.emplace(call.words[i]);
        call.reply.array(3);
        call.reply.bulk("subscribe");
        call.reply.bulk(call.words[i]);
        call.reply.integer(static_cast<std::int64_t>(channels.size()));
    }
}

/// The server ends all subscriptions in an order of its own; here it is that of the names.
void run_unsubscribe(Call& call) {
    auto& channels = call.client.channels;
    if (call.words.size() == 1) {
        if (channels.empty()) return answer_unsubscribed(call, {}, false);
        while (!channels.empty()) {
            const auto last = channels.extract(channels.begin());
            answer_unsubscribed(call, last.value());
        }
    }
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        const auto found = channels.find(call.words[i]);
        if (found != channels.end()) channels.erase(found);
        answer_unsubscribed(call, call.words[i]);
    }
}

}  // namespace quorumlock::sim
