// The contract of one node (quorumlock/node.h), beneath any service: what the quorum core relies
// upon. Also for nodes that are derived from Node itself. Needs quorumlock::testing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include <quorumlock/testing/conformance/provider.h>
#include <quorumlock/testing/node_probe.h>

namespace quorumlock::testing {

/// The first live node of a provider, alone.
class NodeTest : public ::testing::TestWithParam<Provider> {
  protected:
    using Outcome = nodes::Outcome;
    using Step = nodes::Step;
    static constexpr auto kLongTtl = std::chrono::seconds(30);
    /// Longer than becomes_free() waits, and yet short: some kinds owe an undo until it has passed.
    static constexpr auto kUndoneTtl = std::chrono::seconds(12);

    void SetUp() override {
        world_ = GetParam().world();
        if (!world_) GTEST_SKIP() << "the provider " << GetParam().name << " is not here";
        const auto uris = world_->uris();
        const auto first = static_cast<std::size_t>(GetParam().dead);
        if (uris.size() > first) {
            node_.emplace(uris[first]);
        } else {
            node_.emplace(world_->nodes().at(first - uris.size()));
        }
        ASSERT_TRUE(node().settled());
    }
    void TearDown() override {
        if (node_) {
            EXPECT_EQ(node().early_answers(), 0) << "an answer from within ask()";
        }
    }

    const Cannot& cannot() const { return GetParam().cannot; }
    NodeProbe& node() { return *node_; }
    ::testing::AssertionResult answers(Outcome outcome, Step step, char who, Nanos ttl = Nanos{0},
                                       std::string_view resource = "r") {
        const NodeProbe::Heard heard = node().ask(step, who, ttl, resource);
        if (heard.answered && heard.outcome == outcome) return ::testing::AssertionSuccess();
        if (!heard.answered) return ::testing::AssertionFailure() << "no answer";
        return ::testing::AssertionFailure() << "outcome " << static_cast<int>(heard.outcome)
                                             << ", cause " << static_cast<int>(heard.cause);
    }
    /// A free key may be seen late, where an undo is repeated or a lease is rounded up.
    ::testing::AssertionResult becomes_free(char who, std::string_view resource = "r") {
        if (eventually([&] {
                return node().ask(Step::acquire, who, kLongTtl, resource).outcome ==
                       Outcome::granted;
            })) {
            return ::testing::AssertionSuccess();
        }
        return ::testing::AssertionFailure() << "still held";
    }

