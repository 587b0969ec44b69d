// Everything that one server can be asked about its fitness for locks, on a connection of its own:
// questions that change nothing. Who judges the answers is above (tools/cli/doctor_*).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/cause.h>

#include "lib/env/env.h"
#include "lib/env/tls.h"
#include "lib/nodes/node_uri.h"
#include "lib/nodes/redis_connection.h"
#include "lib/resp/reader.h"

namespace quorumlock::nodes {

/// What a client of ours sends. Each is tried so that the server has to decide whether this user
/// may, and then finds nothing to do.
enum class Right : std::uint8_t {
    ping,
    set,
    get,
    getex,
    setrange,
    del,
    pttl,
    pexpire,
    evalsha,
    script_load,
    eval,
    time,
    info,
    client_id,
    client_kill,
    client_setname,
    client_tracking,
    client_caching,
    subscribe,
};
inline constexpr std::size_t kRights = 19;
/// As ACL SETUSER takes it: "+script|load".
std::string_view right_name(Right right) noexcept;

/// The server's clock, seen from here.
struct ClockSample {
    Nanos ahead{0};  ///< Of this machine's wall clock, in the middle of the round trip.
    Nanos off{0};    ///< At most this wrong: half the round trip.
    Instant at{};    ///< By this machine's BOOTTIME.
};

/// A key that SCAN has found and that should not be there.
struct OddKey {
    std::string name;
    std::int64_t pttl = -1;  ///< ms; -1: it never expires.
};

struct RedisFacts {
    Cause failed;  ///< Of a kind other than none: it was not reached, or does not talk to us.
    std::string address;  ///< Numeric, or the path, of what was connected to; empty: none.
    /// rediss: as env::TlsServer::certificates().
    std::vector<env::TlsCertificate> certificates;
    Nanos round_trip{0};
    Instant asked{};   ///< When INFO was asked.
    std::string info;  ///< The whole INFO reply; empty: refused.
    /// CONFIG GET, which few users may; nullopt: refused.
    std::optional<std::string> appendfsync;
    /// By Right: why it was refused, in the server's words; empty: it is allowed.
    std::array<std::string, kRights> refused;
    std::string counter_refused;   ///< The counters' keys are not allowed.
    std::string channel_refused;   ///< Nor is that of the wake-ups.
    std::string resource_refused;  ///< Nor is that of CheckupOptions::resource.
    std::string select_refused;    ///< Nor the URI's database.
    Cause writes_refused;          ///< OOM, MISCONF and their like: nothing is granted.
    std::optional<ClockSample> first_clock, last_clock;
    std::size_t scanned = 0;     ///< Keys that were looked at.
    bool scan_complete = false;  ///< All there are.
    std::string scan_refused;
    std::vector<OddKey> odd_keys;
};

struct CheckupOptions {
    Nanos time_limit{0};  ///< For connecting, and then for each answer.
    Nanos clock_span{0};  ///< Between the two looks at the clock.
    std::string client_name;
    std::string resource;               ///< Empty: none is tried.
    std::string scan_pattern;           ///< Empty: no SCAN.
    std::size_t scan_limit = 0;         ///< Keys to be looked at, at most; about.
    Nanos scan_max_ttl = Nanos::max();  ///< Keys that live longer are odd too.
};

class CheckupEvents {
  public:
    /// All that could be learned is in facts().
    virtual void on_checked() = 0;

  protected:
    ~CheckupEvents() = default;
};

class RedisCheckup final : private ConnectionEvents {
  public:
    RedisCheckup(NodeUri uri, CheckupOptions options, env::Env& env, CheckupEvents& events);

    /// Called once. on_checked() comes in a later event, once, in bounded time.
    void start();
    const RedisFacts& facts() const noexcept { return facts_; }
    const NodeUri& uri() const noexcept { return uri_; }

  private:
    enum class Part : std::uint8_t {
        auth,
        select,
        right,  ///< Which one is in Question::right.
        resource,
        appendfsync,
        clock,
        scan,
        pttl,
    };
    struct Question {
        Part part = Part::right;
        Right right = Right::ping;
    };
    class Alarm final : public env::Timer {
      public:
        Alarm(RedisCheckup& owner, void (RedisCheckup::*action)())
            : owner_(owner), action_(action) {}
        void fire() override { (owner_.*action_)(); }

      private:
        RedisCheckup& owner_;
        void (RedisCheckup::*action_)();
    };

    void on_connected() override;
    void on_bytes(const char* bytes, std::size_t size) override;
    void on_disconnected(const Cause& cause) override;

    void ask(Question question, std::initializer_list<std::string_view> words);
    void ask_first();
    void ask_rights();
    void ask_clock();
    void ask_scan();
    void send();
    void on_reply(const resp::Value& reply);
    void take_right(Right right, const resp::Value& reply);
    void take_keys(const resp::Value& reply);
    void take_clock(const resp::Value& reply);
    bool take_hopeless(const resp::Value& reply);
    void next_step();
    void on_silence();
    void on_due();
    void end(Cause cause);

    const NodeUri uri_;
    const CheckupOptions options_;
    env::Env& env_;
    CheckupEvents& events_;
    RedisFacts facts_;
    std::string password_;
    std::string probe_key_;
    RedisConnection connection_;
    std::unique_ptr<resp::Reader> reader_;
    std::string out_;
    std::vector<Question> open_;
    std::size_t answered_ = 0;
    Instant sent_{};
    int clock_looks_ = 0;
    bool subscribed_ = false;  ///< Or was refused: nothing can be asked behind it.
    std::string cursor_ = "0";
    std::vector<std::string> keys_;  ///< Of the last SCAN, in the order of their PTTLs.
    std::size_t next_key_ = 0;
    bool done_ = false;
    Alarm silence_{*this, &RedisCheckup::on_silence};
    Alarm due_{*this, &RedisCheckup::on_due};
};

}  // namespace quorumlock::nodes
