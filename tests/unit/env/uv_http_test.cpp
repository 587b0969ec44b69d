#include "lib/env/uv_http.h"

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "tests/support/temp_dir.h"
#include "tests/unit/env/uv_fixture.h"

namespace quorumlock::env {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

/// Notes its answer; `then` runs last and may destroy the call.
struct Asked : HttpEvents {
    void on_answer(const HttpAnswer& answer) override {
        ++answers;
        status = answer.status;
        type = answer.content_type;
        body = answer.body;
        why = answer.why;
        cut = answer.cut;
        timed_out = answer.timed_out;
        may_be_sent = answer.may_be_sent;
        retry_after = answer.retry_after;
        if (then) then();
    }
    int answers = 0, status = 0;
    std::string type, body, why;
    bool cut = false, timed_out = false, may_be_sent = false;
    Nanos retry_after{0};
    std::function<void()> then;
    std::unique_ptr<HttpCall> call;
};

std::string reply(std::string_view body, std::string_view head = "HTTP/1.1 200 OK") {
    return std::string(head) +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

class UvHttpTest : public UvEnvTest {
  protected:
    void ask(Asked& asked, const Endpoint& to, Nanos limit = minutes(1)) {
        HttpRequest request;
        request.method = HttpRequest::Method::post;
        request.address = to.address;
        request.port = to.port;
        request.socket_path = to.path;
        request.host = "sidecar:3500";
        request.target = "/v1.0/x";
        request.headers = headers;
        request.body = "{\"a\":1}";
        request.time_limit = limit;
        asked.call = env->request(request, asked);
    }
    bool answered(const Asked& asked) {
        return run_until([&] { return asked.answers == 1; });
    }
    /// The server's end of a connection, once a whole request has come; `received` keeps it.
    Descriptor serve(const Listener& listener) {
        turn_for_connection();
        Descriptor server = listener.accept();
        received_on(server);
        return server;
    }
    void received_on(const Descriptor& server) {
        received.clear();
        EXPECT_TRUE(run_until([&] {
            received += server.receive_now();
            return received.find("{\"a\":1}") != received.npos;
        }));
    }

    std::vector<std::string> headers;
    std::string received;

  private:
    /// The kernel connects as soon as curl has asked for it.
    void turn_for_connection() {
        for (int i = 0; i < 3; ++i) env->turn(false);
    }
};

TEST_F(UvHttpTest, a_request_is_answered_with_status_type_and_body) {
    Listener listener;
    headers = {"dapr-api-token: secret"};
    Asked asked;
    ask(asked, listener.endpoint());
    EXPECT_EQ(asked.answers, 0);
    Descriptor server = serve(listener);
    EXPECT_EQ(received.rfind("POST /v1.0/x HTTP/1.1\r\n", 0), 0U) << received;
    for (const char* line :
         {"\r\nHost: sidecar:3500\r\n", "\r\ndapr-api-token: secret\r\n",
          "\r\nContent-Type: application/json\r\n", "\r\nContent-Length: 7\r\n"}) {
        EXPECT_NE(received.find(line), received.npos) << line << " is not in " << received;
    }
    server.send(reply("{\"success\":true}"));
    ASSERT_TRUE(answered(asked));
    EXPECT_EQ(asked.status, 200);
    EXPECT_EQ(asked.type, "application/json");
    EXPECT_EQ(asked.body, "{\"success\":true}");
    EXPECT_EQ(asked.why, "");
    EXPECT_TRUE(asked.may_be_sent);
}

TEST_F(UvHttpTest, the_connection_is_kept_for_the_next_request) {
    Listener listener;
    Asked first, second;
    ask(first, listener.endpoint());
    Descriptor server = serve(listener);
    server.send(reply("1"));
    ASSERT_TRUE(answered(first));
    ask(second, listener.endpoint());
    received_on(server);
    server.send(reply("2", "HTTP/1.1 500 No"));
    ASSERT_TRUE(answered(second));
    EXPECT_EQ(second.status, 500);
    EXPECT_EQ(second.body, "2");
}

TEST_F(UvHttpTest, retry_after_is_told_and_bounded) {
    Listener listener;
    Descriptor server;
    bool first = true;
    for (const auto& [header, wanted] : std::vector<std::pair<std::string, Nanos>>{
             {"", {}},
             {"\r\nRetry-After: 7", std::chrono::seconds(7)},
             {"\r\nRetry-After: soon", {}},
             {"\r\nRetry-After: 99999999999", std::chrono::hours(24)}}) {
        Asked asked;
        ask(asked, listener.endpoint());
        if (std::exchange(first, false)) {
            server = serve(listener);
        } else {
            received_on(server);
        }
        server.send(reply("x", "HTTP/1.1 503 No" + header));
        ASSERT_TRUE(answered(asked));
        EXPECT_EQ(asked.retry_after, wanted) << header;
    }
}

TEST_F(UvHttpTest, requests_at_the_same_time_have_their_own_answers) {
    Listener listener;
    Asked first, second;
    ask(first, listener.endpoint());
    ask(second, listener.endpoint());
    Descriptor one = serve(listener), two = serve(listener);
    two.send(reply("b"));
    one.send(reply("a"));
    ASSERT_TRUE(answered(first));
    ASSERT_TRUE(answered(second));
    EXPECT_EQ(std::set<std::string>({first.body, second.body}), (std::set<std::string>{"a", "b"}));
}

TEST_F(UvHttpTest, a_unix_socket_and_ipv6_serve_as_well) {
    testing::TempDir dir;
    Listener by_path(Listener::UnixPath{dir.file("s")});
    Listener six("::1");
    for (const Listener* listener : {&by_path, &six}) {
        Asked asked;
        ask(asked, listener->endpoint());
        Descriptor server = serve(*listener);
        server.send(reply("x"));
        ASSERT_TRUE(answered(asked));
        EXPECT_EQ(asked.body, "x");
    }
}

TEST_F(UvHttpTest, a_refused_connection_has_sent_nothing) {
    Listener listener;
    const Endpoint gone = listener.endpoint();
    listener.close();
    Asked asked;
    ask(asked, gone);
    ASSERT_TRUE(answered(asked));
    EXPECT_EQ(asked.status, 0);
    EXPECT_EQ(asked.why, "connection refused");
    EXPECT_FALSE(asked.may_be_sent);
    EXPECT_FALSE(asked.timed_out);
}

TEST_F(UvHttpTest, a_connection_closed_before_the_answer_may_have_carried_the_request) {
    Listener listener;
    Asked asked;
    ask(asked, listener.endpoint());
    serve(listener).close();
    ASSERT_TRUE(answered(asked));
    EXPECT_EQ(asked.status, 0);
    EXPECT_NE(asked.why, "");
    EXPECT_TRUE(asked.may_be_sent);
}

// curl's own habit: a kept connection that closes without a byte is taken for a stale one, and the
// request goes out again on a fresh one.
TEST_F(UvHttpTest, a_request_is_never_sent_twice) {
    Listener listener;
    Asked first, second;
    ask(first, listener.endpoint());
    Descriptor server = serve(listener);
    server.send(reply("1"));
    ASSERT_TRUE(answered(first));
    ask(second, listener.endpoint());
    received_on(server);
    server.close();
    ASSERT_TRUE(answered(second));
    EXPECT_EQ(second.status, 0);
    EXPECT_EQ(second.why, "the connection was closed before an answer came");
    EXPECT_TRUE(second.may_be_sent);
}

TEST_F(UvHttpTest, a_kept_connection_that_was_closed_meanwhile_is_replaced) {
    Listener listener;
    Asked first, second;
    ask(first, listener.endpoint());
    Descriptor server = serve(listener);
    server.send(reply("1"));
    ASSERT_TRUE(answered(first));
    server.close();
    ask(second, listener.endpoint());
    Descriptor fresh = serve(listener);
    fresh.send(reply("2"));
    ASSERT_TRUE(answered(second));
    EXPECT_EQ(second.body, "2");
}

TEST_F(UvHttpTest, silence_ends_at_the_time_limit) {
    Listener listener;
    Asked asked;
    ask(asked, listener.endpoint(), milliseconds(30));
    ASSERT_TRUE(answered(asked));
    EXPECT_EQ(asked.status, 0);
    EXPECT_EQ(asked.why, "no answer within 30 ms");
    EXPECT_TRUE(asked.timed_out);
    EXPECT_TRUE(asked.may_be_sent);
}

TEST_F(UvHttpTest, a_long_body_is_cut_and_long_headers_are_no_answer) {
    Listener listener;
    Asked longer, headed;
    ask(longer, listener.endpoint());
    Descriptor server = serve(listener);
    server.send(reply(std::string(kMaxHttpBody + 1, 'x')));
    ASSERT_TRUE(answered(longer));
    EXPECT_EQ(longer.status, 200);
    EXPECT_EQ(longer.body, std::string(kMaxHttpBody, 'x'));
    EXPECT_TRUE(longer.cut);

    ask(headed, listener.endpoint());
    Descriptor other = serve(listener);
    other.send("HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x') +
               "\r\nY: " + std::string(40'000, 'y') + "\r\n");
    ASSERT_TRUE(answered(headed));
    EXPECT_EQ(headed.status, 0);
    EXPECT_EQ(headed.why, "its headers have more than 64 KiB");
}

TEST_F(UvHttpTest, what_is_no_http_is_no_answer) {
    Listener listener;
    for (const char* garbage : {"-ERR unknown command\r\n", "\x15\x03\x01\x02",
                                "HTTP/1.1 200 OK\r\n"
                                "Content-Length: 100\r\n\r\n{\"succ"}) {
        Asked asked;
        ask(asked, listener.endpoint());
        Descriptor server = serve(listener);
        server.send(garbage);
        server.close();
        ASSERT_TRUE(answered(asked));
        EXPECT_EQ(asked.status, 0) << garbage;
        EXPECT_NE(asked.why, "");
        EXPECT_TRUE(asked.may_be_sent);
    }
}

TEST_F(UvHttpTest, a_redirect_is_an_answer_like_any_other) {
    Listener listener;
    Asked asked;
    ask(asked, listener.endpoint());
    Descriptor server = serve(listener);
    server.send(
        "HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(answered(asked));
    EXPECT_EQ(asked.status, 307);
}

TEST_F(UvHttpTest, the_environments_proxy_is_not_asked) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    Listener listener;
    Asked asked;
    ask(asked, listener.endpoint());
    Descriptor server = serve(listener);
    server.send(reply("x"));
    EXPECT_TRUE(answered(asked));
    EXPECT_EQ(asked.status, 200) << asked.why;
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");
}

TEST_F(UvHttpTest, a_destroyed_call_is_silent_and_closes_its_connection) {
    Listener listener;
    Asked given_up, kept;
    ask(given_up, listener.endpoint());
    Descriptor server = serve(listener);
    given_up.call.reset();
    EXPECT_EQ(server.receive(1), "");
    ask(kept, listener.endpoint());
    Descriptor other = serve(listener);
    other.send(reply("x"));
    ASSERT_TRUE(answered(kept));
    EXPECT_EQ(given_up.answers, 0);
}

TEST_F(UvHttpTest, an_answer_may_destroy_its_call_and_ask_again) {
    Listener listener;
    Asked first, second;
    first.then = [&] {
        first.call.reset();
        ask(second, listener.endpoint());
    };
    ask(first, listener.endpoint());
    Descriptor server = serve(listener);
    server.send(reply("1"));
    ASSERT_TRUE(answered(first));
    received_on(server);
    server.send(reply("2"));
    ASSERT_TRUE(answered(second));
    EXPECT_EQ(second.body, "2");
}

TEST_F(UvHttpTest, open_calls_survive_the_end_of_the_loop_in_silence) {
    Listener listener;
    Asked open, idle;
    ask(idle, listener.endpoint());
    Descriptor server = serve(listener);
    server.send(reply("x"));
    ASSERT_TRUE(answered(idle));
    ask(open, listener.endpoint());
    received_on(server);
    env.reset();
    EXPECT_EQ(server.receive(1), "");
    EXPECT_EQ(open.answers, 0);
}

TEST_F(UvHttpTest, no_descriptor_is_left_to_children) {
    Listener listener;
    Asked asked;
    ask(asked, listener.endpoint());
    Descriptor server = serve(listener);
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::atoi(entry.path().filename().c_str());
        std::error_code unreadable;
        const auto what = std::filesystem::read_symlink(entry.path(), unreadable).string();
        if (fd <= 2 || what.rfind("socket:", 0) != 0) continue;
        EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << fd << " is " << what;
    }
    server.send(reply("x"));
    EXPECT_TRUE(answered(asked));
}

}  // namespace
}  // namespace quorumlock::env
