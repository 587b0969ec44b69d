// UvEnv as a guest in a loop that somebody else runs.
#include <array>

#include <uv.h>

#include "lib/env/uv_env.h"
#include "tests/unit/env/uv_fixture.h"

namespace quorumlock::env {
namespace {

using namespace std::chrono_literals;

class CallersLoopTest : public ::testing::Test {
  protected:
    CallersLoopTest() {
        EXPECT_EQ(uv_loop_init(&loop), 0);
        auto made = UvEnv::create(&loop, turns);
        EXPECT_TRUE(made);
        env = std::move(*made);
    }
    ~CallersLoopTest() override {
        if (env != nullptr) env->close_handles([this] { env.reset(); });
        EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        EXPECT_EQ(env, nullptr);
        EXPECT_EQ(uv_loop_close(&loop), 0);
    }

    uv_loop_t loop{};
    Turns turns;
    std::unique_ptr<UvEnv> env;
};

TEST_F(CallersLoopTest, ends_when_only_we_are_left_and_nothing_keeps_it_alive) {
    Listener listener;
    User user;
    user.stream = env->connect(listener.endpoint(), user);
    user.then_open = [&] { env->keep_alive(false); };
    EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    EXPECT_EQ(user.opened, 1);
    EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);  // At once, with the stream still open.
}

TEST_F(CallersLoopTest, is_kept_alive_again_while_something_is_open) {
    env->keep_alive(false);
    EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    env->keep_alive(true);
    Call timer([&] { env->keep_alive(false); });
    env->arm(timer, env->now() + 3ms);
    EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    EXPECT_FALSE(timer.armed());
}

TEST_F(CallersLoopTest, streams_timers_and_tasks_work_without_turn) {
    Listener listener;
    User user;
    Descriptor server;
    user.then_open = [&] {
        server = listener.accept();
        user.stream->write("ping");
    };
    Call answer([&] {
        EXPECT_EQ(server.receive(4), "ping");
        server.send("pong");
    });
    env->arm(answer, env->now() + 5ms);
    Call end([&] { env->keep_alive(false); });
    user.then_data = [&] { env->post(end); };
    user.stream = env->connect(listener.endpoint(), user);
    EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    EXPECT_EQ(user.data, "pong");
    EXPECT_EQ(turns.log.find_first_not_of("baw"), std::string::npos);
    for (std::size_t at = 0; at + 3 <= turns.log.size(); at += 3) {
        ASSERT_EQ(turns.log.substr(at, 3), "baw");
    }
}

TEST_F(CallersLoopTest, shares_the_loop_with_its_owners_timers) {
    env->keep_alive(false);
    uv_timer_t timer;
    uv_timer_init(&loop, &timer);
    int fired = 0;
    timer.data = &fired;
    uv_timer_start(
        &timer, [](uv_timer_t* t) { ++*static_cast<int*>(t->data); }, 2, 0);
    EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    EXPECT_EQ(fired, 1);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
    uv_run(&loop, UV_RUN_NOWAIT);
}

TEST_F(CallersLoopTest, closing_is_asynchronous_and_tells_when_it_is_done) {
    Listener listener;
    User user;
    user.stream = env->connect(listener.endpoint(), user);
    bool done = false;
    env->close_handles([&] {
        done = true;
        env.reset();
    });
    EXPECT_FALSE(done);
    EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    EXPECT_TRUE(done);
    EXPECT_EQ(user.opened + user.closed, 0);
}

TEST_F(CallersLoopTest, may_be_closed_from_within_any_of_its_callbacks) {
    for (int place = 0; place < 7; ++place) {
        SCOPED_TRACE(place);
        Listener listener;
        Turns others;
        auto made = UvEnv::create(&loop, others);
        ASSERT_TRUE(made);
        std::unique_ptr<UvEnv> guest = std::move(*made);
        bool done = false;
        int after = 0;
        auto close = [&] {
            if (done || after++ != 0) return;
            guest->close_handles([&] {
                done = true;
                guest.reset();
            });
        };
        User user;
        Descriptor server;
        Answered answered;
        Call timer(close);
        Call task(close);
        Call never([&] { ADD_FAILURE() << "a task ran after the close"; });
        if (place == 0) user.then_open = close;
        if (place == 1) {
            user.then_open = [&] {
                server = listener.accept();
                server.send("x");
            };
            user.then_data = close;
        }
        if (place == 2) guest->arm(timer, guest->now());
        if (place == 3) {
            guest->post(task);
            guest->post(never);
        }
        if (place == 4) others.on_before_wait = close;
        if (place == 5) others.on_woke = close;
        if (place == 6) {
            answered.then = close;
            answered.lookup = guest->look_up("127.0.0.1", answered);
        }
        if (place < 2 || place > 3) user.stream = guest->connect(listener.endpoint(), user);
        while (!done) uv_run(&loop, UV_RUN_ONCE);
        EXPECT_EQ(guest, nullptr);
    }
}

TEST_F(CallersLoopTest, a_look_up_that_is_given_up_does_not_outlast_its_env) {
    Answered answered;
    answered.lookup = env->look_up("localhost", answered);
    env->close_handles([this] { env.reset(); });
    EXPECT_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    EXPECT_EQ(answered.answers, 0);
}

}  // namespace
}  // namespace quorumlock::env
