// Locks by name in virtual time: whose lock is released, what is contended, what is an outage.
#include <quorumlock/named_locks.h>

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/service_fixture.h"
#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

class NamedLocksInTime : public ::testing::Test {
  protected:
    NamedLocksInTime() {
        world_.open();
        locks_.emplace(NamedLocks::over(*world_.locks));
    }

    Result<bool> now(Operation<bool> operation) {
        return world_.after(Nanos{0}, std::move(operation));
    }
    bool acquires(const std::string& name, Nanos expiry = 10s) {
        return now(locks_->try_acquire(name, expiry)).value();
    }
    bool releases(const std::string& name) { return now(locks_->release(name)).value(); }
    bool extends(const std::string& name, Nanos expiry = 10s) {
        return now(locks_->extend(name, expiry)).value();
    }

    ServiceWorld world_{3};
    std::optional<NamedLocks> locks_;
};

TEST_F(NamedLocksInTime, acquires_and_releases_by_name_on_every_node) {
    EXPECT_TRUE(acquires("r"));
    EXPECT_EQ(world_.holding("r"), 3);
    EXPECT_TRUE(releases("r"));
    EXPECT_EQ(world_.holding("r"), 0);
    EXPECT_FALSE(releases("r"));
    EXPECT_EQ(world_.nodes[0]->count("release"), 1U);
}

TEST_F(NamedLocksInTime, expiry_is_a_minute_where_none_is_given) {
    ASSERT_TRUE(now(locks_->try_acquire("r")).value());
    EXPECT_EQ(world_.nodes[0]->keys["r"].until - world_.env.now(), 60s);
}

TEST_F(NamedLocksInTime, what_this_object_holds_is_contended_without_asking_the_nodes) {
    ASSERT_TRUE(acquires("r"));
    for (auto* node : world_.nodes) node->keys.clear();  // they have forgotten it, and would grant
    EXPECT_FALSE(acquires("r"));
    EXPECT_EQ(world_.nodes[0]->count("acquire"), 1U);
}

TEST_F(NamedLocksInTime, of_two_grants_of_forgetful_nodes_the_first_one_holds) {
    auto first = locks_->try_acquire("r", 10s);
    world_.env.run();
    for (auto* node : world_.nodes) node->keys.clear();
    auto second = locks_->try_acquire("r", 10s);  // nobody has taken the first yet
    world_.env.run();
    EXPECT_TRUE(first.get().value());
    EXPECT_FALSE(second.get().value());
    world_.env.run();
    EXPECT_EQ(world_.holding("r"), 0) << "the second one's keys are undone";
}

TEST_F(NamedLocksInTime, another_object_is_contended_and_releases_nothing) {
    NamedLocks other = NamedLocks::over(*world_.locks);
    ASSERT_TRUE(acquires("r"));
    EXPECT_FALSE(now(other.try_acquire("r", 10s)).value());
    EXPECT_FALSE(now(other.release("r")).value());
    EXPECT_FALSE(now(other.extend("r", 10s)).value());
    EXPECT_EQ(world_.holding("r"), 3);
    EXPECT_TRUE(releases("r"));
}

TEST_F(NamedLocksInTime, each_acquisition_has_its_own_token) {
    ASSERT_TRUE(acquires("r"));
    ASSERT_TRUE(releases("r"));
    ASSERT_TRUE(acquires("r"));
    ASSERT_EQ(world_.nodes[0]->tokens.size(), 2U);
    EXPECT_NE(world_.nodes[0]->tokens[0], world_.nodes[0]->tokens[1]);
}

TEST_F(NamedLocksInTime, expired_lock_is_not_released_by_name_though_its_key_is_still_there) {
    ASSERT_TRUE(acquires("r", 1s));
    world_.env.advance(989ms);  // ours has ended, the nodes' keys have not
    ASSERT_EQ(world_.holding("r"), 3);
    EXPECT_FALSE(releases("r"));
    world_.env.run();
    EXPECT_EQ(world_.holding("r"), 0) << "cleaned up all the same";
}

