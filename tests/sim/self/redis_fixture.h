// A simulated server, what it told, and a way to talk to it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/resp/writer.h"
#include "tests/sim/sim_redis.h"

namespace quorumlock::sim {

inline std::string encoded(std::initializer_list<std::string_view> words) {
    std::string bytes;
    resp::append_command(bytes, words);
    return bytes;
}

/// Every event as a line: "1: GET k", "set k=v until 5000 by 1", "gone k=v expired by 0".
class EventLog final : public SimRedisEvents {
  public:
    void on_key_set(std::string_view key, std::string_view value, WallMicros expires,
                    ClientId by) override {
        const std::string until = expires == kNoExpiry ? "" : " until " + std::to_string(expires);
        add("set " + pair(key, value) + until + " by " + std::to_string(by));
    }
    void on_key_gone(std::string_view key, std::string_view value, Gone why, ClientId by) override {
        static const char* const kWhy[] = {"deleted", "expired", "overwritten", "flushed",
                                           "crashed"};
        add("gone " + pair(key, value) + " " + kWhy[static_cast<std::size_t>(why)] + " by " +
            std::to_string(by));
    }
    void on_command(ClientId by, const std::vector<std::string_view>& words) override {
        std::string line = std::to_string(by) + ":";
        for (const std::string_view word : words) line += " " + std::string(word);
        add(line);
    }

    /// What happened since the last time it was asked, without commands.
    std::vector<std::string> changes() {
        std::vector<std::string> some;
        for (const std::string& line : take()) {
            if (line.starts_with("set ") || line.starts_with("gone ")) some.push_back(line);
        }
        return some;
    }
    std::vector<std::string> take() { return std::exchange(lines_, {}); }

  private:
    static std::string pair(std::string_view key, std::string_view value) {
        return std::string(key) + "=" + std::string(value);
    }
    void add(std::string line) { lines_.push_back(std::move(line)); }

    std::vector<std::string> lines_;
};

class RedisFixture : public ::testing::Test {
  protected:
    using Lines = std::vector<std::string>;

    /// The reply of a client that is there.
    std::string say(ClientId client, std::initializer_list<std::string_view> words) {
        redis.receive(client, encoded(words), now);
        return std::exchange(redis.output(client), {});
    }
    std::string say(std::initializer_list<std::string_view> words) { return say(me, words); }

    EventLog events;
    WallMicros now = 1'000'000'000;
    SimRedis redis{7, now, &events};
    ClientId me = redis.accept(now);
};

}  // namespace quorumlock::sim
