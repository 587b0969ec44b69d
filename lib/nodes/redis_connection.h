// The way to one Redis server: look-up, every address in turn, one stream at a time. Knows
// nothing of what is said on it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/cause.h>

#include "lib/env/env.h"
#include "lib/nodes/node_uri.h"
#include "lib/nodes/plain_probe.h"

namespace quorumlock::nodes {

class ConnectionEvents {
  public:
    virtual void on_connected() = 0;
    virtual void on_bytes(const char* bytes, std::size_t size) = 0;
    /// The attempt failed, or the open connection is gone. accepted() and sent() are still those
    /// of that connection until the next call of connect(), try_next() or drop().
    virtual void on_disconnected(const Cause& cause) = 0;

  protected:
    ~ConnectionEvents() = default;
};

class RedisConnection final : private env::StreamEvents,
                              private env::LookupEvents,
                              private PlainProbe::Events {
  public:
    /// `limit` bounds the look-up and each address. `uri` and `env` must outlive this.
    RedisConnection(const NodeUri& uri, Nanos limit, env::Env& env, ConnectionEvents& events);

    /// A fresh round: the name is looked up again, its addresses are tried from the first on.
    void connect();
    /// Goes on to the next address of the round. False: there is none left.
    bool try_next();
    /// Closes at once; nothing is told.
    void drop();

    /// Only between on_connected() and on_disconnected() or drop().
    void write(std::string_view bytes) { stream_->write(bytes); }
    std::uint64_t accepted() const noexcept { return stream_ ? stream_->accepted() : 0; }
    std::uint64_t sent() const noexcept { return stream_ ? stream_->sent() : 0; }

    /// Null: plain.
    const env::TlsServer* tls() const noexcept { return tls_.get(); }

    /// For messages: "host:port", "[v6]:port" or the path; where a name was looked up and the
    /// address tells more, it stands behind it.
    std::string where() const;

  private:
    class Limit final : public env::Timer {
      public:
        Limit(RedisConnection& owner, void (RedisConnection::*action)())
            : owner_(owner), action_(action) {}
        void fire() override { (owner_.*action_)(); }

      private:
        RedisConnection& owner_;
        void (RedisConnection::*action_)();
    };

    void on_addresses(std::span<const std::string> addresses, std::string_view why) override;
    void on_open() override;
    void on_data(const char* bytes, std::size_t size) override;
    void on_closed(std::string_view why) override;
    void on_rejected(std::string_view why) override;
    void on_plain_text() override;
    void on_limit();
    void on_silence();
    void start(const env::Endpoint& to);
    void start_tcp(const std::string& address);
    void settle();
    void fail(const std::string& why, CauseClass kind = CauseClass::unreachable);

    const NodeUri& uri_;
    const Nanos limit_;
    env::Env& env_;
    ConnectionEvents& events_;
    const std::shared_ptr<env::TlsServer> tls_;  ///< Null: plain.
    Limit timer_{*this, &RedisConnection::on_limit};
    Limit probe_timer_{*this, &RedisConnection::on_silence};
    std::unique_ptr<PlainProbe> probe_;
    std::unique_ptr<env::Lookup> lookup_;
    std::unique_ptr<env::Stream> stream_;
    std::vector<std::string> addresses_;
    std::size_t next_ = 0;  ///< Address to be tried next.
    bool open_ = false;
    bool looking_up_ = false;
};

}  // namespace quorumlock::nodes
