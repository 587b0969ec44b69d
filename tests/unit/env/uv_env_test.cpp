#include "lib/env/uv_env.h"

#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include <fcntl.h>
#include <uv.h>

#include "tests/unit/env/uv_fixture.h"

namespace quorumlock::env {
namespace {

using namespace std::chrono_literals;

TEST_F(UvEnvTest, a_timer_fires_once_and_not_before_its_instant) {
    int fired = 0;
    Instant at{};
    Call timer([&] {
        ++fired;
        at = env->now();
    });
    const Instant when = env->now() + 5ms;
    env->arm(timer, when);
    EXPECT_TRUE(run_until([&] { return fired != 0; }));
    EXPECT_GE(at, when);
    EXPECT_FALSE(timer.armed());
    for (int i = 0; i < 5; ++i) env->turn(false);
    EXPECT_EQ(fired, 1);
}

TEST_F(UvEnvTest, timers_fire_in_order_also_when_an_earlier_one_is_armed_last) {
    std::string order;
    Call first([&] { order += '1'; });
    Call second([&] { order += '2'; });
    Call third([&] { order += '3'; });
    const Instant now = env->now();
    env->arm(third, now + 30ms);
    env->turn(false);  // The descriptor is armed for the third now.
    env->arm(first, now + 10ms);
    env->arm(second, now + 20ms);
    EXPECT_TRUE(run_until([&] { return order.size() == 3; }));
    EXPECT_EQ(order, "123");
}

TEST_F(UvEnvTest, a_wake_up_for_a_disarmed_timer_fires_nothing_and_loses_nothing) {
    int fired = 0;
    Call gone([&] { fired += 100; });
    Instant at{};
    Call kept([&] {
        ++fired;
        at = env->now();
    });
    const Instant when = env->now() + 20ms;
    env->arm(gone, env->now() + 2ms);
    env->arm(kept, when);
    env->turn(false);
    env->disarm(gone);
    EXPECT_TRUE(run_until([&] { return fired != 0; }));
    EXPECT_EQ(fired, 1);
    EXPECT_GE(at, when);
}

TEST_F(UvEnvTest, a_timer_in_the_past_fires_in_the_next_turn) {
    int fired = 0;
    Call timer([&] { ++fired; });
    env->arm(timer, Instant{});
    env->turn(true);
    EXPECT_EQ(fired, 1);
}

TEST_F(UvEnvTest, a_timer_that_always_arms_itself_for_now_leaves_room_for_others) {
    int fired = 0;
    Call eager([&] {
        ++fired;
        env->arm(eager, env->now());
    });
    bool other = false;
    Call patient([&] { other = true; });
    env->arm(eager, env->now());
    env->arm(patient, env->now() + 3ms);
    EXPECT_TRUE(run_until([&] { return other; }));
    EXPECT_GT(fired, 1);
}

TEST_F(UvEnvTest, an_answer_that_is_there_is_heard_before_a_time_limit_that_has_passed) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    std::string order;
    user.then_data = [&] { order += 'd'; };
    Call limit([&] { order += 't'; });
    server.send("answer");
    env->arm(limit, Instant{});
    EXPECT_TRUE(run_until([&] { return order.size() == 2; }));
    EXPECT_EQ(order, "dt");
}

TEST_F(UvEnvTest, posted_tasks_run_in_order_with_those_they_post_before_the_loop_waits) {
    std::string order;
    Call third([&] { order += '3'; });
    Call first([&] {
        order += '1';
        env->post(third);
    });
    Call second([&] { order += '2'; });
    env->post(first);
    env->post(second);
    env->post(first);
    EXPECT_EQ(order, "");
    env->turn(false);
    EXPECT_EQ(order, "123");
}

TEST_F(UvEnvTest, tasks_posted_without_end_do_not_hold_the_loop) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    int runs = 0;
    Call endless([&] {
        ++runs;
        env->post(endless);
    });
    env->post(endless);
    server.send("x");
    EXPECT_TRUE(run_until([&] { return user.reads == 1; }));
    EXPECT_GT(runs, 0);
    endless.what = [] {};
    env->turn(false);
    EXPECT_FALSE(endless.queued);
}

TEST_F(UvEnvTest, a_turn_takes_in_what_came_then_waits_then_tells_once_that_it_woke) {
    Listener listener;
    User users[2];
    Descriptor servers[2] = {connected(users[0], listener), connected(users[1], listener)};
    turns.log.clear();
    for (User& user : users) user.then_data = [this] { turns.log += 'd'; };
    Call task([&] { turns.log += 't'; });
    Call timer([&] { turns.log += 'T'; });
    for (Descriptor& server : servers) server.send("x");
    env->post(task);
    env->arm(timer, Instant{});
    env->turn(true);
    EXPECT_EQ(turns.log, "btawddT");
    turns.log.clear();
    env->turn(false);
    EXPECT_EQ(turns.log, "baw");
}

