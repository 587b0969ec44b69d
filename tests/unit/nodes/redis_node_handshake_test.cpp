// Getting connected: look-up, addresses, handshake, refusals and their pauses. Rules N1 and N8.
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using quorumlock::testing::bulk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using RedisNodeHandshake = RedisNodeTest;

TEST_F(RedisNodeHandshake, everything_is_asked_in_one_write_and_nothing_else_before_it_answered) {
    // Rule N1
    uri.user = "joe";
    uri.password = "secret";
    uri.database = 5;
    redis.password = "secret";
    redis.answers = false;
    open();
    const auto greeted = redis.greeted;
    ASSERT_EQ(greeted.size(), 10u);
    EXPECT_EQ(greeted[0], "1: AUTH joe secret");
    EXPECT_EQ(greeted[1], "1: SELECT 5");
    EXPECT_EQ(greeted[2], "1: CLIENT SETNAME ql");
    EXPECT_EQ(greeted[3], "1: CLIENT ID");
    EXPECT_EQ(greeted[4], "1: INFO server");
    EXPECT_EQ(greeted[5], "1: INFO replication");
    EXPECT_THAT(greeted[6], HasSubstr("1: SCRIPT LOAD "));
    EXPECT_THAT(greeted[7], HasSubstr("PEXPIRE"));
    EXPECT_THAT(greeted[8], HasSubstr("GETEX"));
    EXPECT_THAT(greeted[9], HasSubstr("1: SCRIPT LOAD "));
    acquire('a', 1);
    undo('b');
    env.run();
    EXPECT_THAT(redis.seen, IsEmpty());
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::unreachable}));
    EXPECT_FALSE(node->ready());
    EXPECT_FALSE(node->settled());
    EXPECT_THAT(ready_changes, IsEmpty());
}

TEST_F(RedisNodeHandshake, a_ready_node_tells_what_it_learned) {
    redis.server_lines = "valkey_version:8.0.1\r\n";
    redis.answers = false;
    open();
    redis.answers = true;
    env.advance(ms(3));
    const std::string all =  // 3 ms later, in single bytes
        "+OK\r\n:9\r\n" + bulk("redis_version:7.2.4\r\nvalkey_version:8.0.1\r\nrun_id:abcd\r\n") +
        bulk("role:master\r\n") + bulk(testing::FakeRedis::kReleaseSha) +
        bulk(testing::FakeRedis::kExtendSha) + bulk(testing::FakeRedis::kAcquireSha) +
        bulk(testing::FakeRedis::kRaiseSha);
    for (const char byte : all) env.last().feed(std::string_view(&byte, 1));
    env.run();
    EXPECT_TRUE(node->ready());
    EXPECT_TRUE(node->settled());
    EXPECT_THAT(ready_changes, ElementsAre(true));
    const NodeStatus status = node->status();
    EXPECT_EQ(status.kind, "redis");
    EXPECT_EQ(status.label, "10.0.0.1:6379");
    EXPECT_EQ(status.version, "7.2.4 (valkey 8.0.1)");
    EXPECT_EQ(status.role, "master");
    EXPECT_EQ(status.run_id, "abcd");
    EXPECT_EQ(status.round_trip, ms(3));
    EXPECT_EQ(status.cause.kind, CauseClass::none);
    EXPECT_EQ(status.cause.text, "");
}

struct Refusal {
    const char* name;
    const char* command;  // whose reply is replaced
    std::string reply;
    CauseClass kind;
    const char* text;
    bool slow;  // the long pauses of what needs a person
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class RedisNodeRefused : public RedisNodeTest, public ::testing::WithParamInterface<Refusal> {};

TEST_P(RedisNodeRefused, is_named_and_tried_again_after_a_pause) {
    uri.password = "p";
    uri.database = 99;
    redis.password = "p";
    redis.instead[GetParam().command] = GetParam().reply;
    open();
    EXPECT_FALSE(node->ready());
    EXPECT_TRUE(node->settled());
    EXPECT_THAT(ready_changes, ElementsAre(false));
    EXPECT_EQ(cause_kind(), GetParam().kind);
    EXPECT_THAT(cause(), HasSubstr(GetParam().text));
    EXPECT_THAT(cause(), Not(HasSubstr("\n")));
    EXPECT_TRUE(env.last().dropped_by_client());
    acquire('a', 1);
    env.run();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::failed, 0, GetParam().kind}));
    redis.instead.clear();
    env.advance(GetParam().slow ? ms(749) : ms(37));
    EXPECT_EQ(env.connections.size(), 1u);
    env.advance(GetParam().slow ? ms(502) : ms(26));
    EXPECT_EQ(env.connections.size(), 2u);
    EXPECT_TRUE(node->ready());
}

