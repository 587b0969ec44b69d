#include <functional>
#include <optional>

#include "lib/nodes/redis_commands.h"
#include "lib/nodes/redis_errors.h"
#include "tests/sim/self/redis_fixture.h"

namespace quorumlock::sim {
namespace {

using nodes::ServerError;

class SimRedisStates : public RedisFixture {
  protected:
    using Words = std::initializer_list<std::string_view>;

    /// How the library reads the error; nothing when there is none.
    std::optional<ServerError> told(Words words) {
        const std::string reply = say(words);
        if (!reply.starts_with("-")) return {};
        return nodes::classify(std::string_view(reply).substr(1)).what;
    }
    ServerError refused(Words words) {
        const auto what = told(words);
        EXPECT_TRUE(what);
        return what.value_or(ServerError::other);
    }
    bool works(Words words) { return !told(words); }
};

TEST_F(SimRedisStates, each_refuses_in_words_the_library_knows) {
    struct Case {
        std::function<void(SimRedisState&)> enter;
        std::optional<ServerError> set, get, ping;
    };
    constexpr std::nullopt_t kFine = std::nullopt;
    const Case cases[] = {
        {[](auto& s) { s.loading = true; }, ServerError::loading, ServerError::loading,
         ServerError::loading},
        {[](auto& s) { s.busy = true; }, ServerError::busy, ServerError::busy, ServerError::busy},
        {[](auto& s) { s.out_of_memory = true; }, ServerError::no_space, kFine, kFine},
        {[](auto& s) { s.misconf = true; }, ServerError::no_space, kFine, ServerError::no_space},
        {[](auto& s) { s.readonly = true; }, ServerError::readonly, kFine, kFine},
        {[](auto& s) { s.readonly = s.stale = true; }, ServerError::readonly,
         ServerError::masterdown, ServerError::masterdown},
    };
    for (const Case& each : cases) {
        redis.state = {};
        each.enter(redis.state);
        EXPECT_EQ(told({"SET", "k", "v"}), each.set);
        EXPECT_EQ(told({"GET", "k"}), each.get);
        EXPECT_EQ(told({"PING"}), each.ping);
    }
    redis.state = {};
    EXPECT_TRUE(works({"SET", "k", "v"}));
}

TEST_F(SimRedisStates, rights_are_taken_one_by_one) {
    redis.state.no_kill = true;
    EXPECT_EQ(refused({"CLIENT", "KILL", "ID", "9"}), ServerError::noperm);
    EXPECT_TRUE(works({"INFO"}));
    redis.state.no_kill = false;
    redis.state.no_info = true;
    EXPECT_EQ(refused({"INFO"}), ServerError::noperm);
    EXPECT_TRUE(works({"CLIENT", "KILL", "ID", "9"}));
}

TEST_F(SimRedisStates, a_password_is_asked_of_those_who_come_after_it) {
    redis.state.password = "secret";
    EXPECT_TRUE(works({"GET", "k"}));
    me = redis.accept(now);
    EXPECT_EQ(refused({"GET", "k"}), ServerError::noauth);
    EXPECT_EQ(refused({"AUTH", "wrong"}), ServerError::bad_credentials);
    EXPECT_EQ(refused({"AUTH", "nobody", "secret"}), ServerError::bad_credentials);
    EXPECT_EQ(refused({"GET", "k"}), ServerError::noauth);
    EXPECT_TRUE(works({"AUTH", "default", "secret"}));
    EXPECT_TRUE(works({"GET", "k"}));
    me = redis.accept(now);
    EXPECT_TRUE(works({"AUTH", "secret"}));
    EXPECT_TRUE(works({"GET", "k"}));
}

TEST_F(SimRedisStates, a_full_server_still_releases_and_a_half_done_script_is_not_stopped) {
    say({"SET", "k", "v"});
    redis.state.out_of_memory = true;
    EXPECT_EQ(refused({"EVAL", "return redis.call('SET',KEYS[1],1)", "1", "k"}),
              ServerError::no_space);
    EXPECT_TRUE(
        works({"EVAL", "redis.call('DEL',KEYS[1]) return redis.call('SET',KEYS[1],1)", "1", "k"}));
    EXPECT_EQ(say({"EVAL", nodes::kReleaseScript, "1", "k", "1"}), ":1\r\n");
}

}  // namespace
}  // namespace quorumlock::sim
