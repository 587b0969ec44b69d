// Handing the lock on to the next in line, in virtual time. Rules W5, W6.
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <stop_token>

#include "tests/support/waiters.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

/// A lock of this service, and so many behind it.
class service_hand_over : public ::testing::Test {
  protected:
    void begin(int behind, bool fences = false) {
        waiters.emplace(3, ServiceOptions{}, fences);
        waiters->open(true);
        waiters->wait();
        lock.emplace(waiters->all[0].get().value());
        waiters->all.clear();
        waiters->wait_many(behind);
        waiters->forget_log();
    }
    Result<void> release() { return waiters->world.after(Nanos{0}, lock->release()); }
    /// The next one has the lock and holds it.
    void take() {
        ASSERT_TRUE(waiters->all.front().done());
        auto taken = waiters->all.front().get();
        ASSERT_TRUE(taken) << taken.error().message();
        lock.emplace(std::move(taken).value());
        waiters->all.pop_front();
    }
    /// Keys of this token.
    int keys_of(const std::string& token) const {
        int count = 0;
        for (const auto* node : waiters->world.nodes) {
            const auto key = node->keys.find("r");
            if (key != node->keys.end() && key->second.token == token) ++count;
        }
        return count;
    }
    void set_all(Mode mode) { waiters->world.set_all(mode); }
    ScriptedNode& node(std::size_t i) { return *waiters->world.nodes[i]; }

    std::optional<Waiters> waiters;
    std::optional<Lock> lock;
};

TEST_F(service_hand_over, is_one_round_with_a_fresh_token_and_a_larger_fence) {
    begin(1, true);
    const std::string token(lock->token());
    const std::int64_t fence = lock->fence();
    EXPECT_TRUE(release());
    take();
    EXPECT_NE(lock->token(), token);
    EXPECT_GT(lock->fence(), fence);
    EXPECT_EQ(lock->votes(), 3);
    EXPECT_EQ(lock->remaining(), 10s - 102ms);
    for (const auto* one : waiters->world.nodes) {
        EXPECT_EQ(one->log, std::vector<std::string>{"transfer"});
    }
}

TEST_F(service_hand_over, releases_the_handle_before_the_first_byte) {
    begin(1);
    set_all(Mode::hang);
    auto operation = lock->release();
    EXPECT_FALSE(lock->held());
    waiters->world.env.run();
    EXPECT_FALSE(operation.done());
    EXPECT_FALSE(waiters->all[0].done());
}

TEST_F(service_hand_over, goes_to_them_in_their_order) {
    begin(3);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(release());
        waiters->world.env.advance(15ms);  // the first holder stood alone
        EXPECT_EQ(waiters->done(), "0");
        take();
    }
}

TEST_F(service_hand_over, serves_those_who_stood_in_line_and_then_stands_back) {
    begin(0);
    waiters->wait_many(3);  // who got the lock alone hands it on once
    waiters->forget_log();
    EXPECT_TRUE(release());
    take();
    EXPECT_EQ(waiters->asked("transfer"), 3U);
    EXPECT_TRUE(release());
    EXPECT_EQ(waiters->asked("transfer"), 3U);
    EXPECT_EQ(waiters->asked("release"), 3U);
    EXPECT_EQ(waiters->done(), "") << "others get their turn";
    EXPECT_EQ(waiters->world.holding("r"), 0);
    waiters->world.env.advance(15ms);  // at most one and a half of retry_delay
    EXPECT_EQ(waiters->done(), "0");
}

TEST_F(service_hand_over, a_batch_is_as_long_as_the_line_was) {
    begin(3);
    EXPECT_TRUE(release());
    take();
    EXPECT_TRUE(release());  // the first holder stood alone: it was to hand on once
    EXPECT_EQ(waiters->done(), "");
    waiters->world.env.advance(15ms);
    take();  // it got the lock with one behind it
    waiters->wait_many(1);
    waiters->forget_log();
    EXPECT_TRUE(release());
    EXPECT_EQ(waiters->asked("transfer"), 3U);
}