const Refusal kRefusals[] = {
    {"wrong_password", "AUTH", "-WRONGPASS invalid username-password pair\r\n",
     CauseClass::rejected, "WRONGPASS invalid username-password pair (", true},
    {"old_wrong_password", "AUTH", "-ERR invalid password\r\n", CauseClass::rejected,
     "ERR invalid password (", true},
    {"no_password_set", "AUTH",
     "-ERR AUTH <password> called without any password configured for the default user. Are you "
     "sure your configuration is correct?\r\n",
     CauseClass::rejected, "without any password configured", true},
    {"database", "SELECT", "-ERR DB index is out of range\r\n", CauseClass::rejected,
     "ERR DB index is out of range (check the database", true},
    {"no_password_given", "CLIENT SETNAME", "-NOAUTH Authentication required.\r\n",
     CauseClass::rejected, "NOAUTH Authentication required. (give", true},
    {"max_clients", "CLIENT SETNAME", "-ERR max number of clients reached\r\n", CauseClass::busy,
     "ERR max number of clients reached (raise maxclients", false},
    {"protected_mode", "AUTH", "-DENIED Redis is running in protected mode\r\n",
     CauseClass::rejected, "DENIED Redis is running in protected mode", true},
    {"old_version", "INFO server", bulk("redis_version:6.0.16\r\n"), CauseClass::rejected,
     "version 6.0.16 is too old (6.2", true},
    {"older_version", "INFO server", bulk("redis_version:5.9.9\r\n"), CauseClass::rejected,
     "version 5.9.9 is too old", true},
    {"replica", "INFO replication",
     bulk("role:slave\r\nmaster_host:10.9.8.7\r\nmaster_port:6380\r\n"), CauseClass::not_primary,
     "is a replica of 10.9.8.7:6380; replicas never vote", true},
    {"loading", "SCRIPT LOAD", "-LOADING Redis is loading the dataset in memory\r\n",
     CauseClass::busy, "LOADING Redis is loading the dataset in memory (", false},
    {"no_script_load", "SCRIPT LOAD", "-NOPERM this user has no permissions\r\n",
     CauseClass::rejected, "NOPERM this user has no permissions (allow", true},
    {"another_type", "CLIENT ID", "+PONG\r\n", CauseClass::broken, "wrong type", false},
    {"no_sha", "SCRIPT LOAD", "$2\r\nxx\r\n", CauseClass::broken, "SHA-1", false},
    {"no_redis", "AUTH", "HTTP/1.1 400 Bad Request\r\n", CauseClass::broken,
     "not understood: ", false},
    {"tls_alert", "AUTH", "\x15\x03\x01", CauseClass::rejected,
     "the server seems to want TLS; use rediss://", true},
};
INSTANTIATE_TEST_SUITE_P(All, RedisNodeRefused, ::testing::ValuesIn(kRefusals),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(RedisNodeHandshake, an_unknown_auth_does_not_show_the_password_it_echoes) {
    uri.password = "secret";
    redis.instead["AUTH"] = "-ERR unknown command `AUTH`, with args beginning with: `secret`, \r\n";
    open();
    EXPECT_EQ(cause(), "ERR unknown command `AUTH` (do not rename or remove the command)");
}

TEST_F(RedisNodeHandshake, versions_from_6_2_on_will_do) {
    for (const char* version : {"6.2.0", "7.4.1", "10.0.0", "255.255.255"}) {
        redis.version = version;
        open();
        EXPECT_TRUE(node->ready()) << version;
    }
}

TEST_F(RedisNodeHandshake, a_refused_name_or_id_or_info_is_no_hindrance) {
    redis.instead["CLIENT SETNAME"] = "-ERR unknown command `CLIENT`\r\n";
    redis.instead["CLIENT ID"] = "-NOPERM this user has no permissions\r\n";
    redis.instead["INFO"] = "-NOPERM this user may not run info\r\n";
    open();
    EXPECT_TRUE(node->ready());
    EXPECT_EQ(cause_kind(), CauseClass::none);
    EXPECT_THAT(cause(), HasSubstr("CLIENT ID is refused, so after a broken connection a lock may "
                                   "be left for up to its ttl: NOPERM"));
    EXPECT_THAT(cause(), HasSubstr("INFO is refused, so version, role and run_id are not checked"));
    EXPECT_EQ(node->status().run_id, "");
    acquire('a', 1);
    env.run();
    redis.reply("+OK\r\n");
    EXPECT_THAT(take_heard(), ElementsAre(Heard{1, Outcome::granted, 0}));
}

TEST_F(RedisNodeHandshake, a_silent_handshake_ends_at_its_own_limit) {
    redis.answers = false;
    open();
    env.advance(ms(999));
    EXPECT_FALSE(node->settled());
    env.advance(ms(1));
    EXPECT_TRUE(node->settled());
    EXPECT_TRUE(env.last().dropped_by_client());
    EXPECT_EQ(cause_kind(), CauseClass::unreachable);
    EXPECT_THAT(cause(), HasSubstr("handshake was not answered in time (10.0.0.1:6379)"));
}

TEST_F(RedisNodeHandshake, a_connection_closed_without_a_word_hints_at_tls) {
    redis.answers = false;
    open();
    env.last().close("closed by the server");
    EXPECT_THAT(cause(),
                HasSubstr("closed during the handshake (does the server want TLS? then use "
                          "rediss://): closed by the server (10.0.0.1:6379)"));
}

TEST_F(RedisNodeHandshake, a_second_connection_closed_without_a_word_hints_at_it_too) {
    open();
    redis.answers = false;
    env.last().close();
    env.advance(ms(63));
    env.last().close();
    EXPECT_THAT(cause(), HasSubstr("does the server want TLS?"));
}

TEST_F(RedisNodeHandshake, unreachable_is_tried_again_after_doubling_pauses_up_to_5_s) {
    redis.accepts = false;
    open();
    EXPECT_EQ(cause(), "connection refused (10.0.0.1:6379)");
    EXPECT_EQ(cause_kind(), CauseClass::unreachable);
    EXPECT_TRUE(node->settled());
    std::vector<double> pauses;
    Instant last = env.now();
    while (pauses.size() < 10) {
        const std::size_t before = env.connections.size();
        while (env.connections.size() == before) env.advance(ms(1));
        pauses.push_back(std::chrono::duration<double, std::milli>(env.now() - last).count());
        last = env.now();
    }
    double expected = 50;
    for (const double pause : pauses) {
        EXPECT_GE(pause, expected * 0.75 - 1);
        EXPECT_LE(pause, expected * 1.25 + 1);
        expected = std::min(expected * 2, 5000.0);
    }
    // A ready connection begins the pauses anew.
    redis.accepts = true;
    env.advance(s(7));
    ASSERT_TRUE(node->ready());
    redis.accepts = false;
    const std::size_t before = env.connections.size();
    env.last().close();
    env.advance(ms(63));
    EXPECT_EQ(env.connections.size(), before + 1);
}

TEST_F(RedisNodeHandshake, what_needs_a_person_is_tried_again_after_1_s_up_to_10_s) {
    redis.instead["SCRIPT LOAD"] = "-NOPERM no\r\n";
    open();
    std::size_t seen = 1;
    for (const int expected : {1000, 2000, 4000, 8000, 10000, 10000}) {
        env.advance(ms(expected * 3 / 4 - 1));
        EXPECT_EQ(env.connections.size(), seen) << expected;
        const Instant begin = env.now();
        while (env.connections.size() == seen) env.advance(ms(1));
        ++seen;
        EXPECT_LE(env.now() - begin, ms(expected / 2 + 2));
    }
}

TEST_F(RedisNodeHandshake, names_are_looked_up_again_and_every_address_is_tried) {
    uri.host = "db";
    env.names["db"] = {"::1", "127.0.0.1"};
    std::vector<std::string> tried;
    env.on_connect = [&](testing::FakeConnection& c) {
        tried.push_back(c.to.address + "," + std::to_string(c.to.port));
        c.close("connection refused");
    };
    open();
    EXPECT_THAT(tried, ElementsAre("::1,6379", "127.0.0.1,6379"));
    EXPECT_THAT(env.looked_up, ElementsAre("db"));
    EXPECT_EQ(cause(), "connection refused (db:6379, 127.0.0.1)");
    env.names["db"] = {"10.0.0.9"};
    tried.clear();
    env.advance(ms(63));
    EXPECT_THAT(tried, ElementsAre("10.0.0.9,6379"));
    EXPECT_THAT(env.looked_up, ElementsAre("db", "db"));
}

TEST_F(RedisNodeHandshake, an_address_that_does_not_answer_gives_way_to_the_next) {
    uri.host = "db";
    env.names["db"] = {"10.0.0.1", "10.0.0.2"};
    env.on_connect = [&](testing::FakeConnection& c) {
        if (c.to.address == "10.0.0.2") c.open();
    };
    open();
    env.advance(ms(999));
    EXPECT_EQ(env.connections.size(), 1u);
    env.advance(ms(1));
    EXPECT_EQ(env.connections.size(), 2u);
    EXPECT_TRUE(env.connections[0]->dropped_by_client());
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeHandshake, the_most_telling_addresss_cause_is_kept) {
    uri.host = "db";
    uri.password = "wrong";
    redis.password = "right";
    env.names["db"] = {"10.0.0.1", "10.0.0.2"};
    env.on_connect = [&](testing::FakeConnection& c) {
        c.to.address == "10.0.0.1" ? c.open() : c.close("connection refused");
    };
    open();
    EXPECT_EQ(env.connections.size(), 2u);
    EXPECT_EQ(cause_kind(), CauseClass::rejected);
    EXPECT_THAT(cause(), HasSubstr("WRONGPASS"));
}

TEST_F(RedisNodeHandshake, a_name_without_address_and_a_mute_name_service_are_told_apart) {
    uri.host = "nowhere";
    env.name_errors["nowhere"] = "name not found";
    open();
    EXPECT_EQ(cause(), "name not found (nowhere:6379)");
    env.hold_lookups = true;
    env.advance(ms(63) + s(1));
    EXPECT_EQ(cause(), "no answer from the name service within 1000 ms (nowhere:6379)");
    EXPECT_THAT(env.connections, IsEmpty());
}

TEST_F(RedisNodeHandshake, unix_sockets_need_no_look_up) {
    uri.kind = NodeUri::Kind::redis_unix;
    uri.path = "/run/redis.sock";
    redis.accepts = false;
    open();
    EXPECT_EQ(env.last().to.path, "/run/redis.sock");
    EXPECT_THAT(env.looked_up, IsEmpty());
    EXPECT_EQ(cause(), "connection refused (/run/redis.sock)");
}

TEST_F(RedisNodeHandshake, the_password_file_is_read_again_at_each_connect) {
    uri.password_file = "/etc/pw";
    redis.password = "new";
    open();
    EXPECT_EQ(cause_kind(), CauseClass::rejected);
    EXPECT_EQ(cause(),
              "password_file /etc/pw cannot be read: no such file or directory (the node "
              "URI names it)");
    EXPECT_THAT(env.connections, IsEmpty());
    env.files["/etc/pw"] = "old\n";
    env.advance(ms(1251));
    EXPECT_THAT(redis.greeted[0], "1: AUTH old");
    env.files["/etc/pw"] = "new\r\nmore\n";
    env.advance(ms(2501));
    EXPECT_TRUE(node->ready());
}

TEST_F(RedisNodeHandshake, the_password_variable_will_do_too_but_not_empty) {
    uri.password_env = "PW";
    redis.password = "new";
    env.variables["PW"] = "";
    open();
    EXPECT_EQ(cause(), "password_env PW is empty (the node URI names it)");
    env.variables["PW"] = "new";
    env.advance(ms(1251));
    EXPECT_TRUE(node->ready());
}

}  // namespace
}  // namespace quorumlock::nodes
