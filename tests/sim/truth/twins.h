// Runs the same commands on a real server and on a simulated one, and says where they differ.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/truth/sides.h"
#include "tests/support/redis_server.h"
#include "tests/support/resp_client.h"

namespace quorumlock::sim::truth {

using Command = std::vector<std::string>;

/// One command of one connection. The word "<id N>" stands for the number of connection N.
/// "Connection" kOperator changes the state of both servers: see operators().
struct Step {
    int who;
    Command words;
};

inline constexpr int kOperator = 0;

/// The words an operator's step may have.
std::vector<std::string> operators();

class Twins {
  public:
    /// Both empty and in good health: the real server is made so, the simulated one is new. Both
    /// think it is now.
    explicit Twins(const quorumlock::testing::RedisServer& real, const std::string& password = {});
    /// Mends what operators have done to the real one.
    ~Twins();
    Twins(const Twins&) = delete;
    Twins& operator=(const Twins&) = delete;

    /// Empty when both answer the same, and tell the other connections the same; else what each
    /// said.
    std::string step(const Step& step);
    /// The same of what was told since, without a command of these connections.
    std::string pushes();
    /// Has the real server ever told somebody something unasked?
    bool pushed() const noexcept { return pushed_; }
    /// The same with bytes, in pieces, in the hope of the same bytes.
    std::string bytes(int who, const std::vector<std::string>& pieces);

    /// What the real server is told behind the scenes; the simulated one has `sim().state`.
    std::string configure(const Command& words) { return operator_.command(words); }
    SimRedis& sim() noexcept { return sim_.redis; }
    std::int64_t now_ms() const noexcept { return sim_.now / 1000; }
    /// Waits until a key that was given a short life is gone on the real server, and lets as much
    /// time pass on the other.
    void wait_until_gone(const std::string& key);
    /// Lets as much time pass on the simulated server as has on the other, and a little more.
    void advance();
    /// Does the real server take away expired keys of which nobody asks? At first it does not.
    void let_keys_expire(bool unasked);

  private:
    void operate(const std::string& what);
    void settle();
    std::string compare_pushes();
    std::string compare(const Step& step, std::string real, std::string sim);
    std::string compare_ends();
    Command filled_in(Side& side, const Command& words);

    quorumlock::testing::RespClient operator_;  // one connection: ports are not without end
    RealSide real_side_;
    SimSide sim_;
    std::set<int> used_;
    bool operated_ = false;
    bool pushed_ = false;
};

/// Of this machine.
WallMicros wall_now();

/// A command as a person would write it in a test.
std::string readable(const Step& step);
/// Bytes that may not be printable.
std::string readable(const std::string& bytes);

}  // namespace quorumlock::sim::truth
