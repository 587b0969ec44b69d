#include "lib/nodes/node_uri.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace quorumlock::nodes {
namespace {

using Kind = NodeUri::Kind;

NodeUri parsed(std::string_view text) {
    auto result = parse_node_uri(text);
    EXPECT_TRUE(result.has_value()) << text << ": " << (result ? "" : result.error().message());
    return std::move(result).value_or(NodeUri{});
}

/// "code: message" of what is wrong.
std::string refused(std::string_view text) {
    const auto result = parse_node_uri(text);
    if (result) return "accepted";
    return std::string(errc_name(result.error().code())) + ": " + result.error().message();
}

TEST(NodeUri, a_host_is_enough) {
    const auto uri = parsed("redis://cache-1.example");
    EXPECT_EQ(uri.kind, Kind::redis_tcp);
    EXPECT_EQ(uri.host, "cache-1.example");
    EXPECT_EQ(uri.port, 6379);
    EXPECT_EQ(uri.database, 0);
    EXPECT_EQ(uri.user, "");
    EXPECT_EQ(uri.password, "");
    EXPECT_EQ(uri.label, "cache-1.example:6379");
}

TEST(NodeUri, every_part_of_a_tcp_node) {
    const auto uri = parsed("redis://me:se%3Acret%40%00%25@Host_1:7000/12?name=first");
    EXPECT_EQ(uri.host, "host_1");
    EXPECT_EQ(uri.port, 7000);
    EXPECT_EQ(uri.database, 12);
    EXPECT_EQ(uri.user, "me");
    EXPECT_EQ(uri.password, std::string("se:cret@\0%", 10));
    EXPECT_EQ(uri.label, "first");
}

TEST(NodeUri, user_and_password_may_each_be_left_out) {
    EXPECT_EQ(parsed("redis://:pw@h").password, "pw");
    EXPECT_EQ(parsed("redis://:pw@h").user, "");
    EXPECT_EQ(parsed("redis://me@h").user, "me");
    EXPECT_EQ(parsed("redis://me@h").password, "");
    EXPECT_EQ(parsed("redis://@h").host, "h");
    EXPECT_EQ(parsed("redis://:a:b@c@h").password, "a:b@c");
    EXPECT_EQ(parsed("redis://:a+b@h").password, "a+b");
}

TEST(NodeUri, ipv6_addresses_stand_in_brackets) {
    const auto uri = parsed("redis://:pw@[2001:DB8::1]:7000/3");
    EXPECT_EQ(uri.host, "2001:db8::1");
    EXPECT_EQ(uri.port, 7000);
    EXPECT_EQ(uri.database, 3);
    EXPECT_EQ(uri.label, "[2001:db8::1]:7000");
    EXPECT_EQ(parsed("redis://[::1]").label, "[::1]:6379");
    EXPECT_EQ(parsed("redis://[::ffff:10.0.0.1]").host, "::ffff:10.0.0.1");
    EXPECT_EQ(parsed("redis://[FE80::1%25Eth0]").host, "fe80::1%Eth0");
}

TEST(NodeUri, passwords_may_come_from_a_file_or_the_environment) {
    EXPECT_EQ(parsed("redis://h?password_file=/run/secrets/a%20b").password_file,
              "/run/secrets/a b");
    EXPECT_EQ(parsed("redis://me@h/1?password_env=REDIS_PW&name=n").password_env, "REDIS_PW");
}

TEST(NodeUri, a_unix_socket) {
    const auto uri = parsed("unix:///run/redis@1/s%20x.sock?db=4&user=me&password_file=/p&name=n");
    EXPECT_EQ(uri.kind, Kind::redis_unix);
    EXPECT_EQ(uri.path, "/run/redis@1/s x.sock");
    EXPECT_EQ(uri.database, 4);
    EXPECT_EQ(uri.user, "me");
    EXPECT_EQ(uri.password_file, "/p");
    EXPECT_EQ(uri.label, "n");
    EXPECT_EQ(parsed("unix:///tmp/r.sock").label, "/tmp/r.sock");
}

TEST(NodeUri, a_memory_node) {
    EXPECT_EQ(parsed("memory:").kind, Kind::memory);
    EXPECT_EQ(parsed("memory:").label, "memory");
    EXPECT_EQ(parsed("memory:?name=a%2Fb").label, "a/b");
}

TEST(NodeUri, schemes_are_the_same_in_any_case) {
    EXPECT_EQ(parsed("Redis://h").host, "h");
    EXPECT_EQ(parsed("MEMORY:").kind, Kind::memory);
}

TEST(NodeUri, bounds_are_inclusive) {
    EXPECT_EQ(parsed("redis://h:1").port, 1);
    EXPECT_EQ(parsed("redis://h:65535/").port, 65535);
    EXPECT_EQ(parsed("redis://h/0").database, 0);
    EXPECT_EQ(parsed("redis://h/1000000").database, 1'000'000);
    EXPECT_EQ(parsed("redis://" + std::string(253, 'h')).host.size(), 253U);
    EXPECT_EQ(parsed("unix:///" + std::string(106, 'p')).path.size(), 107U);
    EXPECT_EQ(parsed("memory:?name=" + std::string(128, 'n')).label.size(), 128U);
    const std::string head = "redis://:";
    const std::string tail = "@h";
    const auto fill = 4096 - head.size() - tail.size();
    EXPECT_EQ(parsed(head + std::string(fill, 'x') + tail).password.size(), fill);
}

TEST(NodeUri, the_same_server_has_the_same_identity) {
    const auto id = [](std::string_view text) { return parsed(text).identity(); };
    EXPECT_EQ(id("redis://h"), id("redis://me:pw@H:6379/5?name=other"));
    EXPECT_EQ(id("redis://[::1]"), id("redis://[::1]:6379"));
    EXPECT_NE(id("redis://h"), id("redis://h:6380"));
    EXPECT_NE(id("redis://h"), id("redis://g"));
    EXPECT_EQ(id("unix:///a?db=1"), id("unix:///a"));
    EXPECT_NE(id("unix:///a"), id("unix:///b"));
    EXPECT_EQ(id("memory:"), "");
    EXPECT_EQ(id("memory:?name=a"), id("memory:?name=a"));
    EXPECT_NE(id("memory:?name=a"), id("memory:?name=b"));
    EXPECT_NE(id("memory:?name=a"), "");
}

TEST(NodeUri, the_whole_text_is_checked_first) {
    const std::string known =
        "write redis://host[:port][/db], rediss:// (TLS), unix:///path, "
        "dapr://host:port/store or memory:";
    EXPECT_EQ(refused(""), "invalid_argument: node URI: it is empty; " + known);
    EXPECT_EQ(refused("redis://" + std::string(4089, 'h')),
              "invalid_argument: node URI: it has 4097 bytes, more than 4096");
    const std::string controls =
        "invalid_argument: node URI: it contains a space or a control character; write it as %20, "
        "%0A, ...";
    EXPECT_EQ(refused("redis://h\n"), controls);
    EXPECT_EQ(refused(std::string_view("redis://h\0", 10)), controls);
    EXPECT_EQ(refused(" redis://h"), controls);
    EXPECT_EQ(refused("redis://h#x"),
              "invalid_argument: node URI: a fragment (#...) has no meaning; a '#' in a password "
              "is written %23");
    for (const std::string_view text :
         {"localhost", "localhost:6379", "10.0.0.1:6379", "//h", "redis:h", "redis:/h",
          "unix:/path", ":", "memory", "9x://h"}) {
        EXPECT_EQ(refused(text), "invalid_argument: node URI: it has no scheme; " + known) << text;
    }
    EXPECT_EQ(refused("http://h"),
              "invalid_argument: node URI: the scheme http:// is unknown; " + known);
}

TEST(NodeUri, every_part_of_a_dapr_node) {
    const auto uri = parsed("dapr://Side:3600/my%20locks?name=n&token_env=T&independent=yes");
    EXPECT_EQ(uri.kind, Kind::dapr_tcp);
    EXPECT_TRUE(uri.is_dapr());
    EXPECT_EQ(uri.host, "side");
    EXPECT_EQ(uri.port, 3600);
    EXPECT_EQ(uri.store, "my locks");
    EXPECT_EQ(uri.password_env, "T");
    EXPECT_TRUE(uri.independent);
    EXPECT_EQ(uri.label, "n");
    EXPECT_EQ(uri.address(), "side:3600/my locks");
    const auto local = parsed("dapr+unix:///run/d.sock?store=locks&token_file=/t");
    EXPECT_EQ(local.kind, Kind::dapr_unix);
    EXPECT_EQ(local.path, "/run/d.sock");
    EXPECT_EQ(local.store, "locks");
    EXPECT_EQ(local.password_file, "/t");
    EXPECT_FALSE(local.independent);
    EXPECT_EQ(local.label, "/run/d.sock/locks");
    const auto open = parsed("dapr:///locks");
    EXPECT_EQ(open.host, "");
    EXPECT_EQ(open.port, 0);
    EXPECT_EQ(parsed("dapr://[::1]:3500/locks").label, "[::1]:3500/locks");
    EXPECT_EQ(parsed("dapr://h:1/a").identity(), parsed("dapr://H:1/a?name=x").identity());
    EXPECT_NE(parsed("dapr://h:1/a").identity(), parsed("dapr://h:1/b").identity());
}

TEST(NodeUri, a_bad_part_of_a_dapr_node_is_named) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"dapr://h", "dapr://h: the store is missing; write dapr://host:port/store"},
        {"dapr://h/", "dapr://h: the store is missing; write dapr://host:port/store"},
        {"dapr://h/a/b",
         "dapr://h: the store must be one name of up to 253 bytes, without '/' and control "
         "characters"},
        {"dapr://:hunter2@h/s",
         "dapr://: an '@' has no place here; a token goes in ?token_file= or ?token_env="},
        {"dapr://h/s?password_env=X",
         "dapr://h: the query key password_env is unknown; known keys: name, token_file, "
         "token_env, independent"},
        {"dapr://h/s?independent=maybe", "dapr://h: independent is neither yes nor no"},
        {"dapr://h/s?token_env=A&token_file=b",
         "dapr://h: both token_file and token_env; give one of them"},
        {"dapr+unix:///p", "dapr+unix://: the store is missing; write ?store=NAME"},
        {"dapr+unix://p?store=s",
         "dapr+unix://: the path must follow at once: dapr+unix:///path?store=NAME"},
    };
    for (const auto& [text, why] : cases) {
        EXPECT_EQ(refused(text), "invalid_argument: node URI: " + why);
    }
}

