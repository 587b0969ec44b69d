// One Redis server and its machine: reads what has arrived as a single-threaded server does, with
// its own wall clock, and can be frozen, slow, down or restarted.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/sim/random.h"
#include "tests/sim/sim_link.h"
#include "tests/sim/sim_redis.h"
#include "tests/sim/sim_world.h"

namespace quorumlock::sim {

/// The truth of all servers, as checkers need it. Told in the middle of a command.
class ServerEvents {
  public:
    /// Who a change comes from: a link of ours, or null for anybody else.
    virtual void on_command(SimServer& server, Link* link, std::int64_t written,
                            const std::vector<std::string_view>& words) = 0;
    virtual void on_key_set(SimServer& server, Link* link, std::string_view key,
                            std::string_view value, WallMicros expires) = 0;
    virtual void on_key_gone(SimServer& server, Link* link, std::string_view key,
                             std::string_view value, Gone why) = 0;
    /// The handshake of this connection was executed.
    virtual void on_greeted(Link& link) = 0;
    /// Its clock was set forward, or runs at another speed now.
    virtual void on_clock_changed(SimServer& server, bool forward) = 0;

  protected:
    ~ServerEvents() = default;
};

struct ServerTraits {
    std::int64_t ppm = 0;
    WallMicros wall = 0;        ///< What its wall clock shows as the run begins,
    WallMicros uptime = 0;      ///< and for how long it has been up by then.
    Time service = 5 * kMicro;  ///< How long it takes for what has arrived at once.
    int database = 0;           ///< Where its locks are.
};

class SimServer final : private SimRedisEvents {
  public:
    SimServer(World& world, std::uint64_t seed, int index, const ServerTraits& traits,
              ServerEvents& events);

    int index() const noexcept { return index_; }
    std::string name() const { return "node " + std::to_string(index_); }
    SimRedis& redis() noexcept { return redis_; }
    WallMicros wall() const noexcept { return wall_at(world_.now()); }
    WallMicros wall_at(Time time) const noexcept { return clock_.at(time) / kMicro; }
    LocalClock& clock() noexcept { return clock_; }

    // ---- for links ----
    bool listens() const noexcept { return !process_down_; }
    bool host_is_down() const noexcept { return host_down_; }
    /// The connection of ours that has this id now, or null.
    Link* link_of(ClientId id) noexcept;
    /// Bytes, an end or a connection have arrived.
    void readable(Link& link);
    /// The connection is gone without a word to the server's program.
    void lost(Link& link);

    // ---- what can happen to it ----
    void freeze();
    void thaw();
    bool frozen() const noexcept { return frozen_ > 0; }
    void set_service(Time service) noexcept { service_ = service; }
    Time service() const noexcept { return traits_.service; }
    /// The process ends. `host`: with its machine, so that nobody is told.
    void crash(bool host);
    void start_again(bool keep_data);
    bool is_down() const noexcept { return process_down_; }
    void jump(std::int64_t micros);
    void set_rate(std::int64_t ppm);
    /// People empty it by hand.
    void flush_all();
    /// Who is armed by this key is told that it has changed, whether or not it has.
    void touch(std::string_view key);

    // ---- for another vendor's client, and people: no link ----
    /// Executes one command for somebody else, who knows the password; the reply, or empty when the
    /// server is not there.
    std::string execute(std::initializer_list<std::string_view> words);
    std::string execute(const std::vector<std::string_view>& words);

  private:
    void on_command(ClientId by, const std::vector<std::string_view>& words) override;
    void on_key_set(std::string_view key, std::string_view value, WallMicros expires,
                    ClientId by) override;
    void on_key_gone(std::string_view key, std::string_view value, Gone why, ClientId by) override;

    void schedule();
    void serve();
    void serve_link(Link& link);
    bool feed(Link& link);
    void answer(Link& link);
    void close(Link& link, Ending ending);
    void send_pushes();
    void await_expiry();
    void expire();

    World& world_;
    const int index_;
    const ServerTraits traits_;
    ServerEvents& events_;
    LocalClock clock_;
    Random luck_;
    SimRedis redis_;
    Time service_;
    Time busy_until_ = 0;
    int frozen_ = 0;
    bool process_down_ = false;
    bool host_down_ = false;
    std::vector<Link*> ready_, serving_now_, links_;
    Link* serving_ = nullptr;
    std::int64_t written_ = 0;
    MemberEvent<SimServer, &SimServer::serve> serve_{*this};
    MemberEvent<SimServer, &SimServer::expire> expire_{*this};
};

}  // namespace quorumlock::sim
