// What a held lock costs, and that what a question needs goes back to its pool.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using detail::Lease;
using detail::OperationState;
using detail::Round;
using Mode = ScriptedNode::Mode;

// With 64-bit pointers. The allocator adds 8 bytes to a lease, the pools' and the timers' tables
// three pointers: together below 512.
static_assert(sizeof(void*) != 8 || sizeof(Lease) <= 432);
static_assert(sizeof(void*) != 8 || sizeof(Round) <= 1200);
static_assert(sizeof(void*) != 8 || sizeof(OperationState) <= 864);

std::size_t pooled(const ServiceWorld& world) { return world.locks->stats().pooled_bytes; }

std::vector<Lock> hold(ServiceWorld& world, int from, int to, AcquireOptions options) {
    std::vector<Lock> locks;
    for (int i = from; i < to; ++i) {
        auto lock =
            world.after(Nanos{0}, world.locks->try_acquire("r" + std::to_string(i), options));
        EXPECT_TRUE(lock);
        if (lock) locks.push_back(std::move(*lock));
    }
    return locks;
}

TEST(service_memory, a_held_lock_costs_one_lease_and_nothing_else) {
    ServiceWorld world(5);
    world.open();
    const auto first = hold(world, 0, 1, {.ttl = 10s});
    const std::size_t before = pooled(world);
    const auto others = hold(world, 1, 1001, {.ttl = 10s});
    EXPECT_EQ(pooled(world) - before, 1000 * sizeof(Lease));
    EXPECT_EQ(world.locks->stats().leases, 1001U);
    EXPECT_LE(world.locks->stats().operations, 1U);
}

TEST(service_memory, renewals_take_turns_with_the_rounds) {
    ServiceWorld world(5);
    world.open();
    const auto locks = hold(world, 0, 1000, {.ttl = 10s, .renew = true});
    const std::size_t before = pooled(world);
    for (int i = 0; i < 3000; ++i) world.env.advance(10ms);
    for (const Lock& lock : locks) EXPECT_TRUE(lock.held());
    // The jitter spreads them over a tenth of the time between two renewals, 330 ms: some 33 of
    // 1000 fall into a step of 10 ms.
    EXPECT_LT(pooled(world) - before, 100 * sizeof(Round));
}

TEST(service_memory, a_silent_node_keeps_rounds_until_they_are_given_up) {
    ServiceWorld world(5);
    world.open();
    const auto warm = hold(world, 0, 1, {.ttl = 10s});
    world.nodes[4]->mode = Mode::hang;
    const std::size_t before = pooled(world);
    const auto first = hold(world, 1, 101, {.ttl = 10s});
    EXPECT_EQ(pooled(world) - before, 100 * sizeof(Lease) + 99 * sizeof(Round));
    world.env.advance(500ms);
    const auto second = hold(world, 101, 201, {.ttl = 10s});
    EXPECT_EQ(pooled(world) - before, 200 * sizeof(Lease) + 99 * sizeof(Round));
}

/// Rule H1: what HEAL answers is for the lease that asked, however late it comes.
TEST(service_memory, an_unanswered_heal_keeps_its_round) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("healed", 10s);
    ASSERT_TRUE(lock);
    world.nodes[2]->forget("healed");
    world.nodes[2]->next = {Mode::normal, Mode::hang};  // the extension, and its heal
    ASSERT_TRUE(world.after(Nanos{0}, lock->extend(10s)));
    EXPECT_EQ(world.nodes[2]->log.back(), "heal");
    EXPECT_EQ(lock->votes(), 2);
    world.nodes[2]->next = {Mode::fail};
    const auto other = world.try_acquire("other", 10s);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->votes(), 2);
    world.nodes[2]->wake();
    world.env.run();
    EXPECT_EQ(lock->votes(), 3);
    EXPECT_EQ(other->votes(), 2);
}

/// A loss that is being told and a handle that is dropped at the same time.
TEST(service_memory, a_lost_lock_goes_back_when_told_and_dropped) {
    ServiceWorld world(3);
    world.open();
    for (int i = 0; i < 3; ++i) {
        auto lock = world.try_acquire("r", 1s);
        ASSERT_TRUE(lock);
        std::optional<Lock> held(std::move(*lock));
        const auto lost = held->lost();
        world.env.skip(1h);
        world.env.run();
        EXPECT_TRUE(lost.stop_requested());
        EXPECT_EQ(world.locks->stats().leases, 1U);
        held.reset();
        world.env.run();
        EXPECT_EQ(world.locks->stats().leases, 0U);
    }
}

}  // namespace
}  // namespace quorumlock::testing
