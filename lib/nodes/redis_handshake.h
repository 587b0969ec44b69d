// The first words on a fresh connection, all in one write, and what their answers teach. No
// writing command goes out before they are in. Rule N1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/cause.h>

#include "lib/nodes/node_uri.h"
#include "lib/nodes/redis_commands.h"
#include "lib/resp/reader.h"

namespace quorumlock::nodes {

/// What a server said of itself.
struct Greeting {
    std::string version;             ///< Empty: INFO is refused.
    std::string role;                ///< Likewise.
    std::string run_id;              ///< Likewise.
    std::int64_t client_id = 0;      ///< Of this connection; 0: not known, no CLIENT KILL later.
    std::string replication_id;      ///< Likewise; another one after a promotion.
    std::int64_t uptime_s = -1;      ///< Whole seconds, rounded down; -1: not told.
    std::int64_t wall_us = 0;        ///< Its clock; 0: not told.
    RedisCommands::Scripts scripts;  ///< Their SHA-1.
    std::string note;                ///< What is not as it should be, yet no hindrance; else empty.
};

/// As the URI's user, or the default one. False: there is no password, so nothing is appended.
bool append_auth(std::string& to, const NodeUri& uri, std::string_view password);

class RedisHandshake {
  public:
    enum class Progress : std::uint8_t { more, done, failed };

    /// Starts anew and returns the bytes to be written. `password` empty: no AUTH.
    std::string begin(const NodeUri& uri, std::string_view password,
                      const std::string& client_name);
    /// Replies in order. After `failed` cause() says why, in one line without secrets.
    Progress on_reply(const resp::Value& reply);

    const Greeting& greeting() const noexcept { return greeting_; }
    const Cause& cause() const noexcept { return cause_; }
    /// Nothing was answered so far.
    bool unanswered() const noexcept { return next_ == 0; }

  private:
    enum class Part : std::uint8_t {
        auth,
        select,
        set_name,
        client_id,
        info_server,
        info_replication,
        load_release,
        load_extend,
        load_acquire,
        load_raise,
    };

    bool take(Part part, const resp::Value& reply);
    bool take_error(Part part, std::string_view text);
    bool take_server(std::string_view info);
    bool take_replication(std::string_view info);
    bool take_sha(const resp::Value& reply, std::string& sha);
    bool fail(CauseClass kind, std::string text);
    void note(std::string_view text);

    std::vector<Part> parts_;
    std::size_t next_ = 0;
    Greeting greeting_;
    Cause cause_;
};

}  // namespace quorumlock::nodes
