#include "lib/env/timer_queue.h"

#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace quorumlock::env {
namespace {

struct NotedTimer : Timer {
    explicit NotedTimer(int n, std::vector<int>& to) : name(n), fired(to) {}
    void fire() override {
        fired.push_back(name);
        if (also) also();  // May destroy this.
    }
    int name;
    std::vector<int>& fired;
    std::function<void()> also;
};

Instant at(int ns) { return Instant(Nanos(ns)); }

class TimerQueueTest : public ::testing::Test {
  protected:
    std::unique_ptr<NotedTimer> armed(int name, int when) {
        auto timer = std::make_unique<NotedTimer>(name, fired);
        queue.arm(*timer, at(when));
        return timer;
    }
    std::vector<int> fired;
    TimerQueue queue;
};

using Names = std::vector<int>;

TEST_F(TimerQueueTest, fires_what_is_due_earliest_first_and_keeps_the_rest) {
    std::vector<std::unique_ptr<NotedTimer>> timers;
    for (int when : {50, 10, 40, 20, 60, 30, 5}) timers.push_back(armed(when, when));
    EXPECT_EQ(queue.next(), at(5));
    queue.fire_due(at(40));
    EXPECT_EQ(fired, (Names{5, 10, 20, 30, 40}));
    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(queue.next(), at(50));
    EXPECT_TRUE(timers[0]->armed());
    EXPECT_FALSE(timers[1]->armed());
}

TEST_F(TimerQueueTest, equal_instants_fire_in_the_order_of_arming) {
    std::vector<std::unique_ptr<NotedTimer>> timers;
    Names expected;
    for (int i = 0; i < 20; ++i) {
        timers.push_back(armed(i, 7));
        if (i != 3) expected.push_back(i);
    }
    queue.arm(*timers[3], at(7));
    expected.push_back(3);
    queue.fire_due(at(7));
    EXPECT_EQ(fired, expected);
}

TEST_F(TimerQueueTest, disarmed_and_destroyed_timers_never_fire) {
    auto first = armed(1, 10);
    auto second = armed(2, 20);
    auto third = armed(3, 30);
    queue.disarm(*first);
    queue.disarm(*first);
    EXPECT_FALSE(first->armed());
    second.reset();
    EXPECT_EQ(queue.size(), 1U);
    queue.fire_due(at(100));
    EXPECT_EQ(fired, Names{3});
    EXPECT_TRUE(queue.empty());
}

TEST_F(TimerQueueTest, arming_again_moves_a_timer_both_ways) {
    auto first = armed(1, 10);
    auto second = armed(2, 20);
    queue.arm(*first, at(30));
    EXPECT_EQ(queue.next(), at(20));
    queue.arm(*first, at(5));
    EXPECT_EQ(queue.next(), at(5));
    EXPECT_EQ(first->when(), at(5));
    EXPECT_EQ(queue.size(), 2U);
    queue.fire_due(at(20));
    EXPECT_EQ(fired, (Names{1, 2}));
}

TEST_F(TimerQueueTest, a_callback_may_disarm_and_destroy_other_due_timers) {
    auto first = armed(1, 10);
    auto second = armed(2, 20);
    auto third = armed(3, 30);
    auto fourth = armed(4, 40);
    first->also = [&] {
        queue.disarm(*second);
        third.reset();
    };
    queue.fire_due(at(100));
    EXPECT_EQ(fired, (Names{1, 4}));
    EXPECT_TRUE(queue.empty());
}

TEST_F(TimerQueueTest, a_callback_may_destroy_its_own_timer) {
    auto first = armed(1, 10);
    auto second = armed(2, 20);
    first->also = [&] { first.reset(); };
    queue.fire_due(at(100));
    EXPECT_EQ(fired, (Names{1, 2}));
    EXPECT_EQ(first, nullptr);
}

TEST_F(TimerQueueTest, what_a_callback_arms_for_now_waits_for_the_next_call) {
    auto first = armed(1, 10);
    auto second = armed(2, 20);
    first->also = [&] { queue.arm(*first, at(5)); };
    queue.fire_due(at(20));
    EXPECT_EQ(fired, (Names{1, 2}));
    EXPECT_TRUE(first->armed());
    EXPECT_EQ(queue.next(), at(5));
    queue.fire_due(at(20));
    EXPECT_EQ(fired, (Names{1, 2, 1}));
}

TEST_F(TimerQueueTest, what_a_callback_arms_for_later_is_kept_for_then) {
    auto first = armed(1, 10);
    first->also = [&] { queue.arm(*first, at(25)); };
    queue.fire_due(at(20));
    EXPECT_EQ(queue.next(), at(25));
    queue.fire_due(at(24));
    EXPECT_EQ(fired, Names{1});
    queue.fire_due(at(25));
    EXPECT_EQ(fired, (Names{1, 1}));
}

TEST_F(TimerQueueTest, a_timer_held_back_can_be_disarmed_moved_and_destroyed) {
    auto first = armed(1, 10);
    auto second = std::make_unique<NotedTimer>(2, fired);
    auto third = std::make_unique<NotedTimer>(3, fired);
    auto fourth = std::make_unique<NotedTimer>(4, fired);
    auto fifth = armed(5, 11);
    first->also = [&] {
        queue.arm(*second, at(1));
        queue.arm(*third, at(2));
        queue.arm(*fourth, at(3));
        EXPECT_EQ(queue.size(), 4U);
    };
    fifth->also = [&] {
        queue.disarm(*second);
        third.reset();
        queue.arm(*fourth, at(50));
    };
    queue.fire_due(at(20));
    EXPECT_FALSE(second->armed());
    EXPECT_EQ(queue.size(), 1U);
    EXPECT_EQ(queue.next(), at(50));
    queue.fire_due(at(60));
    EXPECT_EQ(fired, (Names{1, 5, 4}));
}

TEST_F(TimerQueueTest, timers_outlive_their_queue) {
    auto own = std::make_unique<TimerQueue>();
    NotedTimer timer(1, fired);
    own->arm(timer, at(10));
    own.reset();
    EXPECT_FALSE(timer.armed());
}

TEST_F(TimerQueueTest, clearing_from_a_callback_ends_the_firing) {
    auto first = armed(1, 10);
    auto second = armed(2, 20);
    first->also = [&] { queue.clear(); };
    queue.fire_due(at(100));
    EXPECT_EQ(fired, Names{1});
    EXPECT_FALSE(second->armed());
}

TEST_F(TimerQueueTest, a_thousand_random_operations_agree_with_a_sorted_list) {
    std::vector<std::unique_ptr<NotedTimer>> timers;
    for (int i = 0; i < 50; ++i) timers.push_back(std::make_unique<NotedTimer>(i, fired));
    std::uint32_t random = 12345;
    auto draw = [&](std::uint32_t below) {
        random = random * 1664525U + 1013904223U;
        return (random >> 8) % below;
    };
    for (int step = 0; step < 1000; ++step) {
        NotedTimer& timer = *timers[draw(50)];
        if (draw(3) == 0) {
            queue.disarm(timer);
        } else {
            queue.arm(timer, at(static_cast<int>(draw(1000))));
        }
        const NotedTimer* earliest = nullptr;
        std::size_t count = 0;
        for (const auto& one : timers) {
            if (!one->armed()) continue;
            ++count;
            if (earliest == nullptr || one->when() < earliest->when()) earliest = one.get();
        }
        ASSERT_EQ(queue.size(), count);
        if (count == 0) continue;
        ASSERT_EQ(queue.next(), earliest->when());
    }
    Instant last{};
    std::size_t left = queue.size();
    for (const auto& one : timers) {
        one->also = [&, timer = one.get()] {
            EXPECT_LE(last, timer->when());
            last = timer->when();
        };
    }
    queue.fire_due(at(1000));
    EXPECT_EQ(fired.size(), left);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace quorumlock::env
