// Holding, extending, renewing and losing in virtual time. Rules T4, E1..E6, L1, L2.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

/// Counts how often lost() fired.
struct LossCounter {
    explicit LossCounter(const Lock& lock) : callback(lock.lost(), Count{&count}) {}
    struct Count {
        int* count;
        void operator()() const { ++*count; }
    };
    int count = 0;
    std::stop_callback<Count> callback;
};

TEST(service_hold, held_reads_the_clock_even_when_no_timer_could_fire) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    world.env.skip(988ms - 1ns);  // the process was paused: nothing ran
    EXPECT_TRUE(lock->held());
    world.env.skip(1ns);
    EXPECT_FALSE(lock->held());
    EXPECT_EQ(lock->remaining(), Nanos{0});
}

TEST(service_hold, loss_is_told_at_the_local_expiry_though_every_node_hangs) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    LossCounter lost(*lock);
    world.set_all(Mode::hang);
    world.env.advance(988ms - 1ns);
    EXPECT_EQ(lost.count, 0);
    world.env.advance(1ns);
    EXPECT_EQ(lost.count, 1);
    EXPECT_FALSE(lock->held());
}

TEST(service_hold, loss_is_told_right_after_a_pause) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    LossCounter lost(*lock);
    world.env.skip(1h);
    world.env.run();
    EXPECT_EQ(lost.count, 1);
}

TEST(service_hold, lost_asked_after_the_loss_is_stopped_already) {
    ServiceWorld world(1);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    world.env.advance(2s);
    EXPECT_TRUE(lock->lost().stop_requested());
}

TEST(service_hold, release_in_time_is_no_loss) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    LossCounter lost(*lock);
    ASSERT_TRUE(world.after(Nanos{0}, lock->release()));
    world.env.advance(5s);
    EXPECT_EQ(lost.count, 0);
}

// ---- extension ----

TEST(service_extend, moves_the_validity_and_the_keys) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    world.env.advance(500ms);
    ASSERT_TRUE(world.after(Nanos{0}, lock->extend(10s)));
    EXPECT_EQ(lock->remaining(), 10s - 102ms);
    world.env.advance(5s);
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(world.holding("r"), 3);
}

TEST(service_extend, never_shortens) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 10s);
    ASSERT_TRUE(world.after(Nanos{0}, lock->extend(1s)));
    EXPECT_EQ(lock->remaining(), 10s - 102ms);
}

TEST(service_extend, needs_a_quorum_and_throws_nothing_away_without) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 10s);
    world.nodes[0]->mode = Mode::fail;
    world.nodes[1]->mode = Mode::fail;
    auto extended = world.after(Nanos{0}, lock->extend(20s));
    ASSERT_FALSE(extended);
    EXPECT_EQ(extended.error().code(), Errc::no_quorum);
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(lock->remaining(), 10s - 102ms);
}

TEST(service_extend, answers_after_the_validity_revive_nothing) {
    ServiceWorld world(3, {.node_timeout = 60s});
    world.open();
    auto lock = world.try_acquire("r", 1s);
    LossCounter lost(*lock);
    world.env.advance(900ms);
    world.set_all(Mode::hang);
    auto operation = lock->extend(10s);
    world.env.run();
    world.env.skip(88ms);  // exactly at the end of the validity
    for (auto* node : world.nodes) node->wake();
    world.env.run();
    ASSERT_TRUE(operation.done());
    EXPECT_EQ(operation.get().error().code(), Errc::lost);
    EXPECT_FALSE(lock->held());
    EXPECT_EQ(lost.count, 1);
    auto again = world.after(Nanos{0}, lock->extend(10s));
    EXPECT_EQ(again.error().code(), Errc::lost);
    EXPECT_FALSE(lock->held());
}

TEST(service_extend, a_quorum_that_says_gone_is_a_loss_at_once) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 10s);
    LossCounter lost(*lock);
    world.nodes[0]->keys.clear();
    world.nodes[1]->keys["r"].token = "foreign";
    auto extended = world.after(Nanos{0}, lock->extend(10s));
    EXPECT_EQ(extended.error().code(), Errc::lost);
    EXPECT_FALSE(lock->held());
    EXPECT_EQ(lost.count, 1);
}

TEST(service_extend, two_at_once_take_turns) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    auto first = lock->extend(2s);
    auto second = lock->extend(3s);
    EXPECT_EQ(world.nodes[0]->count("extend"), 1U);
    world.env.run();
    ASSERT_TRUE(first.done());
    ASSERT_TRUE(second.done());
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
    EXPECT_EQ(lock->remaining(), 3s - 32ms);
}

