// Whatever is said in whatever order, both servers answer the same.
#include "tests/sim/truth/random_steps.h"
#include "tests/sim/truth/truth_fixture.h"

namespace quorumlock::sim::truth {
namespace {

/// Each on a server of its own.
class TruthRandom : public ::testing::TestWithParam<std::uint64_t> {
  protected:
    static constexpr std::uint64_t kBlock = 500;

    /// What differs first, and the steps up to there; empty when nothing does.
    std::string run(const std::vector<Step>& steps) {
        Twins twins(real_);
        std::string said;
        for (const Step& step : steps) {
            said += "  " + readable(step) + "\n";
            const std::string difference = twins.step(step);
            if (!difference.empty()) return said + difference;
        }
        if (twins.pushed()) ++with_pushes_;
        return {};
    }

    void try_seeds(std::uint64_t first, std::uint64_t count) {
        constexpr int kSteps = 40;
        for (std::uint64_t seed = first; seed < first + count; ++seed) {
            const auto steps = RandomSteps(seed, wall_now() / 1000).sequence(kSteps);
            const std::string difference = run(steps);
            if (difference.empty()) continue;
            const std::vector<Step> fewer =
                shrunk(steps, [this](const auto& some) { return !run(some).empty(); });
            FAIL() << "seed " << seed << " shrunk to:\n" << run(fewer) << "from:\n" << difference;
        }
    }

    quorumlock::testing::RedisServer real_;
    int with_pushes_ = 0;
};

TEST_P(TruthRandom, sequences_of_commands) {
    try_seeds(GetParam() * kBlock + 1, kBlock);
    if (HasFailure()) return;
    EXPECT_GT(with_pushes_, static_cast<int>(kBlock / 10));
}

INSTANTIATE_TEST_SUITE_P(Block, TruthRandom, ::testing::Range<std::uint64_t>(0, 4));

}  // namespace
}  // namespace quorumlock::sim::truth
