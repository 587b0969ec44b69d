// What a node does about TLS; the world of these tests carries plain bytes all the same.
#include "lib/env/tls.h"
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::HasSubstr;

class RedisNodeTls : public RedisNodeTest {
  protected:
    RedisNodeTls() {
        uri.tls.emplace();
        uri.tls->name = "10.0.0.1";
        uri.tls->ca = "/ca.pem";
    }
    /// Nobody accepts but by the test's hand.
    void open_unanswered() {
        env.on_connect = nullptr;
        env.on_sent = nullptr;
        open();
    }
};

TEST_F(RedisNodeTls, the_stream_is_asked_for_with_its_settings) {
    open();
    EXPECT_TRUE(node->ready());
    ASSERT_NE(env.last().to.tls, nullptr);
    EXPECT_EQ(env.last().to.tls->options().ca, "/ca.pem");
    const auto first = env.last().to.tls;
    env.last().close();
    env.advance(s(1));
    EXPECT_EQ(env.connections.size(), 2U);
    EXPECT_EQ(env.last().to.tls, first);  // which keeps the session
    env.advance(s(60));
    EXPECT_EQ(env.connections.size(), 2U);  // and nobody is probed
}

TEST_F(RedisNodeTls, silence_leads_to_a_question_in_plain_text) {
    open_unanswered();
    env.advance(ms(499));
    EXPECT_EQ(env.connections.size(), 1U);
    env.advance(ms(1));
    ASSERT_EQ(env.connections.size(), 2U);
    EXPECT_EQ(env.last().to.tls, nullptr);
    env.last().open();
    env.run();
    EXPECT_EQ(env.last().take(), "PING\r\n");
    env.last().feed("-NOAUTH Authentication required.\r\n");
    EXPECT_EQ(cause(),
              "the server speaks plain text, not TLS; use redis:// for a plain port "
              "(10.0.0.1:6379)");
    EXPECT_EQ(cause_kind(), CauseClass::rejected);
    EXPECT_TRUE(env.connections[0]->dropped_by_client());
    EXPECT_TRUE(env.connections[1]->dropped_by_client());
}

TEST_F(RedisNodeTls, who_says_nothing_to_either_is_silent) {
    open_unanswered();
    env.advance(ms(500));
    env.last().open();
    env.last().feed("\x15\x03\x01");
    env.last().close();
    env.advance(ms(499));
    EXPECT_FALSE(node->settled());
    env.advance(ms(1));
    EXPECT_EQ(cause(),
              "no answer to the connect or the TLS handshake within 1000 ms (10.0.0.1:6379)");
    EXPECT_EQ(cause_kind(), CauseClass::unreachable);
}

TEST_F(RedisNodeTls, an_answer_ends_the_question) {
    open_unanswered();
    env.advance(ms(500));
    ASSERT_EQ(env.connections.size(), 2U);
    env.connections[0]->open();
    EXPECT_TRUE(env.connections[1]->dropped_by_client());
}

TEST_F(RedisNodeTls, a_close_during_the_handshake_is_no_hint_at_tls) {
    redis.answers = false;
    open();
    env.last().close("the server wants a client certificate (cert= and key=)");
    EXPECT_EQ(cause(), "the server wants a client certificate (cert= and key=) (10.0.0.1:6379)");
}

TEST_F(RedisNodeTls, an_unverified_server_is_warned_of) {
    open();
    EXPECT_EQ(node->status().warning, "");
    uri.tls->verify = env::TlsOptions::Verify::none;
    open();
    EXPECT_THAT(node->status().warning, HasSubstr("verify=none"));
}

}  // namespace
}  // namespace quorumlock::nodes
