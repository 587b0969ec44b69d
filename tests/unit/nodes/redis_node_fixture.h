// What the tests of the Redis node share: a node on a scripted server, and an ear.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "lib/nodes/redis_node.h"
#include "tests/unit/nodes/fake_redis.h"

namespace quorumlock::nodes {

struct Heard {
    std::uint32_t tag = 0;
    Outcome outcome = Outcome::unknown;
    std::int64_t value = 0;
    CauseClass cause = CauseClass::none;
    std::string text{};
    std::int64_t counter = 0;
    bool operator==(const Heard&) const = default;
};

inline void PrintTo(const Heard& heard, std::ostream* out) {
    *out << "#" << heard.tag << " outcome " << static_cast<int>(heard.outcome) << " value "
         << heard.value << " cause " << static_cast<int>(heard.cause) << " text '" << heard.text
         << "' counter " << heard.counter;
}

class RedisNodeTest : public ::testing::Test, public AnswerEvents, public NodeEvents {
  protected:
    using ms = std::chrono::milliseconds;
    using s = std::chrono::seconds;

    RedisNodeTest() {
        uri.host = "10.0.0.1";
        uri.label = "10.0.0.1:6379";
        options.connect_timeout = s(1);
        options.max_backlog = 4;
        options.client_name = "ql";
    }

    /// Makes and opens the node; what happens then is the server's doing.
    void open() {
        node = std::make_unique<RedisNode>(uri, options, env);
        node->open(3, *this);
        env.run();
    }

    static Token token(char c) {
        Token made;
        made.hex.fill(c);
        return made;
    }
    /// What a token looks like in FakeRedis::seen.
    static std::string word(char c) { return std::string(Token::kLength, c); }
    static std::string set(int connection, char c, int ttl_ms) {
        return std::to_string(connection) + ": SET r " + word(c) + " NX PX " +
               std::to_string(ttl_ms);
    }
    static std::string release(int connection, char c) {
        return std::to_string(connection) + ": RELEASE r " + word(c);
    }

    Ticket ask(Step step, char who, std::uint32_t tag, Nanos ttl = s(10), bool remaining = false) {
        const Token mine = token(who);
        Ask ask;
        ask.step = step;
        ask.resource = "r";
        ask.token = &mine;
        ask.ttl = ttl;
        ask.want_remaining = remaining;
        return node->ask(ask, *this, tag);
    }
    Ticket acquire(char who, std::uint32_t tag, Nanos ttl = s(10)) {
        return ask(Step::acquire, who, tag, ttl);
    }
    void undo(char who, Nanos ttl = s(10)) { node->undo("r", token(who), ttl); }

    void on_answer(std::uint32_t tag, const Answer& answer) override {
        heard.push_back({tag, answer.outcome, answer.value,
                         answer.cause != nullptr ? answer.cause->kind : CauseClass::none,
                         answer.cause != nullptr ? answer.cause->text : std::string(answer.text),
                         answer.counter});
        if (then) then();
    }
    void on_node_changed(int index) override {
        EXPECT_EQ(index, 3);
        ready_changes.push_back(node->ready());
    }
    Admission on_greeting(int index, const Greeter& greeter) override {
        EXPECT_EQ(index, 3);
        greeters.push_back({std::string(greeter.run_id), greeter.started, greeter.restarted,
                            greeter.promoted, greeter.clock_ahead});
        return admission;
    }
    std::vector<Heard> take_heard() { return std::exchange(heard, {}); }
    /// Same, without the causes' texts.
    std::vector<Heard> take_outcomes() {
        auto all = take_heard();
        for (auto& one : all) one.text.clear();
        return all;
    }
    std::string cause() const { return node->status().cause.text; }
    CauseClass cause_kind() const { return node->status().cause.kind; }

    testing::FakeEnv env;
    testing::FakeRedis redis{env};
    NodeUri uri;
    NodeOptions options;
    std::unique_ptr<RedisNode> node;
    std::vector<Heard> heard;
    std::vector<bool> ready_changes;
    struct Greeted {
        std::string run_id;
        Instant started;
        bool restarted, promoted;
        std::optional<Nanos> clock_ahead;
    };
    std::vector<Greeted> greeters;
    Admission admission;         ///< What a greeting is answered.
    std::function<void()> then;  ///< Called from within on_answer.
};

}  // namespace quorumlock::nodes