TEST_F(NamedLocksInTime, expired_and_taken_by_another_is_left_alone) {
    NamedLocks other = NamedLocks::over(*world_.locks);
    ASSERT_TRUE(acquires("r", 1s));
    world_.env.advance(2s);
    ASSERT_TRUE(now(other.try_acquire("r", 10s)).value());
    EXPECT_FALSE(releases("r"));
    EXPECT_FALSE(extends("r"));
    world_.env.run();
    EXPECT_EQ(world_.holding("r"), 3);
    EXPECT_TRUE(now(other.release("r")).value());
}

TEST_F(NamedLocksInTime, expired_name_can_be_acquired_again) {
    ASSERT_TRUE(acquires("r", 1s));
    world_.env.advance(2s);
    EXPECT_TRUE(acquires("r", 10s));
    world_.env.advance(5s);
    EXPECT_TRUE(releases("r")) << "the second one, not the memory of the first";
}

TEST_F(NamedLocksInTime, names_that_expired_are_forgotten_in_time) {
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(acquires("claim" + std::to_string(i), 1s));
        world_.env.advance(100ms);
    }
    EXPECT_LE(world_.locks->stats().leases, 64U);
}

TEST_F(NamedLocksInTime, extend_moves_the_expiry) {
    ASSERT_TRUE(acquires("r", 1s));
    world_.env.advance(500ms);
    EXPECT_TRUE(extends("r", 10s));
    world_.env.advance(5s);
    EXPECT_FALSE(acquires("r"));
    EXPECT_TRUE(releases("r"));
}

TEST_F(NamedLocksInTime, extend_of_what_is_gone_is_false_and_forgets_it) {
    EXPECT_FALSE(extends("never"));
    ASSERT_TRUE(acquires("r", 10s));
    for (auto* node : world_.nodes) node->keys.clear();
    EXPECT_FALSE(extends("r"));
    EXPECT_TRUE(acquires("r"));
}

TEST_F(NamedLocksInTime, extend_racing_with_the_expiry_is_false_and_revives_nothing) {
    ASSERT_TRUE(acquires("r", 1s));
    world_.env.advance(500ms);
    world_.set_all(Mode::hang);
    auto extending = locks_->extend("r", 10s);
    world_.env.advance(600ms);  // the answers come after the end
    for (auto* node : world_.nodes) node->wake();
    world_.env.run();
    ASSERT_TRUE(extending.done());
    auto extended = extending.get();
    EXPECT_FALSE(extended && *extended);
    EXPECT_FALSE(releases("r"));
}

TEST_F(NamedLocksInTime, release_during_an_extension_wins) {
    ASSERT_TRUE(acquires("r"));
    world_.set_all(Mode::hang);
    auto extending = locks_->extend("r", 20s);
    world_.set_all(Mode::normal);
    EXPECT_TRUE(releases("r"));
    ASSERT_TRUE(extending.done());
    EXPECT_FALSE(extending.get().value());
    EXPECT_EQ(world_.holding("r"), 0);
}

TEST_F(NamedLocksInTime, of_two_releases_one_is_true) {
    ASSERT_TRUE(acquires("r"));
    auto first = locks_->release("r");
    auto second = locks_->release("r");
    world_.env.run();
    EXPECT_TRUE(first.get().value());
    EXPECT_FALSE(second.get().value());
}

// ---- outages and mistakes ----

TEST_F(NamedLocksInTime, outage_is_an_error_and_not_false) {
    world_.set_all(Mode::fail);
    EXPECT_TRUE(fails_with(Errc::no_quorum, now(locks_->try_acquire("r", 10s))));
    world_.set_all(Mode::normal);
    ASSERT_TRUE(acquires("r"));
    world_.set_all(Mode::fail);
    EXPECT_TRUE(fails_with(Errc::no_quorum, now(locks_->extend("r", 10s))));
    EXPECT_FALSE(acquires("r")) << "a failed extension gives nothing up";
    EXPECT_TRUE(fails_with(Errc::no_quorum, now(locks_->release("r"))));
    EXPECT_FALSE(releases("r")) << "it is not held any more";
}

TEST_F(NamedLocksInTime, wrong_arguments_are_told_by_every_verb) {
    EXPECT_TRUE(fails_with(Errc::invalid_argument, now(locks_->try_acquire("", 10s))));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, now(locks_->try_acquire("r", 61s))));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, now(locks_->release(""))));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, now(locks_->extend("", 10s))));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, now(locks_->extend("r", 1ms))));
    EXPECT_TRUE(world_.nodes[0]->log.empty());
}

