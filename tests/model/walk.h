// What every test of a model does with it: walks through it, and tells how far that was.
#pragma once

#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "tests/model/exhaust.h"

namespace quorumlock::model {

template <class Model>
Verdict walk(Model& model, std::size_t most_states = std::numeric_limits<std::size_t>::max()) {
    Verdict verdict = exhaust(model, most_states);
    ::testing::Test::RecordProperty("states", std::to_string(verdict.states));
    std::printf("%zu states, %zu moves, up to %zu steps%s\n%s", verdict.states, verdict.moves,
                verdict.depth, verdict.capped ? ", capped" : "", verdict.failure.c_str());
    return verdict;
}

/// `states`: how many there are to walk through.
template <class World, class Rules>
void expect_holds(const Rules& rules, std::size_t states) {
    World world(rules);
    const Verdict verdict = walk(world);
    EXPECT_EQ(verdict.failure, "");
    EXPECT_FALSE(verdict.capped);
    EXPECT_EQ(verdict.states, states);
}

/// The first line of a failure without its number of steps.
inline std::string finding(const Verdict& verdict) {
    return verdict.failure.substr(0, verdict.failure.find(", after "));
}

}  // namespace quorumlock::model
