// The second connection to a server: on it the server says that a key has changed which an acquire
// of the first one was refused for. Opened when somebody waits, and only then. Rule W1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/nodes/node_uri.h"
#include "lib/nodes/redis_backoff.h"
#include "lib/nodes/redis_connection.h"
#include "lib/resp/reader.h"

namespace quorumlock::nodes {

class WakeupEvents {
  public:
    /// Wake-ups may be sent to the connection of this id from now on.
    virtual void on_subscribed(std::int64_t client_id) = 0;
    /// They come no more, until it is subscribed again: what was armed is armed no more.
    virtual void on_unsubscribed() = 0;
    /// The server does not allow it; not tried again before the next start().
    virtual void on_wakeups_refused(const Cause& why) = 0;
    /// This key has changed; empty: any may have.
    virtual void on_wakeup(std::string_view resource) = 0;

  protected:
    ~WakeupEvents() = default;
};

class RedisWakeups final : private ConnectionEvents {
  public:
    /// All outlive this. `limit`: for each step of connecting, and of a ping.
    RedisWakeups(const NodeUri& uri, const std::string& client_name, Nanos limit, env::Env& env,
                 WakeupEvents& events);

    /// Connects, and again whenever it is lost, to the server of this run_id and no other.
    void start(std::string_view run_id);
    /// Nothing is told of it.
    void stop();
    bool started() const noexcept { return phase_ != Phase::off; }
    /// The server tells this connection of changes now.
    void confirm() noexcept { backoff_.reset(); }
    /// It would not for the moment: connects anew, after a pause.
    void try_again() {
        if (phase_ == Phase::subscribed) lose();
    }

  private:
    enum class Phase : std::uint8_t { off, waiting, connecting, greeting, subscribed };
    enum class Part : std::uint8_t { auth, set_name, client_id, info, subscribe };
    class Alarm final : public env::Timer {
      public:
        explicit Alarm(RedisWakeups& owner) : owner_(owner) {}
        void fire() override { owner_.on_alarm(); }

      private:
        RedisWakeups& owner_;
    };

    void connect();
    void wait();
    void on_connected() override;
    void on_bytes(const char* bytes, std::size_t size) override;
    void on_disconnected(const Cause& cause) override;
    void on_alarm();
    void on_reply(const resp::Value& reply);
    void on_greeting(const resp::Value& reply);
    void on_message(const resp::Value& reply);
    void lose();
    void refuse(const Cause& why);

    const NodeUri& uri_;
    const std::string& client_name_;
    const Nanos limit_;
    env::Env& env_;
    WakeupEvents& events_;
    RedisConnection connection_;
    std::unique_ptr<resp::Reader> reader_;
    std::string password_, run_id_;
    Phase phase_ = Phase::off;
    std::vector<Part> parts_;
    std::size_t next_ = 0;
    std::int64_t client_id_ = 0;
    std::uint64_t generation_ = 0;  ///< Changes when a connection ends.
    bool pinged_ = false;
    RedisBackoff backoff_;
    Alarm alarm_{*this};
};

}  // namespace quorumlock::nodes
