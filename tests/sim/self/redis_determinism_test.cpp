// The same bytes at the same times give the same replies and the same events, whatever else this
// process has simulated before.
#include "tests/sim/redis_sha1.h"
#include "tests/sim/self/redis_fixture.h"
#include "tests/sim/truth/random_steps.h"

namespace quorumlock::sim {
namespace {

/// Everything that was seen of a server through a sequence of commands, in one number.
std::string transcript(std::uint64_t seed) {
    EventLog events;
    truth::SimSide side(1'000'000'000, &events);
    std::string all;
    for (const truth::Step& step : truth::RandomSteps(seed, 1'000'000).sequence(200)) {
        if (step.who == truth::kOperator) continue;
        side.now += 137'000;
        all += side.ask(step.who, step.words) + "\n";
        for (int who = 1; who <= 3; ++who) {
            if (side.ended(who, false)) side.drop(who);
        }
    }
    side.redis.flush_all(side.now);
    for (const std::string& line : events.take()) all += line + "\n";
    return sha1_hex(all);
}

TEST(SimRedisDeterminism, a_sequence_is_the_same_every_time) {
    std::vector<std::string> first;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) first.push_back(transcript(seed));
    for (std::uint64_t seed = 50; seed >= 1; --seed) {
        EXPECT_EQ(transcript(seed), first[seed - 1]) << "seed " << seed;
    }
    EXPECT_NE(first[0], first[1]);
}

}  // namespace
}  // namespace quorumlock::sim
