// Who is told of which change, when, and how often.
#include <chrono>
#include <thread>

#include "lib/nodes/redis_commands.h"
#include "tests/sim/truth/truth_fixture.h"

namespace quorumlock::sim::truth {
namespace {

/// Connection 3 listens for 1 and 4 for 2.
class TruthTracking : public Truth {
  protected:
    void listen(const Command& mode = {"OPTIN"}) {
        for (int who = 1; who <= 2; ++who) {
            const std::string ear = "<id " + std::to_string(who + 2) + ">";
            same(who + 2, {"SUBSCRIBE", "__redis__:invalidate"});
            Command words{"CLIENT", "TRACKING", "ON", "REDIRECT", ear};
            words.insert(words.end(), mode.begin(), mode.end());
            same(who, words);
        }
    }
    void cached(int who, const Command& words) {
        same(who, {"CLIENT", "CACHING", "YES"});
        same(who, words);
    }
    /// Every way to change a key that is there, and one to make it so again.
    void change_in_every_way(const std::string& key) {
        for (const Command& change : std::vector<Command>{{"SET", key, "w"},
                                                          {"SET", key, "v", "NX"},
                                                          {"SET", key, "v", "XX", "KEEPTTL"},
                                                          {"PEXPIRE", key, "100000"},
                                                          {"PEXPIRE", key, "200000", "LT"},
                                                          {"SETRANGE", key, "0", ""},
                                                          {"GETEX", key},
                                                          {"INCR", key},
                                                          {"DEL", key, key},
                                                          {"DEL", key},
                                                          {"INCRBY", key, "7"},
                                                          {"PEXPIRE", key, "0"},
                                                          {"RPUSH", key, "a"},
                                                          {"RPUSH", key, "b"},
                                                          {"FLUSHALL"}}) {
            cached(1, {"EXISTS", key});
            cached(2, {"PTTL", key});
            same(1, change);
            same(2, change);
        }
    }
    bool told() const { return twins.pushed(); }
};

TEST_F(TruthTracking, every_change_is_told_to_everybody_once) {
    listen();
    change_in_every_way("k");
    EXPECT_TRUE(told());
}

TEST_F(TruthTracking, a_script_s_changes_are_told_like_others) {
    listen();
    for (const char* body : {"redis.call('SET',KEYS[1],1) redis.call('SET',KEYS[2],1)",
                             "redis.call('DEL',KEYS[2]) redis.call('DEL',KEYS[1])",
                             "redis.call('SET',KEYS[1],1) redis.call('FLUSHALL')",
                             "redis.call('SET',KEYS[1],1) return redis.call('GET',KEYS[1])",
                             "redis.call('GET',KEYS[1]) return redis.call('SET',KEYS[1],2)"}) {
        for (int who = 1; who <= 2; ++who) {
            cached(1, {"EXISTS", "a", "b"});
            cached(2, {"EXISTS", "b", "a"});
            cached(who, {"EVAL", body, "2", "a", "b"});
            same(who, {"EVAL", body, "2", "b", "a"});
        }
        // One who listens for both, and hears whose message comes first.
        same(2, {"CLIENT", "TRACKING", "ON", "REDIRECT", "<id 3>", "OPTIN"});
    }
    EXPECT_TRUE(told());
}

TEST_F(TruthTracking, a_script_that_reads_anything_remembers_all_its_keys) {
    for (const char* body :
         {"return redis.call('GET','elsewhere')", "return redis.call('DBSIZE')",
          "return redis.call('PTTL',KEYS[1])", "return redis.pcall('GET',KEYS[2])",
          "return redis.pcall('GET')", "return redis.call('GETEX',KEYS[1])",
          "return redis.call('SETRANGE',KEYS[1],0,'')", "return redis.call('TIME')[3]",
          "return redis.call('SET',KEYS[1],1,'NX')", "return 1",
          "redis.call('EXISTS','a') error('x')"}) {
        same({"FLUSHALL"});
        same({"RPUSH", "b", "a list"});
        listen();
        cached(1, {"EVAL", body, "2", "a", "b"});
        same(2, {"SET", "b", "1"});
        same(2, {"SET", "a", "1"});
        same(2, {"SET", "elsewhere", "1"});
        for (int who = 1; who <= 2; ++who) same(who, {"CLIENT", "TRACKING", "OFF"});
    }
    EXPECT_TRUE(told());
}

TEST_F(TruthTracking, a_refused_acquire_arms_and_a_granted_one_does_not) {
    const Command acquire{
        "EVAL", std::string(nodes::kAcquireScript), "2", "k", "f", kToken, "100000", "900000", "0"};
    same({"SET", "f", "41"});
    listen();
    cached(1, acquire);
    same(2, {"EVAL", std::string(nodes::kExtendScript), "1", "k", kToken, "200000"});
    EXPECT_FALSE(told());
    cached(1, acquire);
    same(2, {"EVAL", std::string(nodes::kExtendScript), "1", "k", kToken, "300000"});
    EXPECT_TRUE(told());
    same(2, {"EVAL", std::string(nodes::kReleaseScript), "1", "k", kToken});
    cached(2, acquire);
    cached(2, acquire);
    same(1, {"EVAL", std::string(nodes::kReleaseScript), "1", "k", kToken});
}

TEST_F(TruthTracking, caching_is_said_for_one_command_and_whatever_it_is_eats_it) {
    for (const Command& between : std::vector<Command>{{"PING"},
                                                       {"NONSENSE"},
                                                       {"GET"},
                                                       {"CLIENT"},
                                                       {"CLIENT", "NONSENSE"},
                                                       {"CLIENT", "ID"},
                                                       {"CLIENT", "ID", "more"},
                                                       {"CLIENT", "GETNAME"},
                                                       {"CLIENT", "KILL", "ID", "999999"},
                                                       {"CLIENT", "CACHING", "NO"},
                                                       {"CLIENT", "TRACKING", "ON", "OPTOUT"},
                                                       {"EVALSHA", std::string(40, 'f'), "1", "k"},
                                                       {"SCRIPT", "EXISTS", "x"},
                                                       {"SELECT", "0"}}) {
        listen();
        cached(1, between);
        same(1, {"GET", "k"});
        same(2, {"SET", "k", "v"});
        for (int who = 1; who <= 2; ++who) same(who, {"CLIENT", "TRACKING", "OFF"});
    }
    EXPECT_TRUE(told());
}

TEST_F(TruthTracking, modes_decide_what_is_remembered) {
    for (const Command& mode :
         std::vector<Command>{{}, {"OPTIN"}, {"OPTOUT"}, {"NOLOOP"}, {"OPTIN", "NOLOOP"}}) {
        listen(mode);
        for (const char* caching : {"", "YES", "NO"}) {
            for (int who = 1; who <= 2; ++who) {
                if (*caching != 0) same(who, {"CLIENT", "CACHING", caching});
                same(who, {"GET", "k"});
            }
            same(1, {"SET", "k", "v"});
        }
        for (int who = 1; who <= 2; ++who) same(who, {"CLIENT", "TRACKING", "OFF"});
    }
    EXPECT_TRUE(told());
}

TEST_F(TruthTracking, switched_on_again_it_still_knows_what_was_remembered) {
    listen();
    cached(1, {"GET", "k"});
    same(1, {"CLIENT", "TRACKING", "OFF"});
    same(1, {"CLIENT", "TRACKING", "ON", "REDIRECT", "<id 4>", "OPTOUT"});
    same(2, {"SET", "k", "v"});
    EXPECT_TRUE(told());
    cached(2, {"GET", "k"});
    same(2, {"CLIENT", "TRACKING", "OFF"});
    same(1, {"SET", "k", "v"});
    same(2, {"CLIENT", "TRACKING", "ON", "REDIRECT", "<id 4>"});
    same(1, {"SET", "k", "v"});
}

TEST_F(TruthTracking, names_are_remembered_whatever_their_database) {
    listen();
    cached(1, {"GET", "k"});
    same(2, {"SELECT", "3"});
    same(2, {"SET", "k", "v"});
    EXPECT_TRUE(told());
}

TEST_F(TruthTracking, nobody_is_told_through_one_that_is_gone_or_does_not_listen) {
    listen();
    const std::vector<Step> silencers = {{3, {"QUIT"}},
                                         {3, {"UNSUBSCRIBE"}},
                                         {3, {"RESET"}},
                                         {2, {"CLIENT", "KILL", "ID", "<id 3>"}},
                                         {1, {"RESET"}},
                                         {1, {"QUIT"}},
                                         {2, {"CLIENT", "KILL", "ID", "<id 1>"}}};
    for (const Step& silencer : silencers) {
        cached(1, {"GET", "k"});
        same(silencer.who, silencer.words);
        same(2, {"SET", "k", "v"});
        same(2, {"FLUSHALL"});
        same(3, {"SUBSCRIBE", "__redis__:invalidate"});
        same(2, {"SET", "k", "w"});
        same(1, {"CLIENT", "TRACKING", "ON", "REDIRECT", "<id 3>", "OPTIN"});
    }
}

TEST_F(TruthTracking, any_channel_makes_a_listener_and_oneself_may_be_one) {
    same(1, {"CLIENT", "TRACKING", "ON", "REDIRECT", "<id 3>"});
    same(2, {"CLIENT", "TRACKING", "ON", "REDIRECT", "<id 2>"});
    same(3, {"SUBSCRIBE", "another"});
    same(1, {"GET", "k"});
    same(2, {"GET", "k"});
    same(1, {"SET", "k", "v"});
    same(2, {"GET", "k"});
    same(2, {"SUBSCRIBE", "another", "one more"});
    same(1, {"GET", "k"});
    same(1, {"SET", "k", "v"});
    EXPECT_TRUE(told());
    same(3, {"FLUSHALL"});
    same(2, {"RESET"});
    same(2, {"CLIENT", "GETNAME"});
}

TEST_F(TruthTracking, an_expiry_is_told_when_somebody_finds_it_out) {
    listen();
    for (const Command& finder :
         std::vector<Command>{{"GET", "k"},
                              {"SET", "k", "v", "NX"},
                              {"INCR", "k"},
                              {"DEL", "k"},
                              {"EVAL", "redis.call('DEL',KEYS[1])", "1", "k"}}) {
        for (int who = 1; who <= 2; ++who) {
            same({"SET", "k", "v", "PXAT", "1"});
            cached(1, {"EXISTS", "j", "absent"});
            cached(who, finder);
            same({"SET", "k", "v", "PX", "100000"});
            cached(1, {"GET", "k"});
            cached(2, {"GET", "k"});
            same({"PEXPIREAT", "k", "1"});
            same(who, finder);
        }
    }
    EXPECT_TRUE(told());
}

TEST_F(TruthTracking, an_expiry_is_told_when_nobody_asks) {
    listen();
    same({"SET", "later", "v", "PX", "100000"});
    cached(2, {"EXISTS", "later"});
    // Alive on both sides as it is read, however slow they are.
    cached(1, {"EVAL", "redis.call('SET',KEYS[1],'v','PX',20) return redis.call('GET',KEYS[1])",
               "1", "k"});
    EXPECT_TRUE(twins.sim().waits_for_expiry());
    twins.let_keys_expire(true);
    while (twins.configure({"DBSIZE"}) != "1") {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    twins.sim().expire(wall_now() + 10'000);
    same_pushes();
    EXPECT_TRUE(told());
    EXPECT_TRUE(twins.sim().waits_for_expiry());
    same({"DEL", "later"});
    EXPECT_FALSE(twins.sim().waits_for_expiry());
}

TEST_F(TruthTracking, a_replica_leaves_expiry_to_its_primary) {
    listen();
    same({"SET", "k", "v", "PX", "1"});
    // Whatever is left of it, it is remembered.
    same(1, {"CLIENT", "CACHING", "YES"});
    ASSERT_EQ(twins.configure({"REPLICAOF", "127.0.0.1", "1"}), "OK");
    twins.sim().state.readonly = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    twins.advance();
    same(1, {"GET", "k"});
    same(2, {"EXISTS", "k"});
    EXPECT_FALSE(told());
    ASSERT_EQ(twins.configure({"REPLICAOF", "NO", "ONE"}), "OK");
    twins.sim().state.readonly = false;
    same(2, {"EXISTS", "k"});
    EXPECT_TRUE(told());
}

}  // namespace
}  // namespace quorumlock::sim::truth