TEST_F(service_hand_over, is_done_sixteen_times_in_a_row_at_most) {
    begin(0);
    EXPECT_TRUE(release());
    Waiters& w = *waiters;
    w.hold_elsewhere(100ms);
    w.wait_many(30);
    w.world.env.advance(101ms);
    take();
    int in_a_row = 0;
    for (; in_a_row < 25; ++in_a_row) {
        EXPECT_TRUE(release());
        if (w.done().empty()) break;
        take();
    }
    EXPECT_EQ(in_a_row, 16);
}

TEST_F(service_hand_over, a_try_acquire_hands_on_too) {
    begin(0);
    EXPECT_TRUE(release());
    auto tried = waiters->world.try_acquire("r", 10s);
    ASSERT_TRUE(tried);
    lock.emplace(std::move(tried).value());
    waiters->wait();
    waiters->forget_log();
    EXPECT_TRUE(release());
    EXPECT_EQ(waiters->asked("transfer"), 3U);
    take();
}

TEST_F(service_hand_over, a_dropped_handle_hands_on_too) {
    begin(1);
    lock.reset();
    waiters->world.env.run();
    EXPECT_EQ(waiters->asked("transfer"), 3U);
    take();
    EXPECT_EQ(waiters->world.holding("r"), 3);
}

TEST_F(service_hand_over, a_detached_lock_is_not_handed_on_and_its_line_asks) {
    begin(1);
    lock->detach();
    lock.reset();
    waiters->world.env.run();
    EXPECT_EQ(waiters->asked("transfer"), 0U);
    EXPECT_GT(waiters->asked("acquire"), 0U);
    EXPECT_EQ(waiters->done(), "");
    waiters->world.env.advance(10s + 1ms);
    EXPECT_EQ(waiters->done(), "0");
}

TEST_F(service_hand_over, an_expired_lock_is_never_handed_on) {
    begin(1);
    waiters->world.env.skip(10s - 102ms);  // its timer has not run yet
    EXPECT_FALSE(lock->held());
    (void)release();
    EXPECT_EQ(waiters->asked("transfer"), 0U);
}

TEST_F(service_hand_over, a_lost_lock_is_never_handed_on) {
    begin(1);
    for (auto* one : waiters->world.nodes) one->forget("r");
    (void)waiters->world.after(Nanos{0}, lock->extend(10s));
    EXPECT_FALSE(lock->held());
    (void)release();
    EXPECT_EQ(waiters->asked("transfer"), 0U);
    waiters->world.env.advance(1s);
    EXPECT_EQ(waiters->done(), "0");
}

TEST_F(service_hand_over, without_transfer_on_every_node_it_is_a_release) {
    waiters.emplace(3, ServiceOptions{}, false, false);
    waiters->open(true);
    waiters->wait();
    lock.emplace(waiters->all[0].get().value());
    waiters->all.clear();
    waiters->wait();
    EXPECT_TRUE(release());
    EXPECT_EQ(waiters->asked("transfer"), 0U);
    EXPECT_EQ(waiters->asked("release"), 3U);
    waiters->world.env.advance(1ms);  // it stands back
    take();
}

TEST_F(service_hand_over, that_misses_the_quorum_undoes_both_and_the_waiter_waits_on) {
    begin(1);
    const std::string from(lock->token());
    node(0).next = node(1).next = {Mode::fail};
    const auto released = release();
    ASSERT_FALSE(released);
    EXPECT_EQ(waiters->world.holding("r"), 0);
    EXPECT_EQ(waiters->done(), "");
    waiters->world.env.advance(15ms);
    take();
    EXPECT_EQ(waiters->world.holding("r"), 3);
    EXPECT_EQ(keys_of(from), 0);
}

// Its line must hear pushes again: the lock is not held here any more.
TEST_F(service_hand_over, that_failed_leaves_a_line_that_can_be_woken) {
    begin(0);
    EXPECT_TRUE(release());
    waiters->hold_elsewhere(100ms);
    waiters->wait_many(3);
    waiters->world.env.advance(101ms);
    take();  // with others behind it in the same line
    node(0).next = node(1).next = {Mode::fail};
    ASSERT_FALSE(release());
    waiters->hold_elsewhere();
    waiters->world.env.advance(2s);
    ASSERT_EQ(waiters->done(), "");
    waiters->world.scripted.forget("r");
    waiters->tell_any();
    EXPECT_EQ(waiters->done(), "0");
}

