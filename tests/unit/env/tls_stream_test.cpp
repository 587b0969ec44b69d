#include "lib/env/tls_stream.h"

#include <algorithm>
#include <list>
#include <string>

#include <gmock/gmock.h>

#include "tests/support/certificates.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/env/tls_partner.h"
#include "tests/unit/env/uv_fixture.h"

namespace quorumlock::env {
namespace {

using ::testing::HasSubstr;

/// A stream of ours, and a server whose bytes the test carries.
class TlsStreamTest : public UvEnvTest {
  protected:
    TlsStreamTest() {
        options.ca = authority.file();
        options.name = options.sni = "localhost";
    }

    Endpoint to(const Endpoint& plain) {
        if (!server) server = std::make_shared<TlsServer>(options);
        Endpoint with = plain;
        with.tls = server;
        return with;
    }
    /// Connects; the handshake is still to come.
    void begin() {
        connect(user, to(listener.endpoint()));
        peer = listener.accept();
    }
    void carry() {
        env->turn(false);
        partner.feed(peer.receive_now());
        if (const std::string back = partner.take(); !back.empty()) peer.send(back);
    }
    void shake() {
        begin();
        while (user.opened + user.closed == 0) carry();
        ASSERT_EQ(user.opened, 1) << user.why;
    }
    bool closes() {
        return run_until([&] { return user.closed == 1; });
    }

