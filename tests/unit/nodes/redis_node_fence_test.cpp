// Fencing counters, healing, and the server that may not vote. Rules F1, F2, F5, F6, H1, G1, G2.
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kNoScript = "-NOSCRIPT No matching script. Please use EVAL.\r\n";

class RedisNodeFence : public RedisNodeTest {
  protected:
    RedisNodeFence() { options.fence_retention = s(7200); }

    void acquire_fenced(char who, std::uint32_t tag) {
        const Token mine = token(who);
        node->ask(
            {.step = Step::acquire, .resource = "r", .token = &mine, .ttl = s(10), .fence = true},
            *this, tag);
    }
    /// This machine's wall clock, as a command says it.
    std::string wall() const { return std::to_string(env.wall_now().count() / 1000); }
    void raise(char who, std::uint32_t tag, std::int64_t counter) {
        const Token mine = token(who);
        node->ask({.step = Step::raise, .resource = "r", .token = &mine, .counter = counter}, *this,
                  tag);
    }
};

TEST_F(RedisNodeFence, an_acquire_asks_for_the_counter_and_tells_it) {
    open();
    for (std::uint32_t tag = 1; tag <= 4; ++tag) acquire_fenced('a', tag);
    env.run();
    EXPECT_EQ(redis.take()[0],
              "1: ACQUIRE r quorumlock:fence:{r} " + word('a') + " 10000 7200000 " + wall());
    redis.reply("*2\r\n:1\r\n:41\r\n*2\r\n:0\r\n:77\r\n*2\r\n:0\r\n:-1\r\n-OOM x\r\n");
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::granted, 0, CauseClass::none, "", 41},
                            Heard{2, Outcome::refused, 77}, Heard{3, Outcome::refused, -1},
                            Heard{4, Outcome::failed, 0, CauseClass::no_space}));
}

TEST_F(RedisNodeFence, what_is_no_answer_to_an_acquire_ends_the_connection) {
    for (const char* const reply :
         {"+OK\r\n", ":1\r\n", "*2\r\n:1\r\n:0\r\n", "*1\r\n:1\r\n", "*2\r\n:2\r\n:5\r\n",
          "*2\r\n:1\r\n$1\r\n5\r\n", "*2\r\n:1\r\n:-5\r\n", "*2\r\n:1\r\n:9007199254740992\r\n"}) {
        open();
        acquire_fenced('a', 1);
        env.run();
        redis.reply(reply);
        EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken}))
            << reply;
        node->close();
    }
}

TEST_F(RedisNodeFence, a_raise_names_token_and_counter) {
    open();
    for (std::uint32_t tag = 1; tag <= 3; ++tag) raise('a', tag, 42);
    env.run();
    EXPECT_EQ(redis.take()[0], "1: RAISE r quorumlock:fence:{r} " + word('a') + " 42 7200000");
    redis.reply(":1\r\n:0\r\n-LOADING x\r\n");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::raised}, Heard{2, Outcome::absent},
                                             Heard{3, Outcome::failed, 0, CauseClass::busy}));
}

TEST_F(RedisNodeFence, after_noscript_the_text_goes_out_only_before_its_undo) {
    // Rule N9
    open();
    acquire_fenced('a', 1);
    acquire_fenced('b', 2);
    env.run();
    redis.take();
    undo('b');
    env.run();
    redis.take();
    redis.reply(std::string(kNoScript) + std::string(kNoScript));
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{2, Outcome::failed, 0, CauseClass::busy}))
        << "the undo of b is on its way already";
    EXPECT_THAT(redis.take(), ElementsAre(HasSubstr("ACQUIRE_TEXT r quorumlock:fence:{r} " +
                                                    word('a') + " 10000 7200000 " + wall())));
    redis.reply(":0\r\n*2\r\n:1\r\n:8\r\n");
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::granted, 0, CauseClass::none, "", 8}));
}

TEST_F(RedisNodeFence, a_clock_that_is_off_starts_no_counter_unless_others_agree) {
    // Rule F5
    redis.server_lines = "server_time_usec:90000000\r\n";
    open();
    ASSERT_EQ(greeters.size(), 1u);
    EXPECT_EQ(greeters[0].clock_ahead, s(90) - env.wall_now());
    EXPECT_EQ(node->status().clock_ahead, s(90) - env.wall_now());
    acquire_fenced('a', 1);
    env.run();
    redis.take();
    redis.reply("-QLCLOCK its clock is 90 s off\r\n");
    const auto all = take_heard();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].outcome, Outcome::failed);
    EXPECT_EQ(all[0].cause, CauseClass::rejected);
    EXPECT_THAT(all[0].text, HasSubstr("set the clock right"));
    env.wall_offset += s(3600);  // this machine's clock was set, and the server's
    acquire_fenced('b', 2);
    env.run();
    redis.take();
    redis.reply("-QLCLOCK its clock is 3600 s off\r\n");
    acquire_fenced('b', 2);
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(HasSubstr(" 10000 7200000 " + wall())))
        << "read again after the refusal";
    redis.reply("*2\r\n:1\r\n:8\r\n");
    env.wall_offset += s(3600);
    acquire_fenced('b', 2);
    env.run();
    EXPECT_THAT(redis.take(),
                ElementsAre(HasSubstr(" 10000 7200000 " +
                                      std::to_string((env.wall_now() - s(3600)).count() / 1000))))
        << "setting this machine's clock does not make a server wrong";
    redis.reply("*2\r\n:1\r\n:9\r\n");
    node->trust_clock(true);
    acquire_fenced('b', 2);
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(HasSubstr(" 10000 7200000 0")));
}

