#include "lib/nodes/memory_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fake_env.h"

namespace quorumlock::nodes {
namespace {

using namespace std::chrono_literals;

struct Heard {
    std::uint32_t tag;
    Outcome outcome;
    std::int64_t value;
    std::string text;
    CauseClass cause;
    bool operator==(const Heard&) const = default;
};

void PrintTo(const Heard& heard, std::ostream* out) {
    *out << "#" << heard.tag << " outcome " << static_cast<int>(heard.outcome) << " value "
         << heard.value << " text '" << heard.text << "' cause " << static_cast<int>(heard.cause);
}

class MemoryNodeTest : public ::testing::Test, public AnswerEvents, public NodeEvents {
  protected:
    MemoryNodeTest() {
        NodeUri uri;
        uri.kind = NodeUri::Kind::memory;
        uri.label = "m";
        node_ = std::make_unique<MemoryNode>(uri, NodeOptions{}, env_);
    }

    void on_answer(std::uint32_t tag, const Answer& answer) override {
        heard_.push_back({tag, answer.outcome, answer.value, std::string(answer.text),
                          answer.cause != nullptr ? answer.cause->kind : CauseClass::none});
        if (then_) then_();
    }
    void on_node_changed(int index) override { changed_.push_back(index); }

    static Token token(char c) {
        Token token;
        token.hex.fill(c);
        return token;
    }

    Ticket ask(Step step, char who, Nanos ttl = 0ms, std::string_view resource = "r") {
        const auto token_of_who = token(who);
        Ask ask;
        ask.step = step;
        ask.resource = resource;
        ask.token = &token_of_who;
        ask.ttl = ttl;
        ask.want_remaining = want_remaining_;
        return node_->ask(ask, *this, ++tag_);
    }

    /// Asks, runs, and answers what was heard: exactly one answer with the right tag.
    Heard answer_to(Step step, char who, Nanos ttl = 0ms, std::string_view resource = "r") {
        heard_.clear();
        ask(step, who, ttl, resource);
        EXPECT_TRUE(heard_.empty()) << "answered from within ask()";
        env_.run();
        EXPECT_EQ(heard_.size(), 1U);
        if (heard_.size() != 1) return {};
        auto heard = heard_.front();
        EXPECT_EQ(heard.tag, tag_);
        heard.tag = 0;
        return heard;
    }

    void open() {
        node_->open(3, *this);
        env_.run();
    }

    static Heard is(Outcome outcome, std::int64_t value = 0, std::string text = {}) {
        return {0, outcome, value, std::move(text), CauseClass::none};
    }
    static Heard taken_by(char who) { return is(Outcome::taken, 0, std::string(32, who)); }

    testing::FakeEnv env_;
    std::unique_ptr<MemoryNode> node_;
    std::vector<Heard> heard_;
    std::vector<int> changed_;
    std::function<void()> then_;
    std::uint32_t tag_ = 0;
    bool want_remaining_ = false;
};

TEST_F(MemoryNodeTest, is_ready_at_once_and_settles_in_a_later_event) {
    EXPECT_FALSE(node_->ready());
    EXPECT_FALSE(node_->settled());
    node_->open(3, *this);
    EXPECT_TRUE(node_->ready());
    EXPECT_FALSE(node_->settled());
    EXPECT_TRUE(changed_.empty());
    env_.run();
    EXPECT_TRUE(node_->settled());
    EXPECT_EQ(changed_, std::vector<int>{3});
    const auto status = node_->status();
    EXPECT_EQ(status.label, "m");
    EXPECT_EQ(status.kind, "memory");
    EXPECT_TRUE(status.ready);
    EXPECT_EQ(status.cause.kind, CauseClass::none);
    EXPECT_EQ(node_->label(), "m");
}

TEST_F(MemoryNodeTest, one_token_holds_a_resource_until_it_is_released) {
    open();
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s), is(Outcome::granted));
    EXPECT_EQ(answer_to(Step::acquire, 'b', 10s), is(Outcome::refused, -1));
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s), is(Outcome::refused, -1));
    EXPECT_EQ(answer_to(Step::acquire, 'b', 10s, "other"), is(Outcome::granted));
    EXPECT_EQ(answer_to(Step::release, 'b'), taken_by('a'));
    EXPECT_EQ(answer_to(Step::release, 'a'), is(Outcome::released));
    EXPECT_EQ(answer_to(Step::release, 'a'), is(Outcome::absent));
    EXPECT_EQ(answer_to(Step::acquire, 'b', 10s), is(Outcome::granted));
}

