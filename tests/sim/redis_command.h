// What a command is: one row of the table, and one call of it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tests/sim/redis_core.h"

namespace quorumlock::sim {

/// One execution of a command.
struct Call {
    RedisCore& server;
    Client& client;
    int& database;  ///< The client's; inside a script the script's own.
    const Words& words;
    ReplyWriter& reply;

    KeySpace& keys() const { return server.keys(database); }
    Moment moment() const noexcept { return server.moment(client.id); }
};

/// The server's own words for these: see COMMAND INFO.
enum CommandFlags : unsigned {
    kWrite = 1U << 0,
    kDenyOom = 1U << 1,
    kNoScript = 1U << 2,
    kLoading = 1U << 3,
    kStale = 1U << 4,
    kNoAuth = 1U << 5,
    kAllowBusy = 1U << 6,
    kReads = 1U << 7,  ///< "readonly" there: tracking remembers its keys.
};

/// Which words are keys, as far as tracking asks.
enum class KeyWords : std::uint8_t {
    none,
    first,    ///< The one behind the name,
    all,      ///< or all of them,
    counted,  ///< or as many as the third word says, behind it.
};

struct CommandRow {
    /// In lower case; a subcommand is "client|id", and "client" a row of its own.
    std::string_view name;
    /// How many words it takes; negative: so many at least.
    int arity;
    unsigned flags;
    void (*run)(Call& call);
    KeyWords keys = KeyWords::none;
    bool has_subcommands = false;

    bool takes(std::size_t words) const noexcept {
        return arity > 0 ? words == static_cast<std::size_t>(arity)
                         : words >= static_cast<std::size_t>(-arity);
    }
};

std::span<const CommandRow> command_table() noexcept;

/// The keys among the words of a command that was executed.
std::span<const std::string_view> keys_of(const CommandRow& row, const Words& words) noexcept;

/// Null when there is none of that name.
const CommandRow* find_command(const Words& words) noexcept;
/// Is it one of those that SimRedisState::old takes away?
bool is_younger(const CommandRow& row) noexcept;
/// The error for words that find_command does not know.
std::string unknown_command(const Words& words);

/// May the client's command be executed now? The server's error if not, else empty.
std::string refusal(const RedisCore& server, const Client& client, const CommandRow& row);
/// The same for a command inside a script, `wrote` telling whether that has written already.
std::string_view refusal_in_script(const RedisCore& server, const CommandRow& row, bool wrote);

}  // namespace quorumlock::sim
