// Redis servers of a fuzz target in virtual time: the simulated server of tests/sim, whose replies
// may be replaced, kept back, repeated and cut on their way.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/lies.h"
#include "tests/sim/sim_redis.h"
#include "tests/support/fake_env.h"

namespace quorumlock::fuzz {

/// One server, reached as 10.0.0.INDEX.
class Server {
  public:
    Server(testing::FakeEnv& env, std::size_t index);

    void on_connect(const std::shared_ptr<testing::FakeConnection>& connection);
    void on_sent(testing::FakeConnection& connection);
    /// What was kept back, and the client's ends that have gone.
    void settle();
    void close_all();
    /// Bytes that nobody asked for, on its newest connection that is open.
    void say(std::string_view bytes);
    /// Another client takes or frees the key.
    void occupy(const std::string& resource, int ms);
    bool holds(std::string_view resource, std::string_view token) const;
    std::int64_t wall() const;

    std::deque<Lie> lies;      ///< For the next replies; then it tells the truth.
    bool can_fake = false;     ///< It has said what may be taken for a yes that was none.
    bool accepts = true;       ///< False: connections are refused.
    std::size_t piece = 4096;  ///< Replies come in pieces of so many bytes.
    std::string token;         ///< The last one that a client named.
    sim::SimRedis redis;

  private:
    struct Link {
        std::shared_ptr<testing::FakeConnection> connection;
        sim::ClientId id;
        std::string received{}, kept{};
    };

    void answer(Link& link, std::string reply);
    void feed(Link& link, std::string_view bytes);
    void tell_others();
    void end(Link& link);

    testing::FakeEnv& env_;
    std::vector<std::unique_ptr<Link>> links_;
};

}  // namespace quorumlock::fuzz