TEST(service_extend, ttl_out_of_bounds_is_refused_before_anything_is_sent) {
    ServiceWorld world(1);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    for (const Nanos ttl : {Nanos{0}, Nanos(9ms), Nanos(61s), Nanos(-1s)}) {
        auto extended = world.after(Nanos{0}, lock->extend(ttl));
        ASSERT_FALSE(extended);
        EXPECT_EQ(extended.error().code(), Errc::invalid_argument);
        EXPECT_NE(extended.error().message().find("10 ms .. 60 s"), std::string::npos);
    }
    EXPECT_EQ(world.nodes[0]->count("extend"), 0U);
}

// ---- renewal ----

Result<Lock> acquire_renewed(ServiceWorld& world, Renewal renew, Nanos ttl = 3s) {
    return world.after(Nanos{0}, world.locks->acquire("r", {.ttl = ttl, .renew = renew}));
}

TEST(service_renew, off_by_default) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 3s);
    world.env.advance(4s);
    EXPECT_EQ(world.nodes[0]->count("extend"), 0U);
    EXPECT_FALSE(lock->held());
}

TEST(service_renew, keeps_the_lock_far_beyond_its_ttl) {
    ServiceWorld world(3);
    world.open();
    auto lock = acquire_renewed(world, true);
    world.env.advance(5min);
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(world.holding("r"), 3);
    // A third of the validity, up to a tenth earlier.
    EXPECT_GE(world.nodes[0]->count("extend"), 300U);
    EXPECT_LE(world.nodes[0]->count("extend"), 350U);
}

std::vector<Lock> hold_renewed(ServiceWorld& world, int count) {
    std::vector<Lock> locks;
    for (int i = 0; i < count; ++i) {
        auto lock = world.after(
            Nanos{0}, world.locks->acquire("r" + std::to_string(i), {.ttl = 30s, .renew = true}));
        EXPECT_TRUE(lock);
        if (lock) locks.push_back(std::move(*lock));
    }
    return locks;
}

TEST(service_renew, after_a_pause_leaves_half_of_the_backlog_to_others) {
    ServiceWorld world(3, {.max_backlog = 16});
    world.open();
    const auto locks = hold_renewed(world, 50);
    world.set_all(Mode::hang);
    world.env.skip(12s);  // all are due
    world.env.run();
    EXPECT_EQ(world.nodes[0]->count("extend"), 8U);
    for (auto* node : world.nodes) node->wake();
    world.env.advance(1s);
    EXPECT_EQ(world.nodes[0]->count("extend"), 50U);
    for (const Lock& lock : locks) EXPECT_GT(lock.remaining(), 28s);
}

TEST(service_renew, a_silent_node_holds_up_no_other_renewal) {
    ServiceWorld world(3, {.node_timeout = 5s, .max_backlog = 16});
    world.open();
    const auto locks = hold_renewed(world, 50);
    world.nodes[2]->mode = Mode::hang;
    world.env.skip(12s);
    world.env.run();
    world.env.advance(1s);  // nobody has given the silent one up yet
    EXPECT_EQ(world.nodes[0]->count("extend"), 50U);
    for (const Lock& lock : locks) EXPECT_GT(lock.remaining(), 28s);
}

TEST(service_renew, is_bounded_by_max_hold) {
    ServiceWorld world(3);
    world.open();
    auto lock = acquire_renewed(world, Renewal(1s, 10s));
    LossCounter lost(*lock);
    world.env.advance(10s);
    EXPECT_TRUE(lock->held());
    world.env.advance(4s);
    EXPECT_FALSE(lock->held());
    EXPECT_EQ(lost.count, 1);
}

TEST(service_renew, one_failed_round_keeps_the_lock_until_its_expiry) {
    ServiceWorld world(3);
    world.open();
    auto lock = acquire_renewed(world, true);
    LossCounter lost(*lock);
    world.set_all(Mode::fail);
    world.env.advance(2s);  // at least one renewal has failed
    EXPECT_GE(world.nodes[0]->count("extend"), 2U);
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(lost.count, 0);
    world.set_all(Mode::normal);
    world.env.advance(1min);
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(lost.count, 0);
}

TEST(service_renew, stops_and_tells_the_loss_when_nodes_stay_away) {
    ServiceWorld world(3);
    world.open();
    auto lock = acquire_renewed(world, true);
    LossCounter lost(*lock);
    world.set_all(Mode::hang);
    world.env.advance(3s - 32ms - 1ns);
    EXPECT_EQ(lost.count, 0);
    world.env.advance(1ns);
    EXPECT_EQ(lost.count, 1);
    const auto asked = world.nodes[0]->count("extend");
    world.env.advance(1min);
    EXPECT_EQ(world.nodes[0]->count("extend"), asked);
}

TEST(service_renew, pause_beyond_the_lease_is_a_loss_not_a_revival) {
    ServiceWorld world(3);
    world.open();
    auto lock = acquire_renewed(world, true);
    world.env.skip(3s);
    world.env.run();
    EXPECT_FALSE(lock->held());
    EXPECT_TRUE(lock->lost().stop_requested());
    EXPECT_EQ(world.nodes[0]->count("extend"), 0U);
}

}  // namespace
}  // namespace quorumlock::testing
