// What rediss:// adds to a node's URI.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/nodes/node_uri.h"

namespace quorumlock::nodes {
namespace {

using Verify = env::TlsOptions::Verify;

NodeUri parsed(std::string_view text) {
    auto result = parse_node_uri(text);
    EXPECT_TRUE(result) << result.error().message();
    return result ? *std::move(result) : NodeUri();
}

std::string refused(std::string_view text) {
    const auto result = parse_node_uri(text);
    if (result) return "accepted";
    return std::string(errc_name(result.error().code())) + ": " + result.error().message();
}

TEST(NodeUriTls, plain_nodes_have_none) {
    EXPECT_FALSE(parsed("redis://h").tls);
    EXPECT_FALSE(parsed("unix:///p").tls);
}

TEST(NodeUriTls, a_host_is_enough) {
    const auto uri = parsed("rediss://Cache-1.example");
    ASSERT_TRUE(uri.tls);
    EXPECT_EQ(uri.kind, NodeUri::Kind::redis_tcp);
    EXPECT_EQ(uri.port, 6379);
    EXPECT_EQ(uri.tls->verify, Verify::full);
    EXPECT_EQ(uri.tls->name, "cache-1.example");
    EXPECT_EQ(uri.tls->sni, "cache-1.example");
    EXPECT_EQ(uri.tls->ca + uri.tls->cert + uri.tls->key, "");
    EXPECT_EQ(uri.label, "cache-1.example:6379");
}

TEST(NodeUriTls, every_part) {
    const auto uri = parsed(
        "rediss://me:pw@h:7000/3?name=n&ca=/a%20b/ca.pem&cert=/c.pem&key=/k.pem&verify=ca&"
        "sni=Redis.example");
    EXPECT_EQ(uri.user, "me");
    EXPECT_EQ(uri.password, "pw");
    EXPECT_EQ(uri.database, 3);
    EXPECT_EQ(uri.tls->ca, "/a b/ca.pem");
    EXPECT_EQ(uri.tls->cert, "/c.pem");
    EXPECT_EQ(uri.tls->key, "/k.pem");
    EXPECT_EQ(uri.tls->verify, Verify::chain);
    EXPECT_EQ(uri.tls->sni, "redis.example");
    EXPECT_EQ(uri.tls->name, "redis.example");
    EXPECT_EQ(uri.label, "n");
    EXPECT_EQ(parsed("rediss://h?verify=full").tls->verify, Verify::full);
    EXPECT_EQ(parsed("rediss://h?verify=none").tls->verify, Verify::none);
}

TEST(NodeUriTls, an_address_is_looked_for_and_not_asked_for) {
    for (const auto& [text, name] : std::vector<std::pair<std::string, std::string>>{
             {"rediss://10.0.0.1", "10.0.0.1"},
             {"rediss://[2001:DB8::1]:7000", "2001:db8::1"},
             {"rediss://[fe80::1%25eth0]", "fe80::1"}}) {
        const auto uri = parsed(text);
        EXPECT_EQ(uri.tls->name, name);
        EXPECT_EQ(uri.tls->sni, "");
    }
    EXPECT_EQ(parsed("rediss://10.0.0.1?sni=a.example").tls->name, "a.example");
    EXPECT_EQ(parsed("rediss://a.example.").tls->name, "a.example");
}

TEST(NodeUriTls, with_and_without_it_is_one_server) {
    EXPECT_EQ(parsed("rediss://h:7000").identity(), parsed("redis://h:7000").identity());
}

TEST(NodeUriTls, a_bad_part_is_named_with_its_bound) {
    const std::string at = "invalid_argument: node URI: rediss://h: ";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"verify=yes", "verify is none of full, ca and none"},
        {"verify=", "verify is empty"},
        {"cert=/c", "cert without key; give both"},
        {"key=/k", "key without cert; give both"},
        {"ca=/a&ca=/b", "the query key ca is given twice"},
        {"ca=%0A", "ca contains a control character"},
        {"ca=%2", "ca has a '%' without two hex digits behind it"},
        {"ca=/" + std::string(4096 - 18, 'x'), "accepted"},
        {"sni=10.0.0.1", "sni is no host name"},
        {"sni=[::1]", "sni is no host name"},
        {"sni=" + std::string(254, 'a'), "sni has 254 bytes, more than 253"},
        {"tls=1",
         "the query key tls is unknown; known keys: name, password_file, password_env, ca, cert, "
         "key, verify, sni"},
    };
    for (const auto& [query, why] : cases) {
        const std::string said = refused("rediss://h?" + query);
        EXPECT_EQ(said, why == "accepted" ? why : at + why);
    }
    EXPECT_EQ(refused("redis://h?ca=/a"),
              "invalid_argument: node URI: redis://h: the query key ca is unknown; known keys: "
              "name, password_file, password_env");
}

TEST(NodeUriTls, only_verify_none_is_warned_of) {
    EXPECT_EQ(warning_about(parsed("redis://h")), "");
    EXPECT_EQ(warning_about(parsed("rediss://h?verify=ca")), "");
    EXPECT_EQ(warning_about(parsed("rediss://:hush@h?verify=none")),
              "the node h:6379: its certificate is not looked at (verify=none), so whoever is in "
              "the way can read and change what is said");
}

TEST(NodeUriTls, files_are_looked_at_when_asked) {
    EXPECT_FALSE(check_files(parsed("redis://h")));
    EXPECT_FALSE(check_files(parsed("rediss://h")));
    const auto error = check_files(parsed("rediss://:hush@h?ca=/none/at/all"));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Errc::invalid_argument);
    EXPECT_EQ(error->message(),
              "node URI: the node h:6379: ca: cannot read /none/at/all: no such file or directory");
}

}  // namespace
}  // namespace quorumlock::nodes
