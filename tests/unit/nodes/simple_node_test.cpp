// The book that every node of users' own is spared: when a step is performed, and who hears of it.
#include <quorumlock/simple_node.h>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/service/node_loop.h"
#include "lib/testing/serial_runner.h"

namespace quorumlock::nodes {
namespace {

using namespace std::chrono_literals;

/// Performs nothing: keeps what it was asked until the test replies.
class Store final : public SimpleNode {
  public:
    explicit Store(std::shared_ptr<Loop> loop) : SimpleNode(std::move(loop), "store", "s") {}
    void perform(const Ask& ask, Reply reply) override {
        static constexpr const char* kNames[] = {"acquire", "raise",   "extend",
                                                 "heal",    "release", "inspect"};
        asked.push_back(kNames[static_cast<int>(ask.step)] + std::string(" ") +
                        std::string(ask.resource) + " " + ask.token->hex[0]);
        replies.emplace_back(std::move(reply));
    }
    Abilities abilities() const noexcept override { return can; }
    using SimpleNode::set_ready;

    void reply(std::size_t i, Outcome outcome) { replies[i](Answer{.outcome = outcome}); }

    std::vector<std::string> asked;
    std::vector<Reply> replies;
    Abilities can{};
};

class SimpleNodeTest : public ::testing::Test, public AnswerEvents, public NodeEvents {
  protected:
    SimpleNodeTest() : node(loop) { node.open(0, *this); }
    ~SimpleNodeTest() override {
        node.replies.clear();
        loop->end();
    }

    void on_answer(std::uint32_t its_tag, const Answer& answer) override {
        heard.push_back(std::to_string(its_tag) + " " +
                        std::to_string(static_cast<int>(answer.outcome)) +
                        (answer.cause != nullptr ? " " + answer.cause->text : ""));
    }
    void on_node_changed(int) override { ++changes; }

    static Token token(char c) {
        Token token;
        token.hex.fill(c);
        return token;
    }
    Ticket ask(Step step, char who, const std::string& resource = "r") {
        const Token its = token(who);
        const Ticket ticket =
            node.ask({.step = step, .resource = resource, .token = &its, .ttl = 10s}, *this, ++tag);
        return ticket;
    }
    static std::string is(int tag, Outcome outcome, const std::string& why = "") {
        return std::to_string(tag) + " " + std::to_string(static_cast<int>(outcome)) +
               (why.empty() ? "" : " " + why);
    }
    using Words = std::vector<std::string>;