// ---- cancelling, dropping, ending ----

TEST_F(NamedLocksInTime, stop_token_cancels_and_undoes) {
    world_.set_all(Mode::apply_and_hang);
    std::stop_source stop;
    auto asking = locks_->try_acquire("r", 10s, stop.get_token());
    world_.env.run();
    ASSERT_EQ(world_.holding("r"), 3);
    stop.request_stop();
    EXPECT_TRUE(fails_with(Errc::cancelled, now(std::move(asking))));
    EXPECT_EQ(world_.holding("r"), 0);
}

TEST_F(NamedLocksInTime, acquire_that_is_cancelled_already_is_told_so_whoever_holds) {
    ASSERT_TRUE(acquires("r"));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_TRUE(fails_with(Errc::cancelled, now(locks_->try_acquire("r", 10s, stop.get_token()))));
    EXPECT_TRUE(releases("r"));
}

TEST_F(NamedLocksInTime, acquire_that_was_dropped_holds_nothing) {
    {
        auto asking = locks_->try_acquire("r", 10s);
        world_.env.run();
        ASSERT_EQ(world_.holding("r"), 3);
    }
    world_.env.run();
    EXPECT_EQ(world_.holding("r"), 0);
    EXPECT_FALSE(releases("r"));
    EXPECT_TRUE(acquires("r"));
}

TEST_F(NamedLocksInTime, end_of_the_object_releases_what_it_holds_and_no_others) {
    NamedLocks other = NamedLocks::over(*world_.locks);
    ASSERT_TRUE(acquires("ours"));
    ASSERT_TRUE(now(other.try_acquire("theirs", 10s)).value());
    locks_.reset();
    world_.env.run();
    EXPECT_EQ(world_.holding("ours"), 0);
    EXPECT_EQ(world_.holding("theirs"), 3);
}

TEST_F(NamedLocksInTime, acquire_taken_after_the_end_of_the_object_holds_nothing) {
    auto asking = locks_->try_acquire("r", 10s);
    world_.env.run();
    locks_.reset();
    EXPECT_TRUE(fails_with(Errc::closed, now(std::move(asking))));
    world_.env.run();
    EXPECT_EQ(world_.holding("r"), 0);
}

TEST_F(NamedLocksInTime, operations_open_at_the_end_of_the_object_are_answered) {
    ASSERT_TRUE(acquires("r"));
    auto extending = locks_->extend("r", 20s);
    auto releasing = locks_->release("r");
    locks_.reset();
    EXPECT_FALSE(now(std::move(extending)).value());
    EXPECT_TRUE(now(std::move(releasing)).value());
}

TEST_F(NamedLocksInTime, after_the_service_nothing_is_held_and_an_acquire_answers_closed) {
    ASSERT_TRUE(acquires("r"));
    ASSERT_TRUE(is_ok(world_.after(Nanos{0}, world_.locks->close())));
    EXPECT_TRUE(fails_with(Errc::closed, now(locks_->try_acquire("x", 10s))));
    EXPECT_TRUE(fails_with(Errc::closed, now(locks_->try_acquire("r", 10s))));
    EXPECT_FALSE(extends("r"));
    EXPECT_FALSE(releases("r"));
}

TEST_F(NamedLocksInTime, assigned_over_it_releases_what_it_held) {
    ASSERT_TRUE(acquires("r"));
    *locks_ = NamedLocks::over(*world_.locks);
    world_.env.run();
    EXPECT_EQ(world_.holding("r"), 0);
    EXPECT_TRUE(acquires("r"));
}

TEST_F(NamedLocksInTime, callback_comes_from_the_service_even_where_the_answer_is_known) {
    std::optional<bool> told;
    locks_->release("r").then([&](Result<bool> released) { told = released.value(); });
    EXPECT_FALSE(told.has_value()) << "not inside the call";
    world_.env.run();
    EXPECT_EQ(told, false);
    EXPECT_EQ(world_.runner->expected(), 0);
}

}  // namespace
}  // namespace quorumlock::testing