TEST(NodeUri, a_bad_part_is_named_with_its_bound) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"redis://", "redis://: the host is missing; write redis://host[:port][/db]"},
        {"redis://:6379", "redis://: the host is missing; write redis://host[:port][/db]"},
        {"redis:///1", "redis://: the host is missing; write redis://host[:port][/db]"},
        {"redis://u:p@/1", "redis://***@: the host is missing; write redis://host[:port][/db]"},
        {"redis://h:0", "redis://h: the port is not within 1..65535"},
        {"redis://h:65536", "redis://h: the port is not within 1..65535"},
        {"redis://h:70000", "redis://h: the port is not within 1..65535"},
        {"redis://h:", "redis://h: the port is not within 1..65535"},
        {"redis://h:x", "redis://h: the port is not within 1..65535"},
        {"redis://h:+1", "redis://h: the port is not within 1..65535"},
        {"redis://h:99999999999999", "redis://h: the port is not within 1..65535"},
        {"redis://h/x", "redis://h: the database (behind the '/') is not within 0..1000000"},
        {"redis://h/-1", "redis://h: the database (behind the '/') is not within 0..1000000"},
        {"redis://h/1000001", "redis://h: the database (behind the '/') is not within 0..1000000"},
        {"redis://h/1/2", "redis://h: the database (behind the '/') is not within 0..1000000"},
        {"redis://::1:6379", "redis://: the host is missing; write redis://host[:port][/db]"},
        {"redis://fe80::1",
         "redis://: more than one ':' in host:port; an IPv6 address is written in brackets"},
        {"redis://[::1", "redis://: the '[' of the host has no ']'"},
        {"redis://[::1]6379", "redis://[::1]: only :port may follow the ']'"},
        {"redis://[host]", "redis://: the host in brackets is no IPv6 address"},
        {"redis://[]", "redis://: the host in brackets is no IPv6 address"},
        {"redis://h%00",
         "redis://: the host has a character that is none of a-z, 0-9, '-', '_' and '.'"},
        {"redis://" + std::string(254, 'h'), "redis://: the host has 254 bytes, more than 253"},
        {"redis://[::" + std::string(252, '1') + "]",
         "redis://: the host has 254 bytes, more than 253"},
        {"redis://h?db=1",
         "redis://h: the query key db is unknown; known keys: name, password_file, password_env"},
        {"redis://h?password=x",
         "redis://h: the query key password is unknown; known keys: name, password_file, "
         "password_env"},
        {"redis://h?",
         "redis://h: the query must be key=value parts joined by '&'; known keys: name, "
         "password_file, password_env"},
        {"redis://h?name=a&name=b", "redis://h: the query key name is given twice"},
        {"redis://h?name=", "redis://h: name is empty"},
        {"redis://h?name=%0a", "redis://h: name contains a control character"},
        {"redis://h?name=%4", "redis://h: name has a '%' without two hex digits behind it"},
        {"redis://h?password_env=A%3DB",
         "redis://h: password_env is no name of an environment variable"},
        {"redis://h?password_file=/a&password_env=B",
         "redis://h: more than one of a password in the URI, password_file and password_env; give "
         "one of them"},
        {"redis://:p@h?password_file=/a",
         "redis://***@h: more than one of a password in the URI, password_file and password_env; "
         "give one of them"},
        {"memory://", "memory: nothing but ?name= may follow"},
        {"memory:x", "memory: nothing but ?name= may follow"},
        {"memory:?name=" + std::string(129, 'n'), "memory: name has 129 bytes, more than 128"},
        {"memory:?user=u", "memory: the query key user is unknown; known keys: name"},
        {"unix://",
         "unix://: the path must follow at once (unix:///path); the user goes in "
         "?user=, the password in ?password_file= or ?password_env="},
        {"unix://:pw@/path",
         "unix://: the path must follow at once (unix:///path); the user goes "
         "in ?user=, the password in ?password_file= or ?password_env="},
        {"unix:///", "unix://: the path is missing; write unix:///path/of/the.sock"},
        {"unix:///a%00", "unix://: the path contains a control character"},
        {"unix:///a%4", "unix://: the path has a '%' without two hex digits behind it"},
        {"unix:///" + std::string(107, 'p'),
         "unix://: the path has 108 bytes; a unix socket takes 107"},
        {"unix:///a?db=x", "unix://: db is not within 0..1000000"},
        {"unix:///a?x=1",
         "unix://: the query key x is unknown; known keys: db, user, name, password_file, "
         "password_env"},
    };
    for (const auto& [text, message] : cases) {
        EXPECT_EQ(refused(text), "invalid_argument: node URI: " + message) << text;
    }
}