    testing::VirtualEnv env;
    testing::SerialRunner runner{env};
    std::shared_ptr<detail::NodeLoop> loop = std::make_shared<detail::NodeLoop>(env, runner);
    Store node;
    Words heard;
    int changes = 0;
    std::uint32_t tag = 0;
};

TEST_F(SimpleNodeTest, a_reply_is_heard_in_a_later_event_and_once) {
    ask(Step::acquire, 'a');
    node.reply(0, Outcome::granted);
    node.reply(0, Outcome::refused);
    EXPECT_EQ(heard, Words{});
    env.run();
    EXPECT_EQ(heard, Words{is(1, Outcome::granted)});
    EXPECT_EQ(node.owed(), 0U);
    EXPECT_EQ(node.status().backlog, 0U);
}

TEST_F(SimpleNodeTest, a_reply_that_is_dropped_says_unknown) {
    ask(Step::acquire, 'a');
    node.replies.clear();
    env.run();
    EXPECT_EQ(heard, Words{is(1, Outcome::unknown, "the node let go of the step unanswered")});
}

TEST_F(SimpleNodeTest, what_is_given_up_stays_silent) {
    const Ticket first = ask(Step::acquire, 'a');
    ask(Step::inspect, 'a');
    node.give_up(first, true);
    node.reply(0, Outcome::granted);
    node.reply(1, Outcome::absent);
    env.run();
    EXPECT_EQ(heard, Words{is(2, Outcome::absent)});
}

TEST_F(SimpleNodeTest, an_undo_waits_for_the_reply_to_its_acquire_and_then_releases) {
    node.give_up(ask(Step::acquire, 'a'), true);
    node.undo("r", token('a'), 10s);
    env.advance(30s);
    EXPECT_EQ(node.asked, (Words{"acquire r a"}));
    EXPECT_EQ(node.owed(), 1U);
    node.reply(0, Outcome::unknown);
    env.run();
    EXPECT_EQ(node.asked, (Words{"acquire r a", "release r a"}));
    EXPECT_EQ(node.owed(), 1U);
    node.reply(1, Outcome::absent);
    env.run();
    EXPECT_EQ(node.owed(), 0U);
}

TEST_F(SimpleNodeTest, an_undo_of_what_was_certainly_not_applied_asks_nothing) {
    node.give_up(ask(Step::acquire, 'a'), true);
    node.undo("r", token('a'), 10s);
    node.reply(0, Outcome::failed);
    env.run();
    EXPECT_EQ(node.asked.size(), 1U);
    EXPECT_EQ(node.owed(), 0U);
}

TEST_F(SimpleNodeTest, an_undo_is_performed_again_until_it_is_answered) {
    node.undo("r", token('a'), 10s);
    node.reply(0, Outcome::unknown);
    env.advance(99ms);
    EXPECT_EQ(node.asked.size(), 1U);
    env.advance(1ms);
    EXPECT_EQ(node.asked.size(), 2U);
    node.reply(1, Outcome::failed);
    env.advance(200ms);
    EXPECT_EQ(node.asked.size(), 3U);
    node.reply(2, Outcome::released);
    env.run();
    EXPECT_EQ(node.owed(), 0U);
}

TEST_F(SimpleNodeTest, an_undo_ends_with_the_lease) {
    node.undo("r", token('a'), 10s);
    for (std::size_t i = 0; node.owed() != 0; ++i) {
        ASSERT_LT(i, 100U);
        ASSERT_EQ(node.asked.size(), i + 1);
        node.reply(i, Outcome::unknown);
        env.advance(2s);
    }
    EXPECT_GE(env.now(), Instant(1000s) + 10s);
    EXPECT_LE(env.now(), Instant(1000s) + 16s);
}

// Rule N5.
TEST_F(SimpleNodeTest, an_acquire_stands_behind_the_undo_of_its_resource) {
    node.undo("r", token('a'), 10s);
    ask(Step::acquire, 'b');
    ask(Step::acquire, 'b', "other");
    EXPECT_EQ(node.asked, (Words{"release r a", "acquire other b"}));
    node.reply(0, Outcome::released);
    env.run();
    EXPECT_EQ(node.asked.back(), "acquire r b");
}

TEST_F(SimpleNodeTest, a_release_stands_behind_its_acquire) {
    ask(Step::acquire, 'a');
    const Ticket release = ask(Step::release, 'a');
    ask(Step::release, 'b');
    EXPECT_EQ(node.asked, (Words{"acquire r a", "release r b"}));
    node.give_up(release, false);  // what was asked stays asked
    node.reply(0, Outcome::granted);
    env.run();
    EXPECT_EQ(node.asked.back(), "release r a");
}

TEST_F(SimpleNodeTest, an_acquire_undone_while_it_waits_is_never_performed) {
    node.undo("r", token('a'), 10s);
    node.give_up(ask(Step::acquire, 'b'), false);
    node.undo("r", token('b'), 10s);
    node.reply(0, Outcome::released);
    env.advance(30s);
    EXPECT_EQ(node.asked, (Words{"release r a"}));
    EXPECT_EQ(node.owed(), 0U);
}

TEST_F(SimpleNodeTest, what_it_cannot_do_is_not_asked_of_the_store) {
    node.can.extend = node.can.inspect = false;
    ask(Step::extend, 'a');
    ask(Step::inspect, 'a');
    env.run();
    EXPECT_EQ(heard, (Words{is(1, Outcome::failed, "a store node cannot do this"),
                            is(2, Outcome::failed, "a store node cannot do this")}));
    EXPECT_EQ(node.asked, Words{});
}

TEST_F(SimpleNodeTest, a_store_that_cannot_be_asked_fails_with_the_cause) {
    env.run();
    EXPECT_EQ(changes, 1);
    node.set_ready(false, {CauseClass::busy, "loading"});
    EXPECT_FALSE(node.ready());
    ask(Step::acquire, 'a');
    env.run();
    EXPECT_EQ(heard, Words{is(1, Outcome::failed, "loading")});
    EXPECT_EQ(node.status().cause.text, "loading");
    EXPECT_EQ(changes, 2);
    node.set_ready(true);
    ask(Step::acquire, 'a');
    EXPECT_EQ(node.asked.size(), 1U);
}

TEST_F(SimpleNodeTest, the_backlog_is_bounded_and_an_undo_is_let_in) {
    for (std::size_t i = 0; i < SimpleNode::kMaxBacklog; ++i) ask(Step::inspect, 'a');
    ask(Step::acquire, 'b');
    env.run();
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_NE(heard[0].find("backlog"), std::string::npos);
    node.undo("r", token('c'), 10s);
    EXPECT_EQ(node.asked.back(), "release r c");
}

TEST_F(SimpleNodeTest, close_answers_what_is_open) {
    ask(Step::acquire, 'a');
    ask(Step::release, 'a');
    node.close();
    ask(Step::acquire, 'c');
    env.run();
    EXPECT_EQ(heard, (Words{is(1, Outcome::unknown, "the service is closing"),
                            is(2, Outcome::failed, "the service is closing"),
                            is(3, Outcome::failed, "the service is closing")}));
    node.reply(0, Outcome::granted);
    env.run();
    EXPECT_EQ(heard.size(), 3U);
}

}  // namespace
}  // namespace quorumlock::nodes