TEST_F(UvEnvTest, a_turn_does_not_wait_when_it_is_asked_to_stay_awake) {
    turns.stay_awake = true;
    env->turn(true);
    env->turn(true);
    EXPECT_EQ(turns.log, "bawbaw");
    turns.stay_awake = false;
    env->wake();
    env->turn(true);
    EXPECT_EQ(turns.log, "bawbawbaw");
}

TEST_F(UvEnvTest, another_thread_ends_a_waiting_turn) {
    std::atomic<bool> asked{false};
    std::thread other([&] {
        while (!asked) std::this_thread::yield();
        env->wake();
    });
    turns.on_before_wait = [&] { asked = true; };
    env->turn(true);  // Hangs when the wake-up is lost.
    other.join();
    EXPECT_EQ(turns.log, "baw");
}

TEST_F(UvEnvTest, threads_may_take_turns_at_the_turns) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    for (int i = 0; i < 4; ++i) {
        server.send("x");
        std::thread([&] { EXPECT_TRUE(run_until([&] { return user.reads == i + 1; })); }).join();
    }
    EXPECT_EQ(user.data, "xxxx");
}

TEST_F(UvEnvTest, clocks_go_forward_and_random_numbers_differ) {
    const Instant before = env->now();
    EXPECT_LE(before, env->now());
    EXPECT_GT(before, Instant{});
    // 2020-01-01; only that it is the wall clock.
    EXPECT_GT(env->wall_now(), Nanos(std::chrono::seconds(1'577'836'800)));
    Turns others;
    auto other = UvEnv::create(nullptr, others);
    ASSERT_TRUE(other);
    std::set<std::uint64_t> seen;
    std::set<std::array<std::uint8_t, 16>> secret;
    for (UvEnv* one : {env.get(), other->get()}) {
        for (int i = 0; i < 100; ++i) {
            seen.insert(one->random_u64());
            std::array<std::uint8_t, 16> bytes{};
            ASSERT_TRUE(one->random_bytes(bytes));
            secret.insert(bytes);
        }
    }
    EXPECT_EQ(seen.size(), 200U);
    EXPECT_EQ(secret.size(), 200U);
}

TEST_F(UvEnvTest, every_descriptor_closes_on_exec) {
    auto open_now = [] {
        std::set<int> open;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
            open.insert(std::stoi(entry.path().filename()));
        }
        return open;
    };
    const std::set<int> before = open_now();
    Turns others;
    auto other = UvEnv::create(nullptr, others);
    ASSERT_TRUE(other);
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    int checked = 0;
    for (int fd : open_now()) {
        const int flags = fcntl(fd, F_GETFD);
        if (before.count(fd) != 0 || flags < 0) continue;
        EXPECT_NE(flags & FD_CLOEXEC, 0)
            << std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd));
        ++checked;
    }
    EXPECT_GE(checked, 5);  // epoll, timerfd, eventfd, and both ends of a connection at least.
}

TEST_F(UvEnvTest, closing_silences_everything_and_what_outlives_it_stays_harmless) {
    Listener listener;
    User user, connecting, failing;
    Descriptor server = connected(user, listener);
    server.send("never read");
    connect(connecting, listener.endpoint());
    connect(failing, {.address = "x", .port = 0, .path = ""});
    Answered numeric, named;
    numeric.lookup = env->look_up("127.0.0.1", numeric);
    named.lookup = env->look_up("localhost", named);
    int ran = 0;
    Call timer([&] { ++ran; });
    Call task([&] { ++ran; });
    env->arm(timer, Instant{});
    env->post(task);
    user.stream->write("never sent");
    const std::string log = turns.log;
    bool done = false;
    env->close_handles([&] { done = true; });
    EXPECT_TRUE(done);
    env->arm(timer, Instant{});
    env->post(task);
    User late;
    connect(late, listener.endpoint());
    Answered late_answer;
    late_answer.lookup = env->look_up("127.0.0.1", late_answer);
    env.reset();
    user.stream->write("dropped");
    EXPECT_EQ(user.stream->sent(), 0U);
    EXPECT_EQ(ran, 0);
    EXPECT_FALSE(timer.armed());
    EXPECT_FALSE(task.queued);
    for (const User* one : {&user, &connecting, &failing, &late}) {
        EXPECT_EQ(one->reads + one->closed, 0);
    }
    EXPECT_EQ(numeric.answers + named.answers + late_answer.answers, 0);
    EXPECT_EQ(turns.log, log);
    EXPECT_EQ(server.receive(1), "");  // An end or a reset, but no byte.
}

TEST_F(UvEnvTest, closing_leaves_no_descriptor_behind) {
    auto count = [] {
        long n = 0;
        for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator("/proc/self/fd"))
            ++n;
        return n;
    };
    const long before = count();
    for (int i = 0; i < 3; ++i) {
        Turns others;
        auto other = UvEnv::create(nullptr, others);
        ASSERT_TRUE(other);
        User user;
        user.stream = (*other)->connect({.address = "127.0.0.1", .port = 9, .path = ""}, user);
        (*other)->turn(false);
        other->reset();
    }
    EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace quorumlock::env
