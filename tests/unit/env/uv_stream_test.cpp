#include "lib/env/uv_stream.h"

#include <csignal>
#include <cstdlib>

#include <sys/resource.h>

#include "tests/support/temp_dir.h"
#include "tests/unit/env/uv_fixture.h"

namespace quorumlock::env {
namespace {

using testing::TempDir;

class UvStreamTest : public UvEnvTest {
  protected:
    void echo_once(const Listener& listener) {
        User user;
        Descriptor server = connected(user, listener);
        user.stream->write("ping");
        EXPECT_TRUE(run_until([&] { return user.stream->sent() == 4; }));
        EXPECT_EQ(server.receive(4), "ping");
        server.send("pong");
        EXPECT_TRUE(run_until([&] { return user.data.size() == 4; }));
        EXPECT_EQ(user.data, "pong");
        EXPECT_EQ(user.opened, 1);
        EXPECT_EQ(user.closed, 0);
    }
    /// The kernel sees the reset at once on loopback, the loop when it next looks.
    void drain() {
        for (int i = 0; i < 20; ++i) env->turn(false);
    }
    TempDir dir;
};

TEST_F(UvStreamTest, speaks_tcp_over_ipv4) { echo_once(Listener()); }

TEST_F(UvStreamTest, speaks_tcp_over_ipv6) {
    if (access("/proc/sys/net/ipv6", F_OK) != 0) GTEST_SKIP() << "no IPv6 here";
    echo_once(Listener("::1"));
}

TEST_F(UvStreamTest, speaks_over_a_unix_socket) {
    echo_once(Listener(Listener::UnixPath{dir.file("socket")}));
}

TEST_F(UvStreamTest, never_calls_back_from_within_connect) {
    Listener tcp;
    Listener local(Listener::UnixPath{dir.file("socket")});
    User users[4];
    connect(users[0], tcp.endpoint());
    connect(users[1], local.endpoint());
    connect(users[2], {.address = "", .port = 0, .path = dir.file("none")});
    connect(users[3], {.address = "a.name", .port = 1, .path = ""});
    for (const User& user : users) EXPECT_EQ(user.opened + user.closed, 0);
    EXPECT_TRUE(run_until([&] {
        return users[0].opened + users[1].opened + users[2].closed + users[3].closed == 4;
    }));
    EXPECT_EQ(users[2].why, "no such file or directory");
    EXPECT_EQ(users[3].why, "not a numeric address: a.name");
}

TEST_F(UvStreamTest, says_that_a_connection_was_refused) {
    Listener listener;
    listener.close();
    User user;
    connect(user, listener.endpoint());
    EXPECT_TRUE(run_until([&] { return user.closed == 1; }));
    EXPECT_EQ(user.why, "connection refused");
    EXPECT_EQ(user.opened, 0);
    drain();
    EXPECT_EQ(user.closed, 1);
}

TEST_F(UvStreamTest, says_that_the_server_closed_after_its_last_bytes) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    server.send("last words");
    server.close();
    EXPECT_TRUE(run_until([&] { return user.closed == 1; }));
    EXPECT_EQ(user.data, "last words");
    EXPECT_EQ(user.why, "closed by the server");
}

TEST_F(UvStreamTest, says_that_the_connection_was_reset) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    server.reset();
    EXPECT_TRUE(run_until([&] { return user.closed == 1; }));
    EXPECT_EQ(user.why, "connection reset");
}

TEST_F(UvStreamTest, bytes_of_one_turn_leave_in_one_write_and_not_before) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    user.stream->write("one ");
    user.stream->write("two ");
    user.stream->write("");
    user.stream->write("three");
    EXPECT_EQ(user.stream->accepted(), 13U);
    EXPECT_EQ(user.stream->sent(), 0U);
    EXPECT_EQ(server.receive_now(), "");
    env->turn(false);
    EXPECT_EQ(user.stream->sent(), 13U);
    EXPECT_EQ(server.receive(13), "one two three");
    EXPECT_EQ(server.segments_in(), 1U);
}

TEST_F(UvStreamTest, what_tasks_and_before_wait_write_leaves_in_the_same_turn) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    Call task([&] { user.stream->write("task"); });
    turns.on_before_wait = [&] {
        if (user.stream->accepted() == 0) user.stream->write("inbox ");
    };
    env->post(task);
    env->turn(false);
    EXPECT_EQ(server.receive(10), "inbox task");
    EXPECT_EQ(server.segments_in(), 1U);
}

