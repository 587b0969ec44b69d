// What a server's error reply means for a vote: a table, first match wins. Rule N4.
#pragma once

#include <cstdint>
#include <string_view>

#include <quorumlock/cause.h>

namespace quorumlock::nodes {

enum class ServerError : std::uint8_t {
    noscript,
    noauth,
    noperm,
    bad_credentials,  ///< WRONGPASS and its older and sibling forms.
    denied,           ///< Protected mode.
    loading,
    busy,
    max_clients,
    masterdown,
    no_space,  ///< OOM, MISCONF, NOREPLICAS
    readonly,
    cluster,  ///< MOVED, ASK, CLUSTERDOWN and the like
    wrongtype,
    execabort,
    clock,  ///< Of our own script: rule F5.
    unknown_command,
    database,
    other,
};

struct ErrorMeaning {
    ServerError what = ServerError::other;
    CauseClass kind = CauseClass::broken;
    /// Rule N4: raised before anything was written, so the command was certainly not applied.
    bool not_applied = false;
    std::string_view advice{};  ///< What to do about it; empty where there is nothing to say.
};

/// `text`: the error reply without its leading '-'.
const ErrorMeaning& classify(std::string_view text) noexcept;

/// The server's own words, our advice behind them. What a server repeats of a command's
/// arguments is cut off: it may be a password or a token. One line of at most 500 bytes and the
/// advice.
Cause cause_of(std::string_view text);

/// Any text from outside as part of one line: control characters become '?', at most 500 bytes.
std::string one_line(std::string_view text);

}  // namespace quorumlock::nodes