TEST(NodeUri, no_error_repeats_a_password) {
    // Every way to get an URI with a password wrong: hunter2 must not come back.
    for (const std::string_view text : {"redis://:hunter2@h:0",
                                        "redis://u:hunter2@h/x",
                                        "redis://:hunter2@",
                                        "redis://:hunter2",
                                        "redis://u:hunter2",
                                        "redis://:hunter2@[::1",
                                        "redis://:hunter2%@h",
                                        "redis://hunter2%4@h",
                                        "redis://:hunter/hunter2@h",
                                        "redis://:hunter2/x@h",
                                        "redis://hunter2/x@h",
                                        "redis://:hunter2?x@h",
                                        "redis://hunter2?x@h",
                                        "redis://hunter2?x=1@h",
                                        "redis://:a?hunter2@h",
                                        "redis://u?hunter2=1@h",
                                        "redis://:hunter2#x@h",
                                        "redis://:SE CRET@h",
                                        "redis://h?hunter2",
                                        "redis://h?password=hunter2",
                                        "rediss://:hunter2@h?verify=no",
                                        "dapr://:hunter2@h",
                                        "unix://:hunter2@/p",
                                        "http://:hunter2@h",
                                        ":hunter2@h",
                                        "hunter2@h",
                                        "u:hunter2@h",
                                        "hunter2:x@h",
                                        "redis:hunter2@h",
                                        "redis://:hunter2@h?password_file=/p",
                                        "redis://:hunter2@h\x01"}) {
        const auto said = refused(text);
        EXPECT_NE(said, "accepted") << text;
        EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
        EXPECT_EQ(said.find('\n'), std::string::npos) << said;
    }
}

}  // namespace
}  // namespace quorumlock::nodes
