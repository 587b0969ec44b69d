#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/truth/catalogue.h"
#include "tests/sim/truth/twins.h"
#include "tests/support/redis_server.h"

namespace quorumlock::sim::truth {

/// A real server and its simulated twin, for one test.
class Truth : public ::testing::Test {
  protected:
    explicit Truth(const quorumlock::testing::RedisOptions& options = {})
        : real(options), twins(real, options.password) {}

    void SetUp() override {
        const std::string server = twins.configure({"INFO", "server"});
        if (server.find("redis_version:7.0.15\r\n") == std::string::npos) {
            GTEST_SKIP() << "Redis 7.0.15 is simulated, and here is another";
        }
    }

    void same(int who, const Command& words) {
        const Step step{who, words};
        const std::string difference = twins.step(step);
        if (!difference.empty()) ADD_FAILURE() << readable(step) << "\n" << difference;
    }
    /// On connection 1.
    void same(const Command& words) { same(1, words); }
    void all_same(const std::vector<Command>& commands) {
        for (const Command& words : commands) same(words);
    }

    /// Of what was told unasked since the last command.
    void same_pushes() {
        const std::string difference = twins.pushes();
        if (!difference.empty()) ADD_FAILURE() << difference;
    }

    /// Bytes in pieces.
    void same_bytes(const std::vector<std::string>& pieces) {
        const std::string difference = twins.bytes(1, pieces);
        if (!difference.empty()) ADD_FAILURE() << readable(pieces.front()) << "\n" << difference;
    }

    quorumlock::testing::RedisServer real;
    Twins twins;
};

}  // namespace quorumlock::sim::truth
