#include "lib/env/task_queue.h"

#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace quorumlock::env {
namespace {

struct NotedTask : Task {
    NotedTask(int n, std::vector<int>& to) : name(n), ran(to) {}
    void run() override {
        ran.push_back(name);
        if (also) also();  // May destroy this.
    }
    int name;
    std::vector<int>& ran;
    std::function<void()> also;
};

using Names = std::vector<int>;

struct TaskQueueTest : ::testing::Test {
    Names ran;
    NotedTask first{1, ran};
    NotedTask second{2, ran};
    NotedTask third{3, ran};
    TaskQueue queue;
};

TEST_F(TaskQueueTest, runs_first_in_first_out_and_each_once) {
    queue.push(first);
    queue.push(second);
    queue.push(first);
    queue.run(10);
    EXPECT_EQ(ran, (Names{1, 2}));
    EXPECT_TRUE(queue.empty());
    EXPECT_FALSE(first.queued);
}

TEST_F(TaskQueueTest, a_task_may_push_itself_and_the_limit_holds) {
    first.also = [&] { queue.push(first); };
    queue.push(first);
    queue.run(3);
    EXPECT_EQ(ran, (Names{1, 1, 1}));
    EXPECT_FALSE(queue.empty());
}

TEST_F(TaskQueueTest, a_task_may_destroy_itself_while_it_runs) {
    auto own = std::make_unique<NotedTask>(7, ran);
    own->also = [&] { own.reset(); };
    queue.push(*own);
    queue.push(second);
    queue.run(10);
    EXPECT_EQ(ran, (Names{7, 2}));
}

TEST_F(TaskQueueTest, removing_keeps_the_order_of_the_rest) {
    for (NotedTask* gone : {&first, &second, &third}) {
        ran.clear();
        Names expected;
        for (NotedTask* task : {&first, &second, &third}) {
            queue.push(*task);
            if (task != gone) expected.push_back(task->name);
        }
        queue.remove(*gone);
        queue.remove(*gone);
        EXPECT_FALSE(gone->queued);
        queue.push(*gone);
        expected.push_back(gone->name);
        queue.run(10);
        EXPECT_EQ(ran, expected);
    }
}

TEST_F(TaskQueueTest, popping_an_empty_queue_answers_null) {
    EXPECT_EQ(queue.pop(), nullptr);
    queue.push(first);
    EXPECT_EQ(queue.pop(), &first);
    EXPECT_EQ(queue.pop(), nullptr);
}

TEST_F(TaskQueueTest, a_queue_that_goes_lets_its_tasks_go) {
    auto own = std::make_unique<TaskQueue>();
    own->push(first);
    own.reset();
    EXPECT_FALSE(first.queued);
    EXPECT_TRUE(ran.empty());
}

TEST(TaskDeathTest, destroying_a_queued_task_ends_the_program) {
    Names ran;
    EXPECT_DEATH(
        {
            TaskQueue queue;
            NotedTask task(1, ran);
            queue.push(task);
        },
        "internal check failed: !queued");
}

}  // namespace
}  // namespace quorumlock::env
