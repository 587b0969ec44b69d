// The two servers that are compared, each as somebody with a few connections sees it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/sim_redis.h"

namespace quorumlock::sim::truth {

/// The bytes of one command.
std::string encoded(const std::vector<std::string>& words);

/// Stands where a reply should, when the connection ended instead.
inline constexpr std::string_view kClosed = "<closed>";

/// Connections are numbered by the test; one that is not there is made when it is used.
class Side {
  public:
    virtual ~Side() = default;

    /// One reply, as it came over the wire.
    virtual std::string ask(int who, const std::vector<std::string>& words) = 0;
    /// Sends these bytes in pieces and answers what comes back: at least `count` bytes, but for
    /// when the connection ends or stays silent.
    virtual std::string exchange(int who, const std::vector<std::string>& pieces,
                                 std::size_t count) = 0;
    /// Everything that has come to it meanwhile, asked for or not.
    virtual std::string unread(int who) = 0;
    /// Makes the connection if there is none; what CLIENT ID says of it, 0 where that is refused.
    virtual std::int64_t id_of(int who) = 0;
    /// Has the server ended this connection? It is given a moment when that is `expected`.
    virtual bool ended(int who, bool expected) = 0;
    /// Ends it from the client's side.
    virtual void drop(int who) = 0;
};

/// A real server on 127.0.0.1.
class RealSide final : public Side {
  public:
    explicit RealSide(std::uint16_t port);
    ~RealSide() override;

    std::string ask(int who, const std::vector<std::string>& words) override;
    std::string exchange(int who, const std::vector<std::string>& pieces,
                         std::size_t count) override;
    std::string unread(int who) override;
    std::int64_t id_of(int who) override;
    bool ended(int who, bool expected) override;
    void drop(int who) override;

  private:
    class Socket;
    Socket& socket(int who);
    static void learn_id(Socket& connection);

    std::uint16_t port_;
    std::map<int, std::unique_ptr<Socket>> sockets_;
};

class SimSide final : public Side {
  public:
    explicit SimSide(WallMicros now, SimRedisEvents* events = nullptr);

    std::string ask(int who, const std::vector<std::string>& words) override;
    std::string exchange(int who, const std::vector<std::string>& pieces,
                         std::size_t count) override;
    std::string unread(int who) override;
    std::int64_t id_of(int who) override;
    bool ended(int who, bool expected) override;
    void drop(int who) override;

    SimRedis redis;
    WallMicros now;

  private:
    ClientId client(int who);

    std::map<int, ClientId> clients_;
};

}  // namespace quorumlock::sim::truth
