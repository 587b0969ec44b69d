// Hazards 3 and 4, rule T1, seen from a lock: the wall clock decides nothing, and time spent in
// suspend counts.
#include <gtest/gtest.h>

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/support/service_fixture.h"
#include "tests/support/service_world.h"
#include "tests/support/time_namespace.h"

namespace quorumlock::testing {
namespace {

constexpr Nanos kYears = std::chrono::hours(24 * 365 * 5);

using Jump = std::function<void(VirtualEnv&)>;

/// A life of locks: waiting, winning, extending, renewing, losing, and what there is to see of it
/// on the way. `jump` comes between all its steps.
std::vector<std::string> life_of_locks(const Jump& jump) {
    ServiceWorld world(3);
    world.open();
    std::vector<std::string> seen;
    const auto step = [&](Nanos time, const std::string& what, const Lock& lock) {
        jump(world.env);
        world.env.advance(time);
        jump(world.env);
        seen.push_back(what + ": " + std::to_string(lock.remaining().count()) + " held by " +
                       std::to_string(world.holding("r")) + " after " +
                       std::to_string(world.nodes[0]->log.size()) + " commands");
    };
    auto first = world.try_acquire("r", 2s);
    step(500ms, "acquired", *first);
    auto extended = first->extend(4s);
    step(1s, text_of(world.after(Nanos{0}, std::move(extended))), *first);
    auto waiting = world.locks->acquire("r", {.ttl = 3s, .wait = 10s, .renew = true});
    step(1s, "waiting", *first);
    EXPECT_FALSE(waiting.done());
    step(3s, "lost", *first);
    EXPECT_TRUE(first->lost().stop_requested());
    auto second = world.after(Nanos{0}, std::move(waiting));
    EXPECT_TRUE(is_ok(second));
    if (!second) return seen;
    step(7s, "renewed", *second);
    auto third = world.locks->acquire("r", {.ttl = 1s, .wait = 700ms});
    step(700ms, "contended", *second);
    seen.push_back(text_of(third.get()));
    auto released = second->release();
    step(Nanos{0}, text_of(world.after(Nanos{0}, std::move(released))), *second);
    return seen;
}

TEST(service_clock, a_wall_clock_that_jumps_by_years_changes_nothing) {
    const std::vector<std::string> steady = life_of_locks([](VirtualEnv&) {});
    EXPECT_EQ(steady.size(), 8U);
    EXPECT_EQ(life_of_locks([](VirtualEnv& env) { env.wall_offset += kYears; }), steady);
    EXPECT_EQ(life_of_locks([](VirtualEnv& env) { env.wall_offset -= kYears; }), steady);
    EXPECT_EQ(life_of_locks([sign = 1](VirtualEnv& env) mutable {
                  env.wall_offset = kYears * (sign = -sign);
              }),
              steady);
}

// Between the resume and the first turn of the loop nothing but held() can know.
TEST(service_clock, after_a_suspend_the_first_held_is_right_and_loss_is_told_on_resume) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 10s);
    bool held_when_told = true;
    int told = 0;
    std::stop_callback on_loss(lock->lost(), [&] {
        ++told;
        held_when_told = lock->held();
    });
    world.env.skip(1h);
    EXPECT_FALSE(lock->held());
    EXPECT_EQ(lock->remaining(), 0s);
    EXPECT_EQ(told, 0);
    world.env.run();
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(held_when_told);
    EXPECT_EQ(world.after(0s, lock->extend(10s)).error().code(), Errc::lost);
}

TEST(service_clock, a_suspend_within_the_validity_is_taken_off_it_and_renewal_catches_up) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.after(0s, world.locks->acquire("r", {.ttl = 10s, .renew = true}));
    world.env.skip(8s);
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(lock->remaining(), 10s - 102ms - 8s);
    world.env.run();
    EXPECT_EQ(world.nodes[0]->count("extend"), 1U);
    EXPECT_EQ(lock->remaining(), 10s - 102ms);
    EXPECT_FALSE(lock->lost().stop_requested());
}

// The whole service on real clocks that stand where a suspend would have put them.
TEST(service_clock, a_lock_ends_in_time_where_boottime_runs_ahead_of_monotonic) {
    const auto run = run_with_shifted_clocks({.monotonic = 0s, .boottime = 24h}, [] {
        LockService service = open_service({"memory:"});
        auto lock = service.try_acquire("r", {.ttl = 10s}).get();
        ASSERT_TRUE(is_ok(lock));
        EXPECT_TRUE(lock->held());
        EXPECT_GT(lock->remaining(), 1s);
        EXPECT_GE(lock->validity_end().time_since_epoch(), 24h);
        auto brief = service.try_acquire("brief", {.ttl = 100ms}).get();
        ASSERT_TRUE(is_ok(brief));
        EXPECT_TRUE(eventually([&] { return brief->lost().stop_requested(); }));
        EXPECT_FALSE(brief->held());
        EXPECT_TRUE(lock->held());
    });
    if (!run.possible) GTEST_SKIP() << run.why_not;
    EXPECT_TRUE(run.passed);
}

}  // namespace
}  // namespace quorumlock::testing