    testing::TempDir dir;
    testing::Authority authority{dir};
    TlsOptions options;
    std::shared_ptr<TlsServer> server;
    Listener listener;
    Descriptor peer;
    TlsPartner partner{authority.issue("server")};
    User user;
};

TEST_F(TlsStreamTest, is_a_stream_like_any_other) {
    shake();
    user.stream->write("PING ");
    user.stream->write("twice");
    EXPECT_EQ(user.stream->accepted(), 10U);
    EXPECT_EQ(user.stream->sent(), 0U);
    while (partner.heard().size() < 10) carry();
    EXPECT_EQ(partner.heard(), "PING twice");
    EXPECT_EQ(user.stream->sent(), 10U);
    partner.say("PONG");
    while (user.data.size() < 4) carry();
    EXPECT_EQ(user.data, "PONG");
    EXPECT_EQ(user.closed, 0);
}

TEST_F(TlsStreamTest, what_was_not_sent_cannot_be_read) {
    for (const bool lets_go : {false, true}) {
        partner.restart();
        user.opened = 0;
        shake();
        const std::string much(12 * 1024 * 1024, 'x');
        user.stream->write(much);
        for (int i = 0; i < 5; ++i) env->turn(false);
        user.stream->write("and more");
        for (int i = 0; i < 5; ++i) env->turn(false);
        const std::uint64_t sent = user.stream->sent();
        EXPECT_GT(sent, 0U);
        EXPECT_LT(sent, much.size());
        // Letting go sends nothing of the rest, though there is room now.
        if (lets_go) {
            while (partner.heard().size() < sent / 2) partner.feed(peer.receive(4096));
            partner.feed(peer.receive_now());
            user.stream.reset();
        }
        while (partner.heard().size() < sent) {
            const std::string wire = peer.receive(1);
            ASSERT_FALSE(wire.empty());
            partner.feed(wire + peer.receive_now());
        }
        partner.feed(lets_go ? peer.receive(2 * much.size()) : peer.receive_now());
        EXPECT_EQ(partner.heard().size(), sent);
        user.stream.reset();
        peer.close();
    }
}

TEST_F(TlsStreamTest, all_of_a_large_backlog_arrives_in_order) {
    shake();
    std::string all;
    for (int i = 0; i < 3000; ++i) {
        const std::string part = std::to_string(i) + std::string(4000, '.');
        user.stream->write(part);
        all += part;
        if (i % 100 == 0) env->turn(false);
    }
    while (partner.heard().size() < all.size()) carry();
    EXPECT_EQ(partner.heard(), all);
    EXPECT_EQ(user.stream->sent(), all.size());
}

TEST_F(TlsStreamTest, close_notify_is_the_server_s_end) {
    shake();
    partner.say("bye");
    partner.close_notify();
    peer.send(partner.take());
    EXPECT_TRUE(closes());
    EXPECT_EQ(user.data, "bye");
    EXPECT_EQ(user.why, "closed by the server");
}

TEST_F(TlsStreamTest, an_end_without_close_notify_is_a_broken_connection) {
    shake();
    peer.close();
    EXPECT_TRUE(closes());
    EXPECT_EQ(user.why, "broken off without TLS's close_notify: closed by the server");
}

TEST_F(TlsStreamTest, letting_go_is_told_to_the_server) {
    shake();
    user.stream.reset();
    EXPECT_FALSE(peer.receive(1).empty());
}

TEST_F(TlsStreamTest, a_server_that_closes_half_way_is_told) {
    begin();
    for (std::string hello; hello.empty(); hello = peer.receive_now()) env->turn(false);
    peer.close();
    EXPECT_TRUE(closes());
    EXPECT_THAT(user.why, HasSubstr("closed during the TLS handshake: "));
    EXPECT_EQ(user.opened, 0);
}

TEST_F(TlsStreamTest, plain_text_before_the_end_says_more_than_the_end) {
    begin();
    peer.send("-ERR unknown command\r\n");
    peer.close();
    EXPECT_TRUE(closes());
    EXPECT_EQ(user.why, "the server speaks plain text, not TLS; use redis:// for a plain port");
}

TEST_F(TlsStreamTest, files_are_missed_when_they_are_needed) {
    options.ca = dir.file("none.pem");
    begin();
    EXPECT_TRUE(closes());
    EXPECT_EQ(user.why, "ca: cannot read " + dir.file("none.pem") + ": no such file or directory");
}

TEST_F(TlsStreamTest, may_be_destroyed_whenever_it_calls) {
    user.then_open = [&] { user.stream.reset(); };
    begin();
    while (user.opened == 0) carry();
    partner.restart();
    user.then_open = nullptr;
    user.opened = 0;
    user.then_data = [&] { user.stream.reset(); };
    shake();
    partner.say("one");
    partner.say("two");
    peer.send(partner.take());
    ASSERT_TRUE(run_until([&] { return !user.data.empty(); }));
    for (int i = 0; i < 5; ++i) env->turn(false);
    EXPECT_EQ(user.closed, 0);
    user.then_closed = [&] { user.stream.reset(); };
    partner.restart();
    user.opened = 0;
    shake();
    peer.close();
    EXPECT_TRUE(closes());
}

TEST_F(TlsStreamTest, goes_with_its_loop) {
    shake();
    user.stream->write("never sent");
    env.reset();
    EXPECT_EQ(user.stream->sent(), 0U);
    EXPECT_EQ(user.closed, 0);
}

TEST_F(TlsStreamTest, many_handshakes_take_turns) {
    const auto files = authority.issue("redis");
    testing::RedisServer redis(
        {.tls = testing::RedisTls{.ca = authority.file(), .cert = files.cert, .key = files.key}});
    const Endpoint redis_tls =
        to({.address = "127.0.0.1", .port = redis.tls_port(), .path = "", .tls = {}});
    int opened = 0, in_this_turn = 0, most = 0;
    turns.on_before_wait = [&] { in_this_turn = 0; };
    std::list<User> users(30);
    for (User& one : users) {
        one.then_open = [&] {
            ++opened;
            most = std::max(most, ++in_this_turn);
        };
        connect(one, redis_tls);
    }
    EXPECT_TRUE(run_until([&] { return opened == 30; }));
    EXPECT_LE(most, 2);
    // Redis keeps sessions: whoever came early enough leaves one for those behind him.
    for (User& one : users) one.stream.reset();
    const auto before = server->counters().resumed;
    User again;
    connect(again, redis_tls);
    EXPECT_TRUE(run_until([&] { return again.opened == 1; })) << again.why;
    EXPECT_EQ(server->counters().handshakes, 31U);
    EXPECT_EQ(server->counters().resumed, before + 1);
    again.stream->write("PING\r\n");
    EXPECT_TRUE(run_until([&] { return again.data == "+PONG\r\n"; }));
}

}  // namespace
}  // namespace quorumlock::env