TEST_F(RedisNodeFence, a_counter_stands_in_the_same_cluster_slot_as_its_lock) {
    // Rule F6
    const auto key = [](std::string_view resource) {
        std::string made;
        append_counter_key(made, resource);
        return made;
    };
    EXPECT_EQ(key("plain"), "quorumlock:fence:{plain}");
    EXPECT_EQ(key("{tag}name"), "quorumlock:fence:{tag}name");
    EXPECT_EQ(key("a{b}c"), "quorumlock:fence:a{b}c");
    EXPECT_EQ(key("a{}c"), "quorumlock:fence:{a{}c}");
    EXPECT_EQ(key("a{c"), "quorumlock:fence:{a{c}");
    EXPECT_EQ(key("a}c"), "quorumlock:fence:{a}c}");
}

TEST_F(RedisNodeFence, a_heal_is_a_set_that_counts_nothing) {
    // Rule H1
    open();
    for (std::uint32_t tag = 1; tag <= 3; ++tag) ask(Step::heal, 'a', tag);
    env.run();
    EXPECT_THAT(redis.take(),
                ElementsAre(set(1, 'a', 10000), set(1, 'a', 10000), set(1, 'a', 10000)));
    redis.reply("+OK\r\n$-1\r\n-READONLY x\r\n");
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::healed, -1}, Heard{2, Outcome::taken, -1},
                            Heard{3, Outcome::failed, 0, CauseClass::not_primary}));
}

TEST_F(RedisNodeFence, an_unanswered_heal_makes_its_undo_unsure_where_nothing_can_be_killed) {
    // Rule N6 goes for whatever sets the key.
    redis.instead["CLIENT ID"] = "-NOPERM no\r\n";
    open();
    ask(Step::heal, 'a', 1);
    env.run();
    env.last().close("reset");
    env.run();
    redis.take();
    undo('a');
    env.advance(ms(100));
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a')));
    redis.reply(":0\r\n");
    env.advance(s(1));
    EXPECT_THAT(redis.take(), ElementsAre(release(2, 'a'))) << "repeated";
}

TEST_F(RedisNodeFence, no_time_that_a_server_tells_of_itself_overflows) {
    constexpr auto kHundredYears = std::chrono::hours(24 * 365 * 100);
    redis.server_lines =
        "uptime_in_seconds:9223372036854775807\r\nserver_time_usec:9223372036854775807\r\n";
    open();
    ASSERT_EQ(greeters.size(), 1u);
    EXPECT_EQ(greeters[0].started, env.now() - kHundredYears);
    EXPECT_EQ(greeters[0].clock_ahead, kHundredYears - env.wall_now());
}

TEST_F(RedisNodeFence, a_guarded_server_has_no_vote_of_any_kind_until_its_time_is_over) {
    // Rule G1
    redis.server_lines = "uptime_in_seconds:7\r\n";
    admission.guarded_until = env.now() + s(60);
    open();
    ASSERT_EQ(greeters.size(), 1u);
    EXPECT_EQ(greeters[0].started, env.now() - s(7));
    EXPECT_FALSE(node->ready());
    EXPECT_TRUE(node->settled());
    EXPECT_THAT(cause(), HasSubstr("does not vote for 60.0 s more"));
    EXPECT_EQ(node->status().guarded, s(60));
    acquire('a', 1);
    ask(Step::extend, 'b', 2);
    ask(Step::heal, 'c', 3);
    raise('d', 4, 5);
    env.run();
    EXPECT_THAT(redis.take(), IsEmpty());
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::busy},
                                             Heard{2, Outcome::failed, 0, CauseClass::busy},
                                             Heard{3, Outcome::failed, 0, CauseClass::busy},
                                             Heard{4, Outcome::failed, 0, CauseClass::busy}));
    undo('e');
    ask(Step::release, 'f', 5);
    env.run();
    EXPECT_THAT(redis.take(), ElementsAre(release(1, 'e'), release(1, 'f')));
    redis.reply(":0\r\n:0\r\n");
    ready_changes.clear();
    env.advance(s(59));
    EXPECT_FALSE(node->ready());
    env.advance(s(1));
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(ready_changes, ElementsAre(true));
    EXPECT_EQ(node->status().guarded, Nanos{0});
}

TEST_F(RedisNodeFence, a_guard_can_be_lifted) {
    admission.guarded_until = env.now() + s(60);
    open();
    EXPECT_FALSE(node->ready());
    node->lift_guard();
    env.run();
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(ready_changes, ElementsAre(false, true));
}

TEST_F(RedisNodeFence, another_process_and_another_history_are_told_apart) {
    redis.replication = "role:master\r\nmaster_replid:one\r\n";
    open();
    const auto again = [&] {
        env.last().close("reset");
        env.advance(s(1));
    };
    again();
    redis.replication = "role:master\r\nmaster_replid:two\r\n";
    again();
    redis.run_id = "run-2";
    again();
    ASSERT_EQ(greeters.size(), 4u);
    EXPECT_FALSE(greeters[0].restarted || greeters[0].promoted);
    EXPECT_FALSE(greeters[1].restarted || greeters[1].promoted);
    EXPECT_TRUE(greeters[2].promoted);
    EXPECT_FALSE(greeters[2].restarted);
    EXPECT_TRUE(greeters[3].restarted);
    EXPECT_EQ(greeters[3].run_id, "run-2");
}

TEST_F(RedisNodeFence, a_server_that_is_refused_is_left_and_asked_again_later) {
    // Rule G2
    admission.refused = {CauseClass::rejected, "is the same server as x"};
    open();
    EXPECT_FALSE(node->ready());
    EXPECT_TRUE(node->settled());
    EXPECT_EQ(cause(), "is the same server as x");
    EXPECT_TRUE(env.last().dropped_by_client());
    admission = {};
    env.advance(s(2));
    EXPECT_TRUE(node->ready());
}

}  // namespace
}  // namespace quorumlock::nodes
