// The second connection, and what is armed by the first. Rule W1.
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kForbidden = "-NOPERM this user has no permissions\r\n";
constexpr const char* kChannel = "$20\r\n__redis__:invalidate\r\n";

class RedisNodeWake : public RedisNodeTest {
  protected:
    RedisNodeWake() { options.fence_retention = s(7200); }

    void on_wake(int index, std::string_view resource) override {
        EXPECT_EQ(index, 3);
        woken.emplace_back(resource);
    }
    void on_wake_refused(int, const Cause& why) override { refused.push_back(why.text); }
    void on_answer(std::uint32_t tag, const Answer& answer) override {
        armed.push_back(answer.armed);
        RedisNodeTest::on_answer(tag, answer);
    }

    void feed(std::size_t connection, const std::string& bytes) {
        env.connections[connection]->feed(bytes);
        env.run();
    }
    void answer_subscribe(std::size_t connection = 1) {
        feed(connection, std::string("*3\r\n$9\r\nsubscribe\r\n") + kChannel + ":1\r\n");
    }
    /// Both connections are up, and tracking is on.
    void watch() {
        open();
        node->prepare_wake();
        env.run();
        answer_subscribe();
        feed(0, "+OK\r\n");
        (void)redis.take();
        woken.clear();  // who waited before it was armed
    }
    Ticket acquire_armed(char who, bool fence) {
        const Token mine = token(who);
        const Ticket ticket = node->ask({.step = Step::acquire,
                                         .resource = "r",
                                         .token = &mine,
                                         .ttl = s(10),
                                         .fence = fence,
                                         .wake = true},
                                        *this, 1);
        env.run();
        return ticket;
    }
    static std::string message(const std::string& keys) {
        return std::string("*3\r\n$7\r\nmessage\r\n") + kChannel + keys;
    }
    static std::string keys(std::initializer_list<std::string> all) {
        std::string text = "*" + std::to_string(all.size()) + "\r\n";
        for (const auto& key : all) text += testing::bulk(key);
        return text;
    }

    void expect_given_up() {
        EXPECT_THAT(refused, ElementsAre(HasSubstr("NOPERM")));
        EXPECT_TRUE(env.connections[1]->dropped_by_client());
        env.advance(s(60));
        EXPECT_THAT(env.connections, SizeIs(2));
        (void)redis.take();
        acquire_armed('a', true);
        EXPECT_THAT(redis.take(), SizeIs(1)) << "not armed";
        feed(0, "*2\r\n:0\r\n:77\r\n");
        env.connections[0]->close();  // a new connection asks again, and says it no more
        env.advance(s(1));
        ASSERT_THAT(env.connections, SizeIs(4));
        feed(3, kForbidden);
        EXPECT_THAT(refused, SizeIs(1));
    }

    std::vector<std::string> woken, refused;
    std::vector<bool> armed;
};

TEST_F(RedisNodeWake, opens_no_second_connection_before_somebody_waits) {
    open();
    env.advance(s(60));
    EXPECT_THAT(env.connections, SizeIs(1));
    node->prepare_wake();
    node->prepare_wake();
    env.run();
    EXPECT_THAT(env.connections, SizeIs(2));
}

TEST_F(RedisNodeWake, subscribes_before_it_asks_to_be_told_there) {
    redis.password = uri.password = "secret";
    open();
    (void)std::exchange(redis.greeted, {});
    node->prepare_wake();
    env.run();
    EXPECT_THAT(redis.greeted, ElementsAre("2: AUTH secret", "2: CLIENT SETNAME ql", "2: CLIENT ID",
                                           "2: INFO server"));
    EXPECT_THAT(redis.take(), ElementsAre("2: SUBSCRIBE __redis__:invalidate"));
    answer_subscribe();
    EXPECT_THAT(redis.take(), ElementsAre("1: CLIENT TRACKING ON REDIRECT 8 OPTIN"));
}

TEST_F(RedisNodeWake, logs_in_as_the_user_of_the_uri) {
    redis.password = uri.password = "secret";
    uri.user = "joe";
    open();
    (void)std::exchange(redis.greeted, {});
    node->prepare_wake();
    env.run();
    EXPECT_THAT(redis.greeted, Contains("2: AUTH joe secret"));
}

TEST_F(RedisNodeWake, the_password_file_is_read_again_at_each_connect) {
    uri.password_file = "/etc/pw";
    redis.password = "old";
    env.files["/etc/pw"] = "old\n";
    watch();
    redis.password = "new";  // The first connection stays logged in.
    env.files["/etc/pw"] = "new\n";
    (void)std::exchange(redis.greeted, {});
    env.connections[1]->close();
    env.advance(s(1));
    EXPECT_THAT(redis.greeted, Contains("3: AUTH new"));
}

