// Who runs what on which thread, in real life. All interleavings of the lead itself are walked
// through in tests/model/hand_on_test.cpp; here is the machinery around it, also under TSan.
#include "lib/env/loop_runner.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/env/uv_fixture.h"

namespace quorumlock::env {
namespace {

using namespace std::chrono_literals;

constexpr auto kLimit = 60s;

class LoopRunnerTest : public ::testing::Test {
  protected:
    LoopRunnerTest() {
        auto made = LoopRunner::create(nullptr);
        EXPECT_TRUE(made);
        runner = std::move(*made);
        runner->start();
    }
    ~LoopRunnerTest() override { runner->stop(nullptr); }

    /// Runs it as a callback and waits for its end.
    void in_callback(std::function<void()> what) {
        std::promise<void> done;
        Call callback([&] {
            what();
            done.set_value();
        });
        runner->call_back(callback, false);
        ASSERT_EQ(done.get_future().wait_for(kLimit), std::future_status::ready);
    }

    std::unique_ptr<LoopRunner> runner;
};

/// What an operation does: some turns on the loop, then an end that somebody waits for.
class Job : public Task {
  public:
    enum class End { signal, callback, nothing };

    Job(LoopRunner& runner, End end, int turns, long& on_loop, long& on_own_thread)
        : runner_(runner), end_(end), turns_(turns), on_loop_(on_loop), callback_([&on_own_thread] {
              ++on_own_thread;
          }) {}

    void start() {
        if (end_ == End::callback) runner_.expect_callback();
        runner_.run_in_loop(*this);
    }
    void run() override {
        ++on_loop_;
        if (turns_-- > 0) {
            runner_.env().arm(pause_, runner_.env().now() + 1us);
        } else if (end_ == End::signal) {
            runner_.set(signal);
        } else if (end_ == End::callback) {
            runner_.call_back(callback_, true);
        }
    }

    Signal signal;

