// One database: strings and lists with expiry, lazily expired, every change told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "tests/sim/redis_key_table.h"
#include "tests/sim/sim_redis.h"

namespace quorumlock::sim {

/// When, in whole milliseconds of the server's wall clock, and for whom.
struct Moment {
    std::int64_t ms;
    ClientId by;
    bool on_replica = false;  ///< What has expired is left to the primary, and only looks absent.
};

constexpr std::int64_t kNeverMs = std::numeric_limits<std::int64_t>::max();

/// The server counts in whole milliseconds, rounded down.
std::int64_t whole_ms_of(WallMicros now) noexcept;
/// The first instant at which a key with this expiry is gone.
WallMicros gone_at(std::int64_t expires_ms) noexcept;

class Tracking;

class KeySpace {
  public:
    KeySpace(SimRedisEvents* events, Tracking& tracking) noexcept
        : events_(events), tracking_(tracking) {}

    /// The key when it is alive; one that has expired is taken away and told.
    Key* find(std::string_view name, Moment moment);
    /// As find, and nothing happens.
    const Key* peek(std::string_view name, std::int64_t ms) const noexcept;

    /// Writes a string over `found`, what find() has just said of the name.
    void set(Key* found, std::string_view name, std::string_view value, std::int64_t expires_ms,
             Moment moment);
    /// Another value, as INCR writes it: the same key lives on, and its expiry stays.
    void change(Key& key, std::string_view value, Moment moment);
    void set_expiry(Key& key, std::int64_t expires_ms, Moment moment);
    /// A list of at least one element, likewise.
    void set_list(Key* found, std::string_view name, std::int64_t length, Moment moment);
    void erase(Key& key, Gone why, Moment moment);
    /// Tracking is told of it once, not key by key, and by whoever clears.
    void clear(Gone why, Moment moment);

    std::size_t count(std::int64_t ms) const;
    /// Is the key there, alive or not, with an end to its life?
    bool is_mortal(std::string_view name) const noexcept {
        const Key* const key = table_.find(name);
        return key != nullptr && key->expires_ms != kNeverMs;
    }

  private:
    void tell_set(const Key& key, Moment moment);
    void take_away(Key& key, Gone why, Moment moment);

    SimRedisEvents* events_;
    Tracking& tracking_;
    KeyTable table_;
};

}  // namespace quorumlock::sim
