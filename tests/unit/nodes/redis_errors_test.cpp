#include "lib/nodes/redis_errors.h"

#include <gtest/gtest.h>

#include <string>

namespace quorumlock::nodes {
namespace {

struct Case {
    std::string_view text;
    ServerError what;
    CauseClass kind;
    bool not_applied;
};

constexpr Case kCases[] = {
    {"NOSCRIPT No matching script. Please use EVAL.", ServerError::noscript, CauseClass::busy,
     true},
    {"NOAUTH Authentication required.", ServerError::noauth, CauseClass::rejected, true},
    {"NOPERM this user has no permissions to run the 'set' command", ServerError::noperm,
     CauseClass::rejected, true},
    {"WRONGPASS invalid username-password pair or user is disabled.", ServerError::bad_credentials,
     CauseClass::rejected, true},
    {"ERR invalid password", ServerError::bad_credentials, CauseClass::rejected, true},
    {"ERR Client sent AUTH, but no password is set", ServerError::bad_credentials,
     CauseClass::rejected, true},
    {"ERR AUTH <password> called without any password configured for the default user.",
     ServerError::bad_credentials, CauseClass::rejected, true},
    {"DENIED Redis is running in protected mode", ServerError::denied, CauseClass::rejected, true},
    {"LOADING Redis is loading the dataset in memory", ServerError::loading, CauseClass::busy,
     true},
    {"BUSY Redis is busy running a script.", ServerError::busy, CauseClass::busy, true},
    {"ERR max number of clients reached", ServerError::max_clients, CauseClass::busy, true},
    {"MASTERDOWN Link with MASTER is down", ServerError::masterdown, CauseClass::busy, true},
    {"OOM command not allowed when used memory > 'maxmemory'.", ServerError::no_space,
     CauseClass::no_space, true},
    {"MISCONF Redis is configured to save RDB snapshots", ServerError::no_space,
     CauseClass::no_space, true},
    {"NOREPLICAS Not enough good replicas to write.", ServerError::no_space, CauseClass::no_space,
     true},
    {"READONLY You can't write against a read only replica.", ServerError::readonly,
     CauseClass::not_primary, true},
    {"MOVED 3999 127.0.0.1:6381", ServerError::cluster, CauseClass::not_primary, true},
    {"ASK 3999 127.0.0.1:6381", ServerError::cluster, CauseClass::not_primary, true},
    {"CLUSTERDOWN Hash slot not served", ServerError::cluster, CauseClass::not_primary, true},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", ServerError::wrongtype,
     CauseClass::wrong_data, true},
    {"EXECABORT Transaction discarded", ServerError::execabort, CauseClass::broken, true},
    {"ERR unknown command 'evalsha'", ServerError::unknown_command, CauseClass::rejected, true},
    {"ERR Unknown Redis command called from script script: 0123, on @user_script:19.",
     ServerError::unknown_command, CauseClass::rejected, true},
    {"ERR Error running script (call to f_0123): @user_script:19: @user_script: 19: Unknown Redis "
     "command called from Lua script",
     ServerError::unknown_command, CauseClass::rejected, true},
    {"ERR The user executing the script can't run this command or subcommand script: 0123, on "
     "@user_script:26.",
     ServerError::noperm, CauseClass::rejected, true},
    {"ERR Error running script (call to f_0123): @user_script:2: @user_script: 2: The user "
     "executing the script can't access at least one of the keys mentioned in the command",
     ServerError::noperm, CauseClass::rejected, true},
    {"ERR DB index is out of range", ServerError::database, CauseClass::rejected, true},
    {"ERR invalid DB index", ServerError::database, CauseClass::rejected, true},
    {"ERR Error running script (call to f_0123): @user_script:1: WRONGTYPE Operation against",
     ServerError::wrongtype, CauseClass::wrong_data, true},
    {"ERR Error running script (call to f_0123): @user_script:6: @user_script: 6: -READONLY You",
     ServerError::readonly, CauseClass::not_primary, true},
    {"ERR Error running script (call to f_0123): @user_script:6: user_script:6: something else",
     ServerError::other, CauseClass::broken, false},
    {"ERR Error running script (call to f_0123): @user_script:", ServerError::other,
     CauseClass::broken, false},
    {"ERR syntax error", ServerError::other, CauseClass::broken, false},
    {"", ServerError::other, CauseClass::broken, false},
    {"ASKING", ServerError::other, CauseClass::broken, false},
};

TEST(RedisErrors, are_known_by_their_first_words) {
    for (const Case& one : kCases) {
        const ErrorMeaning& meaning = classify(one.text);
        EXPECT_EQ(meaning.what, one.what) << one.text;
        EXPECT_EQ(meaning.kind, one.kind) << one.text;
        EXPECT_EQ(meaning.not_applied, one.not_applied) << one.text;
        EXPECT_EQ(cause_of(one.text).kind, one.kind) << one.text;
    }
}

TEST(RedisErrors, keep_the_servers_words_in_one_line_without_echoed_arguments) {
    EXPECT_EQ(cause_of("ERR syntax error").text, "ERR syntax error");
    EXPECT_EQ(cause_of("NOAUTH Authentication required.").text,
              "NOAUTH Authentication required. (give the node URI a password)");
    EXPECT_EQ(cause_of("ERR unknown command 'AUTH', with args beginning with: 'secret'").text,
              "ERR unknown command 'AUTH' (do not rename or remove the command)");
    EXPECT_EQ(cause_of("ERR a\nb\tc\x1b[0m").text, "ERR a?b?c?[0m");
    EXPECT_EQ(cause_of("ERR " + std::string(5000, 'x')).text.size(), 500u);
}

}  // namespace
}  // namespace quorumlock::nodes
