// Releasing, dropping, cancelling and closing in virtual time. Rules R1..R4, A6.
#include <gtest/gtest.h>

#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

TEST(service_release, frees_every_node) {
    ServiceWorld world(5);
    world.open();
    auto lock = world.try_acquire("r");
    ASSERT_TRUE(world.after(Nanos{0}, lock->release()));
    EXPECT_EQ(world.holding("r"), 0);
    EXPECT_FALSE(lock->held());
}

TEST(service_release, held_is_false_before_the_first_byte_leaves) {
    ServiceWorld world(1);
    world.open();
    auto lock = world.try_acquire("r");
    world.nodes[0]->mode = Mode::hang;
    auto operation = lock->release();
    EXPECT_FALSE(lock->held());
    EXPECT_FALSE(operation.done());
}

TEST(service_release, node_that_never_held_it_is_not_told) {
    ServiceWorld world(3);
    world.open();
    world.nodes[2]->mode = Mode::fail;
    auto lock = world.try_acquire("r");
    world.nodes[2]->mode = Mode::normal;
    ASSERT_TRUE(world.after(Nanos{0}, lock->release()));
    EXPECT_EQ(world.nodes[2]->count("release"), 0U);
}

TEST(service_release, node_that_hung_in_the_acquire_is_told) {
    ServiceWorld world(3);
    world.open();
    world.nodes[2]->mode = Mode::apply_and_hang;
    auto lock = world.try_acquire("r");
    world.nodes[2]->mode = Mode::normal;
    ASSERT_TRUE(world.after(Nanos{0}, lock->release()));
    EXPECT_EQ(world.nodes[2]->count("release"), 1U);
    EXPECT_EQ(world.holding("r"), 0);
}

TEST(service_release, expired_lock_is_quiet_and_cleaned_up) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    world.env.advance(989ms);  // ours has ended, the nodes' keys have not
    EXPECT_EQ(world.holding("r"), 3);
    EXPECT_TRUE(world.after(Nanos{0}, lock->release()));
    EXPECT_EQ(world.holding("r"), 0);
}

TEST(service_release, what_another_holds_meanwhile_is_left_alone) {
    ServiceWorld world(3);
    world.open();
    auto first = world.try_acquire("r", 1s);
    world.env.advance(2s);
    auto second = world.try_acquire("r", 10s);
    ASSERT_TRUE(second);
    auto released = world.after(Nanos{0}, first->release());
    EXPECT_EQ(released.error().code(), Errc::not_held);
    EXPECT_EQ(world.holding("r"), 3);
    EXPECT_TRUE(second->held());
}

TEST(service_release, twice_is_one_quiet_answer) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r");
    ASSERT_TRUE(world.after(Nanos{0}, lock->release()));
    auto again = world.after(Nanos{0}, lock->release());
    EXPECT_EQ(again.error().code(), Errc::not_held);
    EXPECT_EQ(world.nodes[0]->count("release"), 1U);
}

TEST(service_release, too_few_answers_is_no_quorum_and_says_what_remains) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    world.set_all(Mode::hang);
    auto released = world.after(1s, lock->release());
    ASSERT_FALSE(released);
    EXPECT_EQ(released.error().code(), Errc::no_quorum);
    EXPECT_NE(released.error().message().find("ends with the lease"), std::string::npos);
}

TEST(service_release, during_a_renewal_ends_the_renewal) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.after(Nanos{0}, world.locks->acquire("r", {.ttl = 3s, .renew = true}));
    world.set_all(Mode::hang);
    world.env.advance(1s);
    EXPECT_EQ(world.nodes[0]->count("extend"), 1U);
    world.set_all(Mode::normal);
    ASSERT_TRUE(world.after(Nanos{0}, lock->release()));
    world.env.advance(1min);
    EXPECT_EQ(world.nodes[0]->count("extend"), 1U);
    EXPECT_EQ(world.holding("r"), 0);
}

TEST(service_release, extension_under_way_is_told_not_held) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 3s);
    world.set_all(Mode::hang);
    auto extension = lock->extend(10s);
    auto queued = lock->extend(11s);
    world.set_all(Mode::normal);
    EXPECT_TRUE(world.after(Nanos{0}, lock->release()));
    ASSERT_TRUE(extension.done());
    EXPECT_EQ(extension.get().error().code(), Errc::not_held);
    EXPECT_EQ(queued.get().error().code(), Errc::not_held);
}

// ---- handles ----

TEST(service_handle, destructor_undoes_in_the_background) {
    ServiceWorld world(3);
    world.open();
    {
        auto lock = world.try_acquire("r");
        ASSERT_TRUE(lock);
    }
    world.env.run();
    EXPECT_EQ(world.holding("r"), 0);
    EXPECT_EQ(world.locks->stats().leases, 0U);
}

TEST(service_handle, detached_lock_stays_on_the_nodes) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r");
    const std::string token(lock->token());
    lock->detach();
    world.env.run();
    EXPECT_EQ(world.holding("r"), 3);
    EXPECT_FALSE(lock->held());
    ASSERT_TRUE(world.after(Nanos{0}, world.locks->release("r", token)));
    EXPECT_EQ(world.holding("r"), 0);
}