TEST_F(RedisNodeWake, is_not_told_of_anything_by_another_process_at_the_same_address) {
    open();
    redis.run_id = "run-2";
    node->prepare_wake();
    env.run();
    EXPECT_THAT(redis.take(), Not(Contains(HasSubstr("TRACKING"))));
    EXPECT_TRUE(env.connections[1]->dropped_by_client());
    redis.run_id = "run-1";
    env.advance(s(1));
    EXPECT_GE(env.connections.size(), 3U) << "tried again";
    EXPECT_THAT(woken, IsEmpty());
}

TEST_F(RedisNodeWake, a_fenced_acquire_arms_in_the_same_write) {
    watch();
    acquire_armed('a', true);
    const auto seen = redis.take();
    ASSERT_THAT(seen, SizeIs(2));
    EXPECT_EQ(seen[0], "1: CLIENT CACHING YES");
    EXPECT_THAT(seen[1], HasSubstr("1: ACQUIRE r "));
    feed(0, "+OK\r\n*2\r\n:0\r\n:77\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::refused, 77}));
    EXPECT_THAT(armed, ElementsAre(true));
}

// A PTTL behind a SET would read the key, and arm it, where the SET was granted too.
TEST_F(RedisNodeWake, an_acquire_without_fence_is_armed_by_the_script) {
    watch();
    acquire_armed('a', false);
    const auto seen = redis.take();
    ASSERT_THAT(seen, SizeIs(2));
    EXPECT_EQ(seen[0], "1: CLIENT CACHING YES");
    EXPECT_THAT(seen[1], HasSubstr("1: ACQUIRE r "));
    feed(0, "+OK\r\n*2\r\n:0\r\n:77\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::refused, 77}));
    EXPECT_THAT(armed, ElementsAre(true));
}

TEST_F(RedisNodeWake, before_tracking_is_on_nothing_is_armed) {
    open();
    node->prepare_wake();
    env.run();
    answer_subscribe();
    (void)redis.take();
    acquire_armed('a', true);
    EXPECT_THAT(redis.take(), SizeIs(1));
    feed(0, "+OK\r\n*2\r\n:0\r\n:77\r\n");  // that of TRACKING, then the refusal
    EXPECT_THAT(armed, ElementsAre(false));
}

TEST_F(RedisNodeWake, arms_again_behind_noscript) {
    watch();
    acquire_armed('a', true);
    (void)redis.take();
    feed(0, "+OK\r\n-NOSCRIPT No matching script. Please use EVAL.\r\n");
    const auto seen = redis.take();
    ASSERT_THAT(seen, SizeIs(2));
    EXPECT_EQ(seen[0], "1: CLIENT CACHING YES");
    EXPECT_THAT(seen[1], HasSubstr("1: ACQUIRE_TEXT r "));
    feed(0, "+OK\r\n*2\r\n:0\r\n:5\r\n");
    EXPECT_THAT(armed, ElementsAre(true));
}

// What nobody waits for is not repeated, and whoever counts on its push has to know.
TEST_F(RedisNodeWake, tells_of_an_arming_that_noscript_has_eaten) {
    watch();
    node->give_up(acquire_armed('a', true), false);
    feed(0, "+OK\r\n-NOSCRIPT No matching script. Please use EVAL.\r\n");
    EXPECT_THAT(woken, ElementsAre("r"));
}

TEST_F(RedisNodeWake, is_not_armed_where_arming_was_refused) {
    watch();
    acquire_armed('a', true);
    feed(0, "-ERR no\r\n*2\r\n:0\r\n:77\r\n");
    EXPECT_THAT(armed, ElementsAre(false));
}

TEST_F(RedisNodeWake, a_server_that_was_busy_is_asked_to_tell_of_changes_again) {
    watch();
    acquire_armed('a', true);
    feed(0, "-BUSY Redis is busy running a script.\r\n*2\r\n:0\r\n:77\r\n");
    EXPECT_THAT(armed, ElementsAre(false));
    EXPECT_THAT(woken, ElementsAre("")) << "who was armed before is not told any more";
    env.advance(s(1));
    ASSERT_THAT(env.connections, SizeIs(3));
    answer_subscribe(2);
    feed(0, "-BUSY Redis is busy running a script.\r\n");
    env.advance(s(1));
    ASSERT_THAT(env.connections, SizeIs(4));
    answer_subscribe(3);
    EXPECT_FALSE(node->can_wake());
    feed(0, "+OK\r\n");
    EXPECT_TRUE(node->can_wake());
    EXPECT_THAT(refused, IsEmpty());
}

TEST_F(RedisNodeWake, a_permission_that_is_taken_away_later_is_told) {
    watch();
    acquire_armed('a', true);
    feed(0, std::string(kForbidden) + "*2\r\n:0\r\n:77\r\n");
    expect_given_up();
}

TEST_F(RedisNodeWake, nothing_is_armed_where_arming_was_refused) {
    watch();
    acquire_armed('a', false);
    feed(0, "-ERR no\r\n*2\r\n:0\r\n:77\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::refused, 77}));
    EXPECT_THAT(armed, ElementsAre(false));
}

TEST_F(RedisNodeWake, tells_of_the_keys_in_a_message_but_not_of_counters) {
    watch();
    feed(1, message(keys({"r", "quorumlock:fence:{r}", "other"})));
    EXPECT_THAT(woken, ElementsAre("r", "other"));
}

TEST_F(RedisNodeWake, a_message_of_no_key_tells_of_any) {
    watch();
    feed(1, message("*-1\r\n"));
    EXPECT_THAT(woken, ElementsAre(""));
}

TEST_F(RedisNodeWake, messages_of_other_channels_tell_nothing) {
    watch();
    feed(1, "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n" + keys({"r"}));
    EXPECT_THAT(woken, IsEmpty());
}

TEST_F(RedisNodeWake, a_lost_second_connection_tells_of_any_and_is_opened_again) {
    watch();
    env.connections[1]->close();
    env.run();
    EXPECT_THAT(woken, ElementsAre(""));
    acquire_armed('a', true);
    EXPECT_THAT(redis.take(), SizeIs(1)) << "nothing can be armed";
    feed(0, "*2\r\n:0\r\n:77\r\n");
    env.advance(s(1));
    ASSERT_THAT(env.connections, SizeIs(3));
    answer_subscribe(2);
    EXPECT_THAT(redis.take(), Contains("1: CLIENT TRACKING ON REDIRECT 9 OPTIN"));
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeWake, what_was_armed_by_a_lost_connection_is_not_armed) {
    watch();
    acquire_armed('a', true);
    env.connections[1]->close();
    env.run();
    feed(0, "+OK\r\n*2\r\n:0\r\n:77\r\n");
    EXPECT_THAT(armed, ElementsAre(false));
}

TEST_F(RedisNodeWake, what_was_armed_by_an_earlier_subscription_is_not_armed) {
    watch();
    acquire_armed('a', true);
    env.connections[1]->close();
    env.advance(s(1));
    answer_subscribe(2);
    feed(0, "+OK\r\n*2\r\n:0\r\n:77\r\n+OK\r\n");  // of the acquire, then of TRACKING
    EXPECT_THAT(armed, ElementsAre(false));
}

TEST_F(RedisNodeWake, a_lost_first_connection_tells_of_any_and_ends_the_second) {
    watch();
    env.connections[0]->close();
    env.run();
    EXPECT_THAT(woken, ElementsAre(""));
    EXPECT_TRUE(env.connections[1]->dropped_by_client());
}

TEST_F(RedisNodeWake, a_server_that_forbids_to_subscribe_is_asked_once_and_it_is_said_once) {
    open();
    node->prepare_wake();
    env.run();
    feed(1, kForbidden);
    expect_given_up();
}

TEST_F(RedisNodeWake, a_server_that_forbids_tracking_is_asked_once_and_it_is_said_once) {
    open();
    node->prepare_wake();
    env.run();
    answer_subscribe();
    feed(0, kForbidden);
    expect_given_up();
}

TEST_F(RedisNodeWake, an_idle_second_connection_is_pinged_every_15_s) {
    redis.auto_pings = false;
    watch();
    for (int i = 0; i < 3; ++i) {
        env.advance(s(15));
        EXPECT_THAT(redis.take(), Contains("2: PING"));
        feed(0, "+PONG\r\n");
        feed(1, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    }
    EXPECT_THAT(woken, IsEmpty());
}

TEST_F(RedisNodeWake, a_ping_that_is_not_answered_in_time_is_a_lost_connection) {
    redis.auto_pings = false;
    watch();
    env.advance(s(15));
    feed(0, "+PONG\r\n");
    env.advance(ms(999));
    EXPECT_THAT(woken, IsEmpty());
    env.advance(ms(1));  // connect_timeout
    EXPECT_THAT(woken, ElementsAre(""));
    EXPECT_TRUE(env.connections[1]->dropped_by_client());
}

}  // namespace
}  // namespace quorumlock::nodes
