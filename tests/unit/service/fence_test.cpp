// Fencing numbers as the service gets them. Rules F1, F2, F4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using ::testing::ElementsAre;
using Mode = ScriptedNode::Mode;

class ServiceFence : public ::testing::Test {
  protected:
    /// Nodes whose counters stand at these.
    void open(std::initializer_list<std::int64_t> counters) {
        world.emplace(static_cast<int>(counters.size()), ServiceOptions{}, true);
        std::size_t i = 0;
        for (const std::int64_t counter : counters) world->nodes[i++]->counters["r"] = counter;
        world->open();
    }
    ScriptedNode& node(std::size_t i) { return *world->nodes[i]; }
    std::optional<ServiceWorld> world;
};

TEST_F(ServiceFence, is_won_in_one_round_trip_where_a_quorum_agrees) {
    open({6, 6, 6});
    auto lock = world->try_acquire("r");
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->fence(), 7u);
    for (const auto* n : world->nodes) EXPECT_THAT(n->log, ElementsAre("acquire"));
    ASSERT_TRUE(world->after(0s, lock->release()));
    EXPECT_EQ(world->try_acquire("r")->fence(), 8u);
}

TEST_F(ServiceFence, raises_to_the_largest_and_waits_for_it) {
    open({4, 9, 6});
    node(0).mode = Mode::normal;
    auto pending = world->locks->try_acquire("r", {.ttl = 1s});
    world->env.run();
    auto lock = pending.get();
    ASSERT_TRUE(lock) << lock.error().message();
    EXPECT_EQ(lock->fence(), 10u);
    EXPECT_EQ(node(0).counters["r"], 10);
    EXPECT_EQ(node(2).counters["r"], 10);
    EXPECT_EQ(node(1).count("raise"), 0u);
}

TEST_F(ServiceFence, a_late_grant_is_raised_behind_the_answer) {
    // Rule F4
    open({6, 6, 2});
    node(2).mode = Mode::hang;
    auto lock = world->try_acquire("r");
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->fence(), 7u);
    node(2).wake();
    world->env.run();
    EXPECT_EQ(node(2).counters["r"], 7);
    EXPECT_EQ(node(2).count("raise"), 1u);
    ASSERT_TRUE(world->after(0s, lock->release()));
    EXPECT_EQ(world->try_acquire("r")->fence(), 8u);
    EXPECT_EQ(node(2).count("raise"), 1u) << "one round trip again";
}

TEST_F(ServiceFence, a_silent_raise_has_a_time_limit_of_its_own_and_is_undone) {
    open({4, 9, 6});
    node(2).mode = Mode::fail;
    node(0).mode = Mode::hang;
    auto pending = world->locks->try_acquire("r", {.ttl = 1s});  // node_timeout is 50 ms
    world->env.run();
    world->env.advance(40ms);
    node(0).wake();             // its grant is on its way,
    node(0).mode = Mode::hang;  // and the raise behind it hangs
    world->env.run();
    EXPECT_EQ(node(0).count("raise"), 1u);
    world->env.advance(49ms);
    ASSERT_FALSE(pending.done());
    world->env.advance(1ms);
    ASSERT_TRUE(pending.done());
    const auto result = pending.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::no_quorum);
    EXPECT_EQ(node(0).count("undo"), 1u);
    EXPECT_EQ(node(1).count("undo"), 1u);
}

TEST_F(ServiceFence, a_raise_that_is_asked_again_is_not_waited_for_without_end) {
    open({4, 9, 11});
    node(0).mode = node(2).mode = Mode::hang;
    auto pending = world->locks->try_acquire("r", {.ttl = 1s});
    world->env.run();
    node(0).wake();
    node(0).mode = Mode::hang;
    world->env.run();  // 0 is asked to raise to 10
    node(1).mode = Mode::fail;
    node(2).wake();
    world->env.run();  // 1 is asked to raise to 12, and fails
    node(0).wake();
    node(0).mode = Mode::hang;
    world->env.run();  // nobody is open, and 0 is asked again
    EXPECT_EQ(node(0).count("raise"), 2u);
    world->env.advance(50ms);
    ASSERT_TRUE(pending.done());
    EXPECT_EQ(pending.get().error().code(), Errc::no_quorum);
}

TEST_F(ServiceFence, a_key_that_is_lost_before_its_counter_is_raised_is_no_vote) {
    open({4, 9, 0});
    node(2).mode = Mode::fail;
    node(1).mode = Mode::hang;
    auto pending = world->locks->try_acquire("r", {.ttl = 1s});
    world->env.run();
    node(0).keys.clear();  // by somebody's FLUSHALL
    node(1).wake();
    world->env.run();
    const auto result = pending.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::no_quorum);
    EXPECT_EQ(node(0).count("undo"), 1u);
    EXPECT_EQ(node(1).count("undo"), 1u);
    EXPECT_FALSE(node(1).holds("r"));
}

TEST_F(ServiceFence, is_left_out_when_it_is_not_wanted) {
    open({6, 6, 6});
    auto lock = world->after(0s, world->locks->try_acquire("r", {.ttl = 1s, .fence = false}));
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->fence(), 0u);
    EXPECT_EQ(node(0).counters["r"], 6);
}