TEST(service_handle, bare_token_extends_and_is_told_apart_from_a_foreign_one) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r", 1s);
    const std::string token(lock->token());
    EXPECT_TRUE(world.after(Nanos{0}, world.locks->extend("r", token, 5s)));
    const std::string other(32, 'a');
    EXPECT_EQ(world.after(Nanos{0}, world.locks->extend("r", other, 5s)).error().code(),
              Errc::lost);
    EXPECT_EQ(world.after(Nanos{0}, world.locks->release("r", other)).error().code(),
              Errc::not_held);
    EXPECT_EQ(world.after(Nanos{0}, world.locks->release("r", "XYZ")).error().code(),
              Errc::invalid_argument);
}

TEST(service_handle, outlives_its_service_and_is_then_not_held) {
    ServiceWorld world(3);
    world.open();
    auto lock = world.try_acquire("r");
    world.locks.reset();
    world.state.reset();
    EXPECT_FALSE(lock->held());
    EXPECT_TRUE(lock->lost().stop_requested());
    EXPECT_EQ(lock->resource(), "r");
}

// ---- cancelling ----

TEST(service_cancel, stop_token_undoes_what_the_acquire_reached) {
    ServiceWorld world(3);
    world.open();
    world.set_all(Mode::apply_and_hang);
    std::stop_source stop;
    auto operation = world.locks->acquire("r", {.ttl = 1s, .wait = 10s, .stop = stop.get_token()});
    world.env.run();
    EXPECT_EQ(world.holding("r"), 3);
    stop.request_stop();
    ASSERT_TRUE(operation.done());
    EXPECT_EQ(operation.get().error().code(), Errc::cancelled);
    EXPECT_EQ(world.holding("r"), 0);
}

TEST(service_cancel, token_stopped_before_the_start_cancels_and_no_node_is_asked) {
    ServiceWorld world(3);
    world.open();
    for (auto* node : world.nodes) node->log.clear();
    std::stop_source stop;
    stop.request_stop();
    auto lock =
        world.after(Nanos{0}, world.locks->acquire("r", {.ttl = 1s, .stop = stop.get_token()}));
    EXPECT_EQ(lock.error().code(), Errc::cancelled);
    for (const auto* node : world.nodes) EXPECT_TRUE(node->log.empty());
}

TEST(service_cancel, dropped_operation_leaves_nothing) {
    ServiceWorld world(3);
    world.open();
    { auto operation = world.locks->acquire("r", {.ttl = 1s}); }
    world.env.run();
    EXPECT_EQ(world.holding("r"), 0);
    EXPECT_EQ(world.locks->stats().operations, 0U);
}

TEST(service_cancel, operation_dropped_after_its_win_releases_the_lock) {
    ServiceWorld world(3);
    world.open();
    {
        auto operation = world.locks->acquire("r", {.ttl = 1s});
        world.env.run();
        EXPECT_EQ(world.holding("r"), 3);
    }
    world.env.run();
    EXPECT_EQ(world.holding("r"), 0);
}

TEST(service_cancel, waiter_between_two_attempts_ends_at_once) {
    ServiceWorld world(1);
    world.open();
    auto first = world.try_acquire("r", 60s);
    std::stop_source stop;
    auto waiting = world.locks->acquire("r", {.ttl = 1s, .wait = 1min, .stop = stop.get_token()});
    world.env.run();
    stop.request_stop();
    ASSERT_TRUE(waiting.done());
    EXPECT_EQ(waiting.get().error().code(), Errc::cancelled);
    EXPECT_EQ(world.holding("r"), 1);  // the first one's
}

// ---- closing ----

TEST(service_close, completes_open_operations_and_undoes_them) {
    ServiceWorld world(3);
    world.open();
    auto held = world.try_acquire("held", 60s);
    world.set_all(Mode::apply_and_hang);
    auto open = world.locks->acquire("r", {.ttl = 1s, .wait = 10s});
    world.env.run();
    auto closing = world.locks->close();
    ASSERT_TRUE(open.done());
    EXPECT_EQ(open.get().error().code(), Errc::closed);
    world.env.run();
    ASSERT_TRUE(closing.done());
    EXPECT_TRUE(closing.get());
    EXPECT_EQ(world.holding("r") + world.holding("held"), 0);
    EXPECT_FALSE(held->held());
    EXPECT_EQ(world.try_acquire("x").error().code(), Errc::closed);
    EXPECT_TRUE(world.after(Nanos{0}, world.locks->close()));
}

TEST(service_close, waits_for_undos_up_to_the_drain_timeout_and_says_what_may_remain) {
    ServiceWorld world(3, {.drain_timeout = 300ms});
    world.open();
    world.nodes[1]->undo_hangs = true;
    auto held = world.try_acquire("held", 60s);
    auto closing = world.locks->close();
    world.env.run();
    world.env.advance(299ms);
    EXPECT_FALSE(closing.done());
    world.env.advance(1ms);
    ASSERT_TRUE(closing.done());
    auto closed = closing.get();
    ASSERT_FALSE(closed);
    ASSERT_EQ(closed.error().nodes().size(), 1U);
    EXPECT_EQ(closed.error().nodes()[0].node, "node1");
}

TEST(service_close, loop_may_end_when_nothing_is_open) {
    ServiceWorld world(3);
    world.open();
    auto operation = world.locks->try_acquire("r", {.ttl = 1s});
    EXPECT_TRUE(world.runner->alive());
    auto lock = world.after(Nanos{0}, std::move(operation));
    EXPECT_FALSE(world.runner->alive());
}

}  // namespace
}  // namespace quorumlock::testing