TEST_F(MemoryNodeTest, a_lease_ends_at_its_ttl_and_not_before) {
    open();
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s), is(Outcome::granted));
    env_.advance(10s - 1ns);
    EXPECT_EQ(answer_to(Step::acquire, 'b', 10s), is(Outcome::refused, -1));
    env_.advance(1ns);
    EXPECT_EQ(answer_to(Step::release, 'a'), is(Outcome::absent));
    EXPECT_EQ(answer_to(Step::acquire, 'b', 10s), is(Outcome::granted));
}

TEST_F(MemoryNodeTest, a_refusal_tells_the_remaining_time_rounded_up_when_asked_to) {
    open();
    want_remaining_ = true;
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s), is(Outcome::granted));
    EXPECT_EQ(answer_to(Step::acquire, 'b', 1s), is(Outcome::refused, 10'000));
    env_.advance(1ns);
    EXPECT_EQ(answer_to(Step::acquire, 'b', 1s), is(Outcome::refused, 10'000));
    env_.advance(1ms);
    EXPECT_EQ(answer_to(Step::acquire, 'b', 1s), is(Outcome::refused, 9'999));
    env_.advance(9998ms);
    EXPECT_EQ(answer_to(Step::acquire, 'b', 1s), is(Outcome::refused, 1));
}

TEST_F(MemoryNodeTest, an_extension_lengthens_and_never_shortens) {
    open();
    EXPECT_EQ(answer_to(Step::extend, 'a', 10s), is(Outcome::absent));
    answer_to(Step::acquire, 'a', 10s);
    EXPECT_EQ(answer_to(Step::extend, 'b', 60s), taken_by('a'));
    EXPECT_EQ(answer_to(Step::extend, 'a', 1s), is(Outcome::extended));
    EXPECT_EQ(answer_to(Step::inspect, 'x'), is(Outcome::taken, 10'000, std::string(32, 'a')));
    EXPECT_EQ(answer_to(Step::extend, 'a', 20s), is(Outcome::extended));
    EXPECT_EQ(answer_to(Step::inspect, 'x'), is(Outcome::taken, 20'000, std::string(32, 'a')));
    env_.advance(20s);
    EXPECT_EQ(answer_to(Step::extend, 'a', 20s), is(Outcome::absent));
}

TEST_F(MemoryNodeTest, inspect_finds_the_holder_and_changes_nothing) {
    open();
    EXPECT_EQ(answer_to(Step::inspect, 'x'), is(Outcome::absent));
    answer_to(Step::acquire, 'a', 1500us);
    EXPECT_EQ(answer_to(Step::inspect, 'x'), is(Outcome::taken, 2, std::string(32, 'a')));
    env_.advance(1500us);
    EXPECT_EQ(answer_to(Step::inspect, 'x'), is(Outcome::absent));
}

TEST_F(MemoryNodeTest, undo_removes_our_token_and_nobody_elses) {
    open();
    answer_to(Step::acquire, 'a', 10s);
    node_->undo("r", token('b'), 10s);
    EXPECT_EQ(answer_to(Step::acquire, 'c', 10s), is(Outcome::refused, -1));
    node_->undo("r", token('a'), 10s);
    EXPECT_EQ(node_->owed(), 0U);
    EXPECT_EQ(answer_to(Step::acquire, 'c', 10s), is(Outcome::granted));
}

TEST_F(MemoryNodeTest, undo_reaches_an_acquire_that_was_given_up) {
    open();
    const auto ticket = ask(Step::acquire, 'a', 10s);
    node_->give_up(ticket, true);
    node_->undo("r", token('a'), 10s);
    env_.run();
    EXPECT_TRUE(heard_.empty());
    EXPECT_EQ(answer_to(Step::inspect, 'x'), is(Outcome::absent));
}

TEST_F(MemoryNodeTest, only_the_ticket_given_up_is_silent) {
    open();
    answer_to(Step::acquire, 'x', 1s, "before");
    heard_.clear();
    ask(Step::acquire, 'a', 10s, "1");
    const auto second = ask(Step::acquire, 'a', 10s, "2");
    ask(Step::acquire, 'a', 10s, "3");
    EXPECT_NE(second, 0U);
    EXPECT_EQ(node_->status().backlog, 3U);
    node_->give_up(second, false);
    env_.run();
    ASSERT_EQ(heard_.size(), 2U);
    EXPECT_EQ(heard_[0].tag, tag_ - 2);
    EXPECT_EQ(heard_[1].tag, tag_);
    EXPECT_EQ(node_->status().backlog, 0U);
    // Answered long ago: no effect on what is asked now.
    ask(Step::acquire, 'a', 10s, "4");
    ask(Step::acquire, 'a', 10s, "5");
    node_->give_up(second, false);
    env_.run();
    EXPECT_EQ(heard_.size(), 4U);
}

TEST_F(MemoryNodeTest, an_answer_may_ask_and_give_up) {
    open();
    std::optional<Ticket> second;
    then_ = [&] {
        if (heard_.size() != 1) return;
        node_->give_up(*second, false);
        ask(Step::inspect, 'x');
    };
    ask(Step::acquire, 'a', 10s);
    second = ask(Step::acquire, 'b', 10s);
    env_.run();
    ASSERT_EQ(heard_.size(), 2U);
    EXPECT_EQ(heard_[0].outcome, Outcome::granted);
    EXPECT_EQ(heard_[1],
              (Heard{3, Outcome::taken, 10'000, std::string(32, 'a'), CauseClass::none}));
}

TEST_F(MemoryNodeTest, nothing_is_applied_before_open_or_after_close) {
    auto heard = answer_to(Step::acquire, 'a', 10s);
    EXPECT_EQ(heard.outcome, Outcome::failed);
    EXPECT_EQ(heard.cause, CauseClass::unreachable);
    open();
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s, "kept"), is(Outcome::granted));
    ask(Step::acquire, 'a', 10s, "under way");
    heard_.clear();
    node_->close();
    env_.run();
    ASSERT_EQ(heard_.size(), 1U);
    EXPECT_EQ(heard_[0].outcome, Outcome::granted);
    EXPECT_FALSE(node_->ready());
    heard = answer_to(Step::acquire, 'b', 10s);
    EXPECT_EQ(heard.outcome, Outcome::failed);
    EXPECT_EQ(heard.cause, CauseClass::closed);
    EXPECT_EQ(node_->keys(), 2U);
    node_->undo("kept", token('a'), 10s);
    EXPECT_EQ(node_->keys(), 1U);
}

TEST_F(MemoryNodeTest, may_be_destroyed_with_answers_under_way) {
    open();
    ask(Step::acquire, 'a', 10s);
    node_.reset();
    env_.run();
    EXPECT_TRUE(heard_.empty());
}

TEST_F(MemoryNodeTest, expired_keys_do_not_pile_up) {
    open();
    std::size_t most = 0;
    for (int i = 0; i < 20'000; ++i) {
        answer_to(Step::acquire, 'a', 10ms, "r" + std::to_string(i));
        env_.advance(1ms);
        most = std::max(most, node_->keys());
    }
    // Ten are live at any time.
    EXPECT_LE(most, 40U);
}

TEST_F(MemoryNodeTest, answers_as_a_plain_map_with_expiries_would) {
    open();
    struct Entry {
        char who;
        Instant expiry;
    };
    std::map<std::string, Entry> model;
    for (int i = 0; i < 30'000; ++i) {
        const auto dice = env_.random_u64();
        const std::string resource(1 + dice % 3, static_cast<char>('A' + dice / 3 % 4));
        const char who = dice / 16 % 2 == 0 ? 'a' : 'b';
        const Nanos ttl = std::chrono::milliseconds(10 + dice / 32 % 40);
        const auto step = std::array{Step::acquire, Step::extend, Step::release}[dice / 2048 % 3];
        env_.advance(std::chrono::milliseconds(dice / 8192 % 4));
        std::erase_if(model, [&](const auto& each) { return each.second.expiry <= env_.now(); });
        const auto at = model.find(resource);
        const bool there = at != model.end();
        auto expected = is(Outcome::absent);
        if (step == Step::acquire) {
            expected = there ? is(Outcome::refused, -1) : is(Outcome::granted);
            if (!there) model[resource] = {who, env_.now() + ttl};
        } else if (there && at->second.who != who) {
            expected = taken_by(at->second.who);
        } else if (there && step == Step::extend) {
            expected = is(Outcome::extended);
            at->second.expiry = std::max(at->second.expiry, env_.now() + ttl);
        } else if (there) {
            expected = is(Outcome::released);
            model.erase(at);
        }
        ASSERT_EQ(answer_to(step, who, ttl, resource), expected) << "step " << i;
    }
}

TEST_F(MemoryNodeTest, resources_are_bytes) {
    open();
    const std::string_view zero("a\0b", 3);
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s, zero), is(Outcome::granted));
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s, "a"), is(Outcome::granted));
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s, zero), is(Outcome::refused, -1));
    const std::string longest(4096, 'x');
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s, longest), is(Outcome::granted));
    EXPECT_EQ(answer_to(Step::acquire, 'a', 10s, longest + "y"), is(Outcome::granted));
}

// Rules W5, W6.
TEST_F(MemoryNodeTest, a_transfer_takes_the_givers_key_or_none_and_nobody_elses) {
    const auto transfer = [&](char from, char to) {
        const Token giver = token(from);
        const Token taker = token(to);
        heard_.clear();
        node_->ask({.step = Step::transfer,
                    .resource = "r",
                    .token = &taker,
                    .ttl = 1s,
                    .from = &giver,
                    .from_ttl = 1s},
                   *this, ++tag_);
        EXPECT_TRUE(heard_.empty());
        env_.run();
        EXPECT_EQ(heard_.size(), 1U);
        return heard_.empty() ? Heard{} : heard_.front();
    };
    open();
    ASSERT_EQ(answer_to(Step::acquire, 'a', 1s).outcome, Outcome::granted);
    Heard heard = transfer('a', 'b');
    EXPECT_EQ(heard.outcome, Outcome::granted);
    EXPECT_EQ(heard.value, 1);
    EXPECT_EQ(transfer('a', 'c').outcome, Outcome::refused);
    EXPECT_EQ(answer_to(Step::release, 'b').outcome, Outcome::released);
    heard = transfer('b', 'c');
    EXPECT_EQ(heard.outcome, Outcome::granted);
    EXPECT_EQ(heard.value, 0);
    EXPECT_EQ(answer_to(Step::release, 'b').outcome, Outcome::taken);
    node_->close();
    heard = transfer('c', 'd');
    EXPECT_EQ(heard.outcome, Outcome::failed);
    EXPECT_EQ(heard.cause, CauseClass::closed);
}

}  // namespace
}  // namespace quorumlock::nodes
