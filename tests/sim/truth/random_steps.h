// Sequences of commands by chance: three keys, three connections, the project's scripts, wrong
// words, kills, and servers that change their state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/truth/twins.h"

namespace quorumlock::sim::truth {

class RandomSteps {
  public:
    /// The same seed gives the same steps, but for points in time, which are counted from `now_ms`.
    RandomSteps(std::uint64_t seed, std::int64_t now_ms);

    /// So many steps, then a look at every key.
    std::vector<Step> sequence(int length);

  private:
    Command command();
    Command set();
    Command expire();
    Command count();
    Command read();
    Command script();
    Command own_script();
    Command connection();
    Command server();
    Command scrambled();
    Command waiting();
    std::vector<Step> listening();

    std::uint64_t below(std::uint64_t bound);
    bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }
    std::string any(const std::vector<std::string>& choices) {
        return choices[below(choices.size())];
    }
    std::string key();
    std::string value();
    /// A long time, never the same again in a sequence, so that comparing two never hangs on when
    /// exactly they were said.
    std::string ms();
    std::string id();

    std::uint64_t state_;
    std::int64_t now_ms_;
    std::vector<std::int64_t> times_;  // in tens of seconds, shuffled
};

/// Shortens the steps as long as `fails` says so of what is left.
template <typename Fails>
std::vector<Step> shrunk(std::vector<Step> steps, Fails fails) {
    for (std::size_t piece = steps.size() / 2; piece > 0;) {
        bool shorter = false;
        for (std::size_t at = 0; at + piece <= steps.size();) {
            std::vector<Step> fewer = steps;
            const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
            fewer.erase(from, from + static_cast<std::ptrdiff_t>(piece));
            if (fails(fewer)) {
                steps = std::move(fewer);
                shorter = true;
            } else {
                at += piece;
            }
        }
        if (!shorter || piece > 1) piece = shorter ? piece : piece / 2;
    }
    return steps;
}

}  // namespace quorumlock::sim::truth