  private:
    std::unique_ptr<ProviderWorld> world_;
    std::optional<NodeProbe> node_;
};

TEST_P(NodeTest, it_says_who_it_is_and_what_it_can_do) {
    const nodes::NodeStatus status = node().status();
    EXPECT_TRUE(status.ready) << status.cause.text;
    EXPECT_EQ(status.kind, GetParam().kind);
    EXPECT_FALSE(status.label.empty());
    EXPECT_EQ(node().abilities().extend, !cannot().extend);
    EXPECT_EQ(node().abilities().inspect, !cannot().inspect);
    EXPECT_EQ(node().abilities().fence, !cannot().fence);
    EXPECT_EQ(node().abilities().heal, !cannot().heal);
    EXPECT_EQ(node().abilities().transfer, !cannot().transfer);
    EXPECT_EQ(node().abilities().any_name, !cannot().any_name);
}

TEST_P(NodeTest, one_token_holds_a_resource_until_it_is_released) {
    EXPECT_TRUE(answers(Outcome::granted, Step::acquire, 'a', kLongTtl));
    EXPECT_TRUE(answers(Outcome::refused, Step::acquire, 'b', kLongTtl));
    EXPECT_TRUE(answers(Outcome::granted, Step::acquire, 'b', kLongTtl, "other"));
    EXPECT_TRUE(answers(Outcome::taken, Step::release, 'b', kLongTtl));
    EXPECT_TRUE(answers(Outcome::released, Step::release, 'a', kLongTtl));
    EXPECT_TRUE(answers(Outcome::absent, Step::release, 'a', kLongTtl));
    EXPECT_TRUE(answers(Outcome::granted, Step::acquire, 'b', kLongTtl));
}

TEST_P(NodeTest, every_ask_has_one_answer) {
    for (int i = 0; i < 20; ++i) {
        const std::string resource = "r" + std::to_string(i % 3);
        (void)node().ask(Step::acquire, 'a', kLongTtl, resource);
        (void)node().ask(Step::release, 'a', kLongTtl, resource);
    }
    EXPECT_EQ(node().answers(), 40);
}

TEST_P(NodeTest, a_lease_ends_and_not_before_its_ttl) {
    const Instant before = node().now();
    ASSERT_TRUE(answers(Outcome::granted, Step::acquire, 'a', 300ms));
    ASSERT_TRUE(becomes_free('b'));
    EXPECT_GE(node().now() - before, 300ms);
}

// Rule E2.
TEST_P(NodeTest, an_extension_lengthens_and_never_shortens) {
    if (cannot().extend) GTEST_SKIP() << "see what_it_cannot_do_fails_plainly";
    EXPECT_TRUE(answers(Outcome::absent, Step::extend, 'a', kLongTtl));
    ASSERT_TRUE(answers(Outcome::granted, Step::acquire, 'a', 300ms));
    EXPECT_TRUE(answers(Outcome::taken, Step::extend, 'b', kLongTtl));
    ASSERT_TRUE(answers(Outcome::extended, Step::extend, 'a', kLongTtl));
    ASSERT_TRUE(answers(Outcome::extended, Step::extend, 'a', 10ms));
    std::this_thread::sleep_for(350ms);  // both of the short leases
    EXPECT_TRUE(answers(Outcome::refused, Step::acquire, 'b', kLongTtl));
}

TEST_P(NodeTest, inspect_finds_the_holder_and_the_rest_of_the_lease) {
    if (cannot().inspect) GTEST_SKIP() << "see what_it_cannot_do_fails_plainly";
    EXPECT_TRUE(answers(Outcome::absent, Step::inspect, 'x'));
    ASSERT_TRUE(answers(Outcome::granted, Step::acquire, 'a', kLongTtl));
    const NodeProbe::Heard found = node().ask(Step::inspect, 'x');
    EXPECT_EQ(found.outcome, Outcome::taken);
    EXPECT_EQ(found.text, std::string(32, 'a'));
    EXPECT_GT(found.value, 0);
    EXPECT_LE(found.value, 30'000);
}

TEST_P(NodeTest, a_refusal_tells_the_rest_of_the_lease_when_asked_to) {
    if (cannot().tell_remaining) GTEST_SKIP() << "it cannot";
    ASSERT_TRUE(answers(Outcome::granted, Step::acquire, 'a', kLongTtl));
    const NodeProbe::Heard told = node().ask(
        {.step = Step::acquire, .resource = "r", .ttl = kLongTtl, .want_remaining = true}, 'b');
    EXPECT_EQ(told.outcome, Outcome::refused);
    EXPECT_GT(told.value, 0);
    EXPECT_LE(told.value, 30'000);
}

TEST_P(NodeTest, what_it_cannot_do_fails_plainly) {
    const auto fails = [&](bool unable, Step step) {
        if (!unable) return;
        const NodeProbe::Heard heard = step == Step::transfer ? node().transfer('b', 'a', kLongTtl)
                                                              : node().ask(step, 'a', kLongTtl);
        EXPECT_EQ(heard.outcome, Outcome::failed);
        EXPECT_EQ(heard.cause, CauseClass::unsupported);
    };
    fails(cannot().extend, Step::extend);
    fails(cannot().inspect, Step::inspect);
    fails(cannot().fence, Step::raise);
    fails(cannot().heal, Step::heal);
    fails(cannot().transfer, Step::transfer);
}

// Rules F1 and F2.
TEST_P(NodeTest, counters_count_and_are_raised_for_the_holder_and_never_lowered) {
    if (cannot().fence) GTEST_SKIP() << "see what_it_cannot_do_fails_plainly";
    const nodes::Ask acquire{
        .step = Step::acquire, .resource = "r", .ttl = kLongTtl, .fence = true};
    const std::int64_t first = node().ask(acquire, 'a').counter;
    ASSERT_GT(first, 0);
    const auto raise = [&](std::int64_t counter, char who) {
        return node().ask({.step = Step::raise, .resource = "r", .counter = counter}, who).outcome;
    };
    EXPECT_EQ(raise(first + 10, 'a'), Outcome::raised);
    EXPECT_EQ(raise(first + 20, 'b'), Outcome::absent) << "it does not hold the key";
    EXPECT_EQ(raise(first, 'a'), Outcome::absent) << "never lowered";
    EXPECT_TRUE(answers(Outcome::released, Step::release, 'a', kLongTtl));
    EXPECT_EQ(node().ask(acquire, 'b').counter, first + 11);
}

// Rule H1.
TEST_P(NodeTest, heal_puts_a_key_back_where_there_is_none) {
    if (cannot().heal) GTEST_SKIP() << "see what_it_cannot_do_fails_plainly";
    EXPECT_TRUE(answers(Outcome::healed, Step::heal, 'a', kLongTtl));
    EXPECT_TRUE(answers(Outcome::refused, Step::acquire, 'b', kLongTtl));
    EXPECT_TRUE(answers(Outcome::taken, Step::heal, 'b', kLongTtl));
    EXPECT_TRUE(answers(Outcome::released, Step::release, 'a', kLongTtl));
}

// Rule W5.
TEST_P(NodeTest, a_transfer_takes_the_givers_key_or_none_and_nobody_elses) {
    if (cannot().transfer) GTEST_SKIP() << "see what_it_cannot_do_fails_plainly";
    const bool fence = !cannot().fence;
    const std::int64_t first =
        node()
            .ask({.step = Step::acquire, .resource = "r", .ttl = kLongTtl, .fence = fence}, 'a')
            .counter;
    const NodeProbe::Heard handed = node().transfer('a', 'b', kLongTtl, "r", fence);
    ASSERT_EQ(handed.outcome, Outcome::granted);
    EXPECT_EQ(handed.value, 1) << "the key was the giver's";
    EXPECT_EQ(handed.counter, fence ? first + 1 : 0);
    EXPECT_TRUE(answers(Outcome::taken, Step::release, 'a', kLongTtl));
    EXPECT_EQ(node().transfer('a', 'c', kLongTtl).outcome, Outcome::refused);
    EXPECT_TRUE(answers(Outcome::released, Step::release, 'b', kLongTtl));
    const NodeProbe::Heard free = node().transfer('b', 'c', kLongTtl);
    EXPECT_EQ(free.outcome, Outcome::granted);
    EXPECT_EQ(free.value, 0) << "there was no key";
    EXPECT_TRUE(answers(Outcome::refused, Step::acquire, 'd', kLongTtl));
    EXPECT_TRUE(answers(Outcome::released, Step::release, 'c', kLongTtl));
}

TEST_P(NodeTest, what_was_given_up_stays_silent) {
    node().ask_and_give_up(Step::acquire, 'a', kUndoneTtl, "given up");
    (void)node().ask(Step::acquire, 'b', kLongTtl);
    EXPECT_TRUE(node().undo('a', kUndoneTtl, "given up"));
    (void)node().ask(Step::release, 'b', kLongTtl);
    EXPECT_EQ(node().answers(), 2);
}

// Rules A6 and N5.
TEST_P(NodeTest, an_undo_reaches_an_acquire_that_was_given_up) {
    node().ask_and_give_up(Step::acquire, 'a', kUndoneTtl);
    ASSERT_TRUE(node().undo('a', kUndoneTtl)) << "it is still owed";
    EXPECT_TRUE(becomes_free('b'));
}

TEST_P(NodeTest, an_undo_takes_what_was_granted_and_nobody_elses) {
    ASSERT_TRUE(answers(Outcome::granted, Step::acquire, 'a', kLongTtl));
    ASSERT_TRUE(node().undo('b', kLongTtl));
    EXPECT_TRUE(answers(Outcome::refused, Step::acquire, 'c', kLongTtl));
    ASSERT_TRUE(node().undo('a', kLongTtl));
    EXPECT_TRUE(becomes_free('c'));
}

TEST_P(NodeTest, after_close_it_fails_with_a_cause) {
    node().close();
    EXPECT_FALSE(node().status().ready);
    const NodeProbe::Heard heard = node().ask(Step::acquire, 'a', kLongTtl);
    EXPECT_TRUE(heard.answered);
    EXPECT_EQ(heard.outcome, Outcome::failed);
    EXPECT_EQ(heard.cause, CauseClass::closed);
}

}  // namespace quorumlock::testing
