// When a server refuses, in the order in which it looks.
#include <string>

#include "tests/sim/redis_command.h"
#include "tests/sim/redis_errors_said.h"
#include "tests/sim/redis_handlers.h"

namespace quorumlock::sim {

namespace {

constexpr std::string_view kOom = "OOM command not allowed when used memory > 'maxmemory'.";
constexpr std::string_view kReadOnly = "READONLY You can't write against a read only replica.";
constexpr std::string_view kMisconf =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). Please check the Redis logs for details about the RDB error.";

bool forbidden(const SimRedisState& state, const CommandRow& row) noexcept {
    return (state.no_kill && row.run == run_client_kill) ||
           (state.no_info && row.run == run_info) ||
           (state.no_tracking && row.run == run_client_tracking);
}

std::string noperm(const CommandRow& row) {
    return "NOPERM this user has no permissions to run the '" + std::string(row.name) + "' command";
}

constexpr std::string_view kNoChannel =
    "NOPERM this user has no permissions to access one of the channels used as arguments";

/// What a subscriber may still say.
bool is_for_subscribers(const CommandRow& row) noexcept {
    return row.run == run_ping || row.run == run_subscribe || row.run == run_unsubscribe ||
           row.run == run_quit || row.run == run_reset;
}

std::string not_for_subscribers(const CommandRow& row) {
    return "ERR Can't execute '" + std::string(row.name) +
           "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
           "context";
}

/// A replica leaves its memory to its primary.
bool is_full(const SimRedisState& state) noexcept { return state.out_of_memory && !state.readonly; }

}  // namespace

bool is_younger(const CommandRow& row) noexcept {
    return row.run == run_client_tracking || row.run == run_client_caching;
}

std::string refusal(const RedisCore& server, const Client& client, const CommandRow& row) {
    const SimRedisState& state = server.state;
    const auto is = [&row](unsigned flag) { return (row.flags & flag) != 0; };
    if (!client.authenticated && !state.password.empty() && !is(kNoAuth)) {
        return "NOAUTH Authentication required.";
    }
    if (forbidden(state, row)) return noperm(row);
    if (state.no_channels && row.run == run_subscribe) return std::string(kNoChannel);
    if (is_full(state) && !state.busy && is(kDenyOom)) return std::string(kOom);
    if (state.misconf && (is(kWrite) || row.run == run_ping)) return std::string(kMisconf);
    if (state.readonly && is(kWrite)) return std::string(kReadOnly);
    if (client.is_subscriber() && !is_for_subscribers(row)) return not_for_subscribers(row);
    if (state.readonly && state.stale && !is(kStale)) return std::string(said::kMasterDown);
    if (state.loading && !is(kLoading)) return "LOADING Redis is loading the dataset in memory";
    if (state.busy && !is(kAllowBusy)) {
        return "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
               "NOSAVE.";
    }
    return {};
}

std::string_view refusal_in_script(const RedisCore& server, const CommandRow& row, bool wrote) {
    const SimRedisState& state = server.state;
    const auto is = [&row](unsigned flag) { return (row.flags & flag) != 0; };
    if (is(kNoScript)) return "ERR This Redis command is not allowed from script";
    if (state.readonly && state.stale && !is(kStale)) {
        return "ERR Can not execute the command on a stale replica";
    }
    if (forbidden(state, row)) {
        return "ERR The user executing the script can't run this command or subcommand";
    }
    if (wrote) return {};  // half done would be worse
    if (is(kWrite) && state.readonly) return kReadOnly;
    if (is(kWrite) && state.misconf) return kMisconf;
    if (is(kDenyOom) && is_full(state)) return kOom;
    return {};
}

}  // namespace quorumlock::sim