TEST_F(UvStreamTest, flush_sends_without_a_turn) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    user.stream->write("now");
    env->flush();
    EXPECT_EQ(user.stream->sent(), 3U);
    EXPECT_EQ(server.receive(3), "now");
    env->flush();
    EXPECT_EQ(server.receive_now(), "");
}

TEST_F(UvStreamTest, what_the_kernel_does_not_take_waits_and_keeps_its_order) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    std::string all;
    for (int i = 0; all.size() < (std::size_t{16} << 20); ++i) all += std::to_string(i) + ' ';
    const std::size_t half = all.size() / 2;
    user.stream->write(std::string_view(all).substr(0, half));
    env->turn(false);
    EXPECT_EQ(user.stream->accepted(), half);
    EXPECT_GT(user.stream->sent(), 0U);
    EXPECT_LT(user.stream->sent(), half);

    std::string received;
    while (received.size() < half / 2) {
        received += server.receive(100'000);
        env->turn(false);
    }
    user.stream->write(std::string_view(all).substr(half));
    while (received.size() < all.size()) {
        env->turn(false);
        // No more than has left: this end must not wait for what only the loop can send.
        const std::size_t there = user.stream->sent() - received.size();
        received += server.receive(std::min<std::size_t>(there, 100'000));
    }
    EXPECT_TRUE(received == all);
    EXPECT_EQ(user.stream->sent(), all.size());
    EXPECT_EQ(user.stream->accepted(), all.size());

    // The stream is its usual self again: no waiting for WRITABLE, which would spin.
    turns.log.clear();
    Call stop([] {});
    env->arm(stop, env->now() + std::chrono::milliseconds(20));
    while (stop.armed()) env->turn(true);
    EXPECT_LE(turns.log.size(), 3U * 4U);
}

TEST_F(UvStreamTest, large_replies_arrive_whole) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    const std::string reply(700'000, 'r');
    std::size_t given = 0;
    while (user.data.size() < reply.size()) {
        const std::size_t some = std::min<std::size_t>(150'000, reply.size() - given);
        server.send(std::string_view(reply).substr(given, some));
        given += some;
        ASSERT_TRUE(run_until([&] { return user.data.size() == given; }));
    }
    EXPECT_TRUE(user.data == reply);
}

TEST_F(UvStreamTest, a_send_error_is_told_later_and_after_the_servers_last_words) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    server.send("-ERR go away");
    server.reset();
    user.stream->write("command");
    env->flush();
    EXPECT_EQ(user.closed, 0);
    user.stream->write(" more");
    EXPECT_EQ(user.stream->accepted(), 12U);
    EXPECT_EQ(user.stream->sent(), 0U);
    EXPECT_TRUE(run_until([&] { return user.closed == 1; }));
    EXPECT_EQ(user.why, "connection reset");
    EXPECT_EQ(user.data, "-ERR go away");
    user.stream->write("ignored");
    env->flush();
    drain();
    EXPECT_EQ(user.stream->sent(), 0U);
    EXPECT_EQ(user.closed, 1);
}

TEST_F(UvStreamTest, a_stream_may_be_destroyed_in_on_open) {
    Listener tcp;
    Listener local(Listener::UnixPath{dir.file("socket")});
    for (const Listener* listener : {&tcp, &local}) {
        User user;
        user.then_open = [&] { user.stream.reset(); };
        connect(user, listener->endpoint());
        EXPECT_TRUE(run_until([&] { return user.opened == 1; }));
        Descriptor server = listener->accept();
        EXPECT_EQ(server.receive(1), "");
        drain();
        EXPECT_EQ(user.closed, 0);
    }
}

TEST_F(UvStreamTest, a_stream_may_be_destroyed_in_on_data_while_more_is_there) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    server.send(std::string(200'000, 'x'));
    user.then_data = [&] { user.stream.reset(); };
    EXPECT_TRUE(run_until([&] { return user.reads != 0; }));
    drain();
    EXPECT_EQ(user.reads, 1);
    EXPECT_EQ(user.closed, 0);
}

TEST_F(UvStreamTest, a_stream_may_be_destroyed_in_on_closed) {
    Listener listener;
    User closed, refused, reset;
    for (User* user : {&closed, &refused, &reset}) {
        user->then_closed = [user] { user->stream.reset(); };
    }
    Descriptor server = connected(closed, listener);
    server.close();
    server = connected(reset, listener);
    server.reset();
    reset.stream->write("x");
    env->flush();
    listener.close();
    connect(refused, listener.endpoint());
    EXPECT_TRUE(run_until([&] { return closed.closed + refused.closed + reset.closed == 3; }));
    drain();
    EXPECT_EQ(closed.closed + refused.closed + reset.closed, 3);
}

TEST_F(UvStreamTest, a_stream_may_be_destroyed_in_the_last_words_after_a_send_error) {
    Listener listener;
    User user;
    Descriptor server = connected(user, listener);
    server.send("bye");
    server.reset();
    user.stream->write("x");
    env->flush();
    user.then_data = [&] { user.stream.reset(); };
    EXPECT_TRUE(run_until([&] { return user.reads == 1; }));
    drain();
    EXPECT_EQ(user.closed, 0);
}

TEST_F(UvStreamTest, a_destroyed_stream_is_silent_at_once) {
    Listener listener;
    User waiting, failed, opening, buffered;
    connect(waiting, listener.endpoint());
    connect(failed, {.address = "", .port = 0, .path = dir.file("none")});
    Listener local(Listener::UnixPath{dir.file("socket")});
    connect(opening, local.endpoint());
    Descriptor server = connected(buffered, local);
    buffered.stream->write("never sent");
    User later;
    connect(later, {.address = "", .port = 0, .path = dir.file("none")});
    for (User* user : {&waiting, &failed, &opening, &buffered, &later}) {
        user->opened = user->closed = 0;
        user->stream.reset();
    }
    drain();
    for (User* user : {&waiting, &failed, &opening, &buffered, &later}) {
        EXPECT_EQ(user->opened + user->closed, 0);
    }
}

TEST_F(UvStreamTest, one_stream_may_destroy_another_that_is_readable_too) {
    Listener listener;
    User users[2];
    Descriptor servers[2] = {connected(users[0], listener), connected(users[1], listener)};
    for (Descriptor& server : servers) server.send("x");
    for (User& user : users) {
        user.then_data = [&users] {
            users[0].stream.reset();
            users[1].stream.reset();
        };
    }
    EXPECT_TRUE(run_until([&] { return users[0].reads + users[1].reads != 0; }));
    drain();
    EXPECT_EQ(users[0].reads + users[1].reads, 1);
}

TEST_F(UvStreamTest, says_that_descriptors_have_run_out) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizer needs a descriptor of its own to look at an object";
#endif
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    Listener listener;
    User user;
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    connect(user, listener.endpoint());
    auto another = UvEnv::create(nullptr, turns);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(user.closed, 0);
    EXPECT_TRUE(run_until([&] { return user.closed == 1; }));
    EXPECT_EQ(user.why, "too many open files");
    ASSERT_FALSE(another);
    EXPECT_EQ(another.error().code(), Errc::no_quorum);
    EXPECT_EQ(another.error().message(), "cannot open an event loop: too many open files");
}

using UvStreamDeathTest = UvStreamTest;

TEST_F(UvStreamDeathTest, a_reset_connection_does_not_raise_sigpipe) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // With the default disposition SIGPIPE would end the child.
    auto write_to_the_dead = [&](const Listener& listener) {
        std::signal(SIGPIPE, SIG_DFL);
        User user;
        Descriptor server = connected(user, listener);
        server.reset();
        user.stream->write("first");
        env->flush();
        const int sent_to_reset = user.stream->sent() == 0 ? 0 : 1;
        run_until([&] { return user.closed == 1; });
        std::_Exit(user.why == "connection reset" ? sent_to_reset : 2);
    };
    EXPECT_EXIT(write_to_the_dead(Listener()), ::testing::ExitedWithCode(0), "");
    EXPECT_EXIT(write_to_the_dead(Listener(Listener::UnixPath{dir.file("socket")})),
                ::testing::ExitedWithCode(0), "");
}

TEST_F(UvStreamDeathTest, writing_before_on_open_ends_the_program) {
    Listener listener;
    EXPECT_DEATH(
        {
            User user;
            connect(user, listener.endpoint());
            user.stream->write("too early");
        },
        "internal check failed: state_ != State::connecting");
}

}  // namespace
}  // namespace quorumlock::env
