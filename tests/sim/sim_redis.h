// A simulated Redis server: speaks RESP, keeps strings with PX expiry by its own wall clock, runs
// the project's own Lua scripts, and can be put into every state that makes a server refuse.
// No clock, no socket, no chance of its own: whoever drives it passes the time and the bytes.
// tests/sim/truth compares it with a real redis-server 7.0.15, byte for byte. Not simulated, and
// refused: transactions, publishing (one can subscribe, and hears of keys alone), tracking of
// prefixes (BCAST), RESP3, inline commands; in scripts shebang lines, chance, and the libraries
// cjson, cmsgpack, struct and bit.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quorumlock::sim {

/// A connection's number: what CLIENT ID answers. Starts at 1 with each server process.
using ClientId = std::int64_t;
/// Microseconds on this server's own wall clock: what PX counts and TIME answers.
using WallMicros = std::int64_t;

/// No expiry.
constexpr WallMicros kNoExpiry = std::numeric_limits<WallMicros>::max();

/// Why a key went away.
enum class Gone : std::uint8_t { deleted, expired, overwritten, flushed, crashed };

/// The truth as it happens, for checkers and timelines. Called in the middle of a command.
/// Databases are not told apart. A list (see plant_list) has an empty value. `by` is 0 where no
/// client did it. Expiry is found out lazily, so on_key_gone(expired) comes late, or never.
class SimRedisEvents {
  public:
    /// A command was executed (also inside a script) and wrote: the key's value and expiry now.
    /// Redis counts expiry in whole milliseconds and lets a key live through its last one;
    /// `expires` is the first instant at which it is gone, or kNoExpiry.
    virtual void on_key_set(std::string_view key, std::string_view value, WallMicros expires,
                            ClientId by) = 0;
    virtual void on_key_gone(std::string_view key, std::string_view value, Gone why,
                             ClientId by) = 0;
    /// A whole command was read from this connection and is about to be executed or refused.
    virtual void on_command(ClientId by, const std::vector<std::string_view>& words) = 0;

  protected:
    ~SimRedisEvents() = default;
};

/// States in which a server refuses; any of them at once.
struct SimRedisState {
    bool loading = false;        ///< -LOADING
    bool out_of_memory = false;  ///< -OOM for commands that may grow the data
    bool readonly = false;       ///< -READONLY, role: slave in INFO
    bool busy = false;           ///< -BUSY: somebody's script blocks it
    bool misconf = false;        ///< -MISCONF
    bool stale = false;          ///< With readonly: -MASTERDOWN, the link to its primary is down
    bool no_kill = false;        ///< -NOPERM for CLIENT KILL
    bool no_info = false;        ///< -NOPERM for INFO
    bool no_tracking = false;    ///< -NOPERM for CLIENT TRACKING
    bool no_channels = false;    ///< -NOPERM for any SUBSCRIBE; who has subscribed stays so
    bool old = false;            ///< Older than tracking: it knows neither that nor CACHING.
    std::string password;        ///< empty: none is needed
    std::size_t max_clients = 10000;
};

class SimRedis {
  public:
    /// `run_seed` decides the run_id; `events` may be null.
    SimRedis(std::uint64_t run_seed, WallMicros now, SimRedisEvents* events);
    ~SimRedis();

    /// A client has connected. With max_clients reached it gets one error reply and is closed;
    /// it uses up no number of the server's and gets a negative one.
    ClientId accept(WallMicros now);
    /// Bytes from that client, in any pieces. Whole commands are executed at once, in order; the
    /// replies wait in output(). Bytes of a client that is gone or closing are ignored.
    void receive(ClientId client, std::string_view bytes, WallMicros now);
    /// What is to be sent to that client; the caller takes it out (swap or clear).
    std::string& output(ClientId client);
    /// Whose output() has got messages since the last time it was asked, without having asked for
    /// them: subscribers of __redis__:invalidate. Some may be gone by now.
    std::vector<ClientId> take_pushed();
    /// As if this key had changed.
    void touch(std::string_view key);
    /// What a server does some ten times a second: takes away expired keys before anybody asks for
    /// them. Only those of which somebody is to be told; nobody would see a difference in others.
    void expire(WallMicros now);
    /// Is there such a key, expired or to expire?
    bool waits_for_expiry() const;
    /// The server wants this connection closed once output() is sent: killed (then output() is
    /// empty), a protocol error, QUIT, max_clients. The caller then calls disconnect().
    bool closing(ClientId client) const;
    /// The connection is gone, whoever closed it.
    void disconnect(ClientId client);

    /// The process ends and another one starts: new run_id, ids from 1, scripts forgotten; all
    /// connections are gone.
    void restart(bool keep_data, std::uint64_t run_seed, WallMicros now);
    /// What people do by hand, or another vendor's client: no connection needed.
    void flush_all(WallMicros now);
    void flush_scripts();
    bool has_script(std::string_view sha) const;
    bool delete_key(std::string_view key, WallMicros now);
    /// A key that is no string, in place of what was there.
    void plant_list(std::string_view key, WallMicros now);

    /// Changed between commands by whoever drives it.
    SimRedisState state;

    // What is asked here, deleted and planted is in database 0.
    /// The live value of a key at `now`; null when there is none.
    const std::string* value(std::string_view key, WallMicros now) const;
    std::optional<WallMicros> expires(std::string_view key, WallMicros now) const;
    std::size_t keys(WallMicros now) const;
    const std::string& run_id() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace quorumlock::sim