TEST_F(ServiceFence, is_zero_where_a_node_keeps_no_counter) {
    world.emplace(3);
    world->open();
    auto lock = world->try_acquire("r");
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->fence(), 0u);
}

TEST_F(ServiceFence, nobody_may_lock_a_counter) {
    // Rule F6
    open({0});
    const auto result = world->try_acquire("quorumlock:fence:{r}");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::invalid_argument);
    EXPECT_THAT(result.error().message(), ::testing::HasSubstr("quorumlock:fence:"));
}

// ---- healing: rule H1 ----

class ServiceHeal : public ServiceFence {
  protected:
    void SetUp() override {
        open({5, 5, 5});
        auto result = world->try_acquire("r");
        ASSERT_TRUE(result);
        lock.emplace(std::move(*result));
    }
    Result<void> extend(Nanos ttl = 2s) { return world->after(0s, lock->extend(ttl)); }
    std::optional<Lock> lock;
};

TEST_F(ServiceHeal, an_extension_puts_a_lost_vote_back) {
    node(2).keys.clear();
    ASSERT_TRUE(extend());
    EXPECT_TRUE(node(2).holds("r"));
    EXPECT_EQ(node(2).keys["r"].token, lock->token());
    EXPECT_EQ(lock->votes(), 3);
    EXPECT_EQ(node(2).counters["r"], 6) << "the counter is not touched";
    node(0).keys.clear();
    ASSERT_TRUE(extend()) << "two of three are left";
    EXPECT_EQ(lock->votes(), 3);
    ASSERT_TRUE(world->after(0s, lock->release()));
    EXPECT_EQ(world->holding("r"), 0) << "what was healed is released too";
}

TEST_F(ServiceHeal, what_is_put_back_lasts_as_long_as_the_validity) {
    node(2).keys.clear();
    ASSERT_TRUE(extend(100ms)) << "shorter than what is left";
    EXPECT_GE(node(2).keys["r"].until, lock->validity_end());
    EXPECT_LE(node(2).keys["r"].until, world->env.now() + 1s);
}

TEST_F(ServiceHeal, a_late_absence_is_healed_too) {
    node(2).mode = Mode::hang;
    ASSERT_TRUE(extend());
    node(2).keys.clear();
    node(2).wake();
    world->env.run();
    EXPECT_EQ(node(2).count("heal"), 1u);
    EXPECT_EQ(lock->votes(), 3);
}

TEST_F(ServiceHeal, another_s_key_is_left_alone) {
    node(2).keys["r"] = {"another", world->env.now() + 1h};
    ASSERT_TRUE(extend());
    EXPECT_EQ(node(2).count("heal"), 0u);
    EXPECT_EQ(lock->votes(), 2);
}

TEST_F(ServiceHeal, a_failed_extension_heals_nothing) {
    node(1).mode = Mode::fail;
    node(2).keys.clear();
    EXPECT_FALSE(extend());
    world->env.advance(100ms);
    EXPECT_EQ(node(2).count("heal"), 0u);
    EXPECT_TRUE(lock->held()) << "nothing is thrown away";
}

TEST_F(ServiceHeal, a_lost_lock_is_never_healed) {
    node(1).keys.clear();
    node(2).keys.clear();
    const auto result = extend();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::lost);
    world->env.run();
    EXPECT_EQ(node(1).count("heal") + node(2).count("heal"), 0u);
}

TEST_F(ServiceHeal, an_absence_heard_after_the_loss_is_not_healed) {
    node(2).mode = Mode::hang;
    ASSERT_TRUE(extend(1s));
    world->env.advance(2s);
    EXPECT_FALSE(lock->held());
    node(2).keys.clear();
    node(2).wake();
    world->env.run();
    EXPECT_EQ(node(2).count("heal"), 0u);
}

TEST_F(ServiceHeal, a_heal_under_way_when_the_lock_is_released_is_undone_behind_it) {
    node(2).keys.clear();
    node(2).mode = Mode::hang;
    auto extending = lock->extend(2s);
    world->env.run();
    ASSERT_TRUE(extending.get());
    node(2).wake();
    node(2).mode = Mode::hang;
    world->env.run();
    ASSERT_TRUE(world->after(0s, lock->release()));
    EXPECT_EQ(node(2).count("release"), 1u);
    node(2).wake();
    world->env.run();
    EXPECT_EQ(world->holding("r"), 0);
}

TEST_F(ServiceHeal, renewal_heals) {
    world->env.run();
    lock.reset();
    auto result = world->after(0s, world->locks->acquire("q", {.ttl = 1s, .renew = true}));
    ASSERT_TRUE(result);
    node(1).keys.erase("q");
    world->env.advance(400ms);
    EXPECT_TRUE(node(1).holds("q"));
    EXPECT_EQ(result->votes(), 3);
}

TEST_F(ServiceHeal, an_extension_by_bare_token_heals_nothing) {
    node(2).keys.clear();
    ASSERT_TRUE(world->after(0s, world->locks->extend("r", lock->token(), 2s)));
    world->env.run();
    EXPECT_EQ(node(2).count("heal"), 0u);
}

}  // namespace
}  // namespace quorumlock::testing