  private:
    LoopRunner& runner_;
    const End end_;
    int turns_;
    long& on_loop_;
    Call callback_;
    Call pause_{[this] { run(); }};
};

TEST_F(LoopRunnerTest, timers_fire_on_the_own_thread_while_nobody_waits) {
    std::promise<std::thread::id> fired;
    Call timer([&] { fired.set_value(std::this_thread::get_id()); });
    Call task([&] { runner->env().arm(timer, runner->env().now() + 2ms); });
    runner->run_in_loop(task);
    auto answer = fired.get_future();
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_NE(answer.get(), std::this_thread::get_id());
}

TEST_F(LoopRunnerTest, callbacks_run_in_order_on_one_other_thread) {
    std::string order;
    std::vector<std::thread::id> threads;
    std::promise<void> done;
    Call first([&] { order += '1'; });
    Call second([&] {
        order += '2';
        threads.push_back(std::this_thread::get_id());
    });
    Call third([&] {
        order += '3';
        threads.push_back(std::this_thread::get_id());
        done.set_value();
    });
    for (Call* callback : {&first, &second, &third}) runner->call_back(*callback, false);
    ASSERT_EQ(done.get_future().wait_for(kLimit), std::future_status::ready);
    EXPECT_EQ(order, "123");
    EXPECT_EQ(threads[0], threads[1]);
    EXPECT_NE(threads[0], std::this_thread::get_id());
}

// With a mutex held that the task wants, and with nobody else there to drive the loop.
TEST_F(LoopRunnerTest, run_later_runs_in_a_later_event_in_order) {
    std::mutex mutex;
    std::string order;
    std::promise<void> done;
    Call first([&] {
        const std::lock_guard lock(mutex);
        order += '1';
    });
    Call second([&] {
        order += '2';
        done.set_value();
    });
    {
        const std::lock_guard lock(mutex);
        runner->run_later(first);
        runner->run_later(second);
    }
    ASSERT_EQ(done.get_future().wait_for(kLimit), std::future_status::ready);
    EXPECT_EQ(order, "12");
    // On the loop too: not within the task that hands it in.
    Signal signal;
    std::string seen;
    Call inner([&] {
        seen += "later";
        runner->set(signal);
    });
    Call outer([&] {
        runner->run_later(inner);
        seen += "first ";
    });
    runner->run_in_loop(outer);
    EXPECT_TRUE(runner->wait(signal));
    EXPECT_EQ(seen, "first later");
}

TEST_F(LoopRunnerTest, waiting_where_it_could_never_end_is_refused) {
    Signal never;
    bool waited_in_callback = true;
    in_callback([&] {
        EXPECT_TRUE(runner->on_callback_thread());
        waited_in_callback = runner->wait(never);
    });
    EXPECT_FALSE(waited_in_callback);
    bool waited_in_loop = true;
    Signal done;
    Call task([&] {
        waited_in_loop = runner->wait(never);
        runner->set(done);
    });
    runner->run_in_loop(task);
    EXPECT_TRUE(runner->wait(done));
    EXPECT_FALSE(waited_in_loop);
    EXPECT_FALSE(runner->on_callback_thread());
}

// A caller that holds a mutex may block although a callback waits for that mutex.
TEST_F(LoopRunnerTest, callers_lead_while_a_callback_blocks_and_tasks_run_in_their_thread) {
    std::promise<void> entered;
    std::promise<void> leave;
    std::promise<void> left;
    Call callback([&] {
        entered.set_value();
        leave.get_future().wait();
        left.set_value();
    });
    runner->call_back(callback, false);
    entered.get_future().wait();
    std::thread::id ran_in;
    Call task([&] { ran_in = std::this_thread::get_id(); });
    runner->run_in_loop(task);
    EXPECT_EQ(ran_in, std::this_thread::get_id());
    long on_loop = 0;
    long none = 0;
    Job job(*runner, Job::End::signal, 3, on_loop, none);
    job.start();
    EXPECT_TRUE(runner->wait(job.signal));  // Hangs where the callback keeps the lead.
    EXPECT_EQ(on_loop, 4);
    leave.set_value();
    left.get_future().wait();
}

// The counts are plain: under TSan a second thread inside the loop, or a callback beside another,
// is a race. Bounded by the number of jobs.
TEST_F(LoopRunnerTest, sixty_four_threads_are_never_two_in_the_loop) {
    constexpr int kThreads = 64;
    constexpr int kJobs = 400;
    long on_loop = 0;
    long on_own_thread = 0;
    std::vector<std::vector<std::unique_ptr<Job>>> all(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < kJobs; ++i) {
                const auto end = static_cast<Job::End>((t + i / 2) % 3);
                auto& job = all[static_cast<std::size_t>(t)].emplace_back(
                    std::make_unique<Job>(*runner, end, i % 3, on_loop, on_own_thread));
                job->start();
                EXPECT_TRUE(end != Job::End::signal || runner->wait(job->signal));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    // Those that nobody waited for are carried out by the own thread.
    long expected_on_loop = 0;
    long expected_callbacks = 0;
    for (int t = 0; t < kThreads; ++t) {
        for (int i = 0; i < kJobs; ++i) {
            expected_on_loop += 1 + i % 3;
            expected_callbacks += static_cast<Job::End>((t + i / 2) % 3) == Job::End::callback;
        }
    }
    Signal last;
    Call until([&] {
        if (on_loop == expected_on_loop) {
            runner->set(last);
        } else {
            runner->env().arm(until, runner->env().now() + 1ms);
        }
    });
    runner->run_in_loop(until);
    EXPECT_TRUE(runner->wait(last));
    in_callback([&] { EXPECT_EQ(on_own_thread, expected_callbacks); });
}

// ---- the end ----

TEST_F(LoopRunnerTest, queued_callbacks_run_before_the_own_thread_ends) {
    int ran = 0;
    Call first([&] { ++ran; });
    Call second([&] { ++ran; });
    runner->call_back(first, false);
    runner->call_back(second, false);
    runner->stop(nullptr);
    EXPECT_EQ(ran, 2);
}

TEST_F(LoopRunnerTest, what_comes_after_the_end_runs_at_once_in_the_thread_that_brings_it) {
    runner->stop(nullptr);
    std::string order;
    Signal signal;
    Signal never;
    Call nested([&] { order += 'n'; });
    Call callback([&] {
        order += 'c';
        EXPECT_TRUE(runner->on_callback_thread());
        EXPECT_FALSE(runner->wait(never)) << "nobody else is there to set it";
        runner->run_in_loop(nested);
        order += 'C';
    });
    Call task([&] {
        order += 't';
        runner->call_back(callback, true);
        runner->set(signal);
        order += 'T';
    });
    runner->expect_callback();
    runner->run_in_loop(task);
    EXPECT_EQ(order, "tTcCn");
    EXPECT_TRUE(runner->wait(signal));
    EXPECT_FALSE(runner->on_callback_thread());
}

TEST_F(LoopRunnerTest, threads_may_go_on_while_and_after_the_own_thread_ends) {
    constexpr int kThreads = 8;
    constexpr int kJobs = 300;
    long on_loop = 0;
    long on_own_thread = 0;
    std::vector<std::unique_ptr<Job>> jobs[kThreads];
    std::atomic<int> started{0};
    std::vector<std::thread> threads;
    for (auto& its : jobs) {
        threads.emplace_back([&] {
            for (int i = 0; i < kJobs; ++i) {
                const auto end = i % 2 == 0 ? Job::End::signal : Job::End::callback;
                its.push_back(std::make_unique<Job>(*runner, end, 0, on_loop, on_own_thread));
                its.back()->start();
                EXPECT_TRUE(end != Job::End::signal || runner->wait(its.back()->signal));
                started.fetch_add(1, std::memory_order_relaxed);
            }
        });
    }
    while (started < kThreads * kJobs / 4) std::this_thread::yield();
    runner->stop(nullptr);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(on_loop, kThreads * kJobs);
    EXPECT_EQ(on_own_thread, kThreads * kJobs / 2);
}

TEST(LoopRunnerEnd, stopped_in_a_callback_it_is_destroyed_by_its_own_thread) {
    auto made = LoopRunner::create(nullptr);
    ASSERT_TRUE(made);
    std::promise<std::thread::id> destroyed;
    auto answer = destroyed.get_future();
    LoopRunner* const raw = made->release();
    std::shared_ptr<LoopRunner> runner(raw, [&destroyed](LoopRunner* last) {
        delete last;
        destroyed.set_value(std::this_thread::get_id());
    });
    raw->start();
    Call callback([&runner, raw] { raw->stop(std::move(runner)); });
    raw->call_back(callback, false);
    ASSERT_EQ(answer.wait_for(kLimit), std::future_status::ready);
    EXPECT_NE(answer.get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace quorumlock::env
