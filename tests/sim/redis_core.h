// The server behind SimRedis: what its commands work on, and the way of a command through it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/sim/redis_clients.h"
#include "tests/sim/redis_keys.h"
#include "tests/sim/redis_reply.h"
#include "tests/sim/redis_scripts.h"
#include "tests/sim/redis_text.h"
#include "tests/sim/redis_tracking.h"
#include "tests/sim/sim_redis.h"

namespace quorumlock::sim {

struct CommandRow;

/// Who a server process is.
struct ProcessIdentity {
    ProcessIdentity(std::uint64_t seed, WallMicros started);

    std::string run_id, replication_id;  ///< 40 hex digits each.
    std::uint32_t pid;
    WallMicros started;
};

class RedisCore {
  public:
    static constexpr int kDatabases = 16;

    /// `state` is its owner's, who may change it between commands.
    RedisCore(SimRedisState& state, std::uint64_t run_seed, WallMicros now, SimRedisEvents* events);

    ClientId accept(WallMicros now);
    void receive(ClientId id, std::string_view bytes, WallMicros now);
    void restart(bool keep_data, std::uint64_t run_seed, WallMicros now);
    void flush_all(Gone why, ClientId by);

    /// One command, of a client: executed, or refused.
    void execute(Client& client, const Words& words);
    /// A read command of a client was executed, on its own or in its script: the keys in `words`,
    /// what the client has said.
    void remember(const Client& client, const Words& words);
    /// Takes away those expired keys of which somebody is to be told.
    void expire(WallMicros now);
    bool waits_for_expiry() const;
    Moment moment(ClientId by) const noexcept { return {now_ms_, by, state.readonly}; }
    /// Of people, who may change a replica too.
    Moment moment_by_hand() const noexcept { return {now_ms_, 0}; }
    WallMicros now() const noexcept { return now_; }
    void set_now(WallMicros now) noexcept;

    KeySpace& keys(int database);
    const KeySpace& keys() const noexcept { return *databases_.front(); }

    SimRedisState& state;
    ProcessIdentity identity;
    ClientTable clients;
    ScriptCache scripts;
    Tracking tracking{clients};

  private:
    void take_commands(Client& client);
    void answer(Client& client, const CommandRow* row, const Words& words);

    SimRedisEvents* events_;
    WallMicros now_ = 0;
    std::int64_t now_ms_ = 0;
    std::array<std::unique_ptr<KeySpace>, kDatabases> databases_;  // made when first used
    Words words_;
};

}  // namespace quorumlock::sim