TEST_F(service_hand_over, on_which_a_quorum_is_silent_undoes_both) {
    begin(1);
    const std::string from(lock->token());
    node(0).next = node(1).next = {Mode::apply_and_hang};
    auto operation = lock->release();
    waiters->world.env.advance(500ms);  // the node timeout
    ASSERT_TRUE(operation.done());
    EXPECT_FALSE(operation.get());
    waiters->world.env.advance(15ms);
    take();
    EXPECT_EQ(keys_of(from), 0);
    EXPECT_EQ(keys_of(std::string(lock->token())), 3);
}

TEST_F(service_hand_over, of_what_is_gone_is_not_held_but_the_waiter_has_it) {
    begin(1);
    for (std::size_t i : {0U, 1U}) node(i).forget("r");
    const auto released = release();
    ASSERT_FALSE(released);
    EXPECT_EQ(released.error().code(), Errc::not_held);
    take();
    EXPECT_EQ(lock->votes(), 3);
}

TEST_F(service_hand_over, of_what_another_has_taken_is_not_held_for_both) {
    begin(1);
    waiters->hold_elsewhere();
    const auto released = release();
    ASSERT_FALSE(released);
    EXPECT_EQ(released.error().code(), Errc::not_held);
    EXPECT_EQ(waiters->done(), "");
    EXPECT_EQ(keys_of("foreign"), 3);
}

TEST_F(service_hand_over, whose_taker_is_cancelled_releases_all_the_same) {
    for (const Mode mode : {Mode::apply_and_hang, Mode::hang}) {
        begin(0);
        std::stop_source stop;
        waiters->wait(10min, stop.get_token());
        set_all(mode);
        auto operation = lock->release();
        waiters->world.env.run();
        EXPECT_FALSE(operation.done());
        set_all(Mode::normal);
        stop.request_stop();
        waiters->world.env.run();
        EXPECT_EQ(waiters->done(), "0");
        EXPECT_EQ(waiters->all[0].get().error().code(), Errc::cancelled);
        ASSERT_TRUE(operation.done());
        EXPECT_TRUE(operation.get());
        EXPECT_EQ(waiters->world.holding("r"), 0);
        waiters->all.clear();
        lock.reset();
    }
}

TEST_F(service_hand_over, whose_taker_is_cancelled_lets_the_next_ask) {
    begin(0);
    std::stop_source stop;
    waiters->wait(10min, stop.get_token());
    waiters->wait();
    set_all(Mode::apply_and_hang);
    auto operation = lock->release();
    waiters->world.env.run();
    set_all(Mode::normal);
    stop.request_stop();
    waiters->world.env.advance(15ms);
    EXPECT_EQ(waiters->done(), "0 1");
    EXPECT_TRUE(waiters->all[1].get());
}

TEST_F(service_hand_over, to_a_head_that_asks_undoes_what_it_asked) {
    begin(0);
    set_all(Mode::hang);
    waiters->wait();
    set_all(Mode::normal);
    EXPECT_TRUE(release());
    take();
    EXPECT_EQ(waiters->asked("undo"), 3U);
    EXPECT_EQ(keys_of(std::string(lock->token())), 3);
}

TEST_F(service_hand_over, under_way_when_the_service_closes_leaves_nothing) {
    for (const Mode mode : {Mode::apply_and_hang, Mode::hang}) {
        begin(2);
        set_all(mode);
        auto operation = lock->release();
        waiters->world.env.run();
        set_all(Mode::normal);
        auto closing = waiters->world.locks->close();
        waiters->world.env.advance(1s);
        ASSERT_TRUE(closing.done());
        EXPECT_TRUE(operation.done());
        EXPECT_EQ(waiters->done(), "0 1");
        for (auto& one : waiters->all) EXPECT_EQ(one.get().error().code(), Errc::closed);
        EXPECT_EQ(waiters->world.holding("r"), 0);
        waiters->all.clear();
        lock.reset();
    }
}

}  // namespace
}  // namespace quorumlock::testing
