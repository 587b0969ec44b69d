// The contract: resource names, tokens, bounds of options, and looking at what is there.
#pragma once

#include <string>

#include <quorumlock/testing/conformance/provider.h>

namespace quorumlock::testing {

// Rule A1.
TEST_P(ProviderTest, names_are_any_bytes_from_1_to_4096) {
    if (cannot().any_name) GTEST_SKIP() << "see names_are_text_where_they_must_be";
    const std::string zeroes("\0\0a\0", 4);
    std::string all_bytes;
    for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
    for (const std::string& name :
         {std::string("x"), zeroes, all_bytes, std::string("\r\n$3\r\n"), std::string(64, 'n'),
          std::string(65, 'n'), std::string(4095, '\xff'), std::string(4096, 'n')}) {
        Lock lock = must_acquire(name, {.ttl = kLongTtl});
        EXPECT_EQ(lock.resource(), name);
        EXPECT_TRUE(fails_with(Errc::contended, rival().try_acquire(name).get()));
        std::string twin = name;
        twin.back() = static_cast<char>(twin.back() ^ 1);
        EXPECT_TRUE(is_ok(rival().try_acquire(twin).get())) << "the last byte counts too";
        if (!cannot().extend) {
            EXPECT_TRUE(is_ok(lock.extend(kLongTtl).get()));
        }
        EXPECT_TRUE(is_ok(lock.release().get()));
        EXPECT_TRUE(nothing_left(service(), name));
    }
}

// Rule D1.
TEST_P(ProviderTest, names_are_text_where_they_must_be) {
    if (!cannot().any_name) GTEST_SKIP() << "see names_are_any_bytes_from_1_to_4096";
    std::string longest = "\U0001F512";
    while (longest.size() < 4096) longest += 'n';
    for (const std::string& name :
         {std::string("x"), std::string("a|b|c|"), std::string("\0\1\n\"\\", 5),
          std::string("\u00e4\u4e2d\U0001F512"), longest}) {
        Lock lock = must_acquire(name, {.ttl = kLongTtl});
        EXPECT_GE(nodes_holding(service(), name), provider().quorum());
        EXPECT_TRUE(fails_with(Errc::contended, rival().try_acquire(name).get()));
        EXPECT_TRUE(is_ok(lock.release().get()));
        EXPECT_TRUE(nothing_left(service(), name));
    }
    for (const std::string& name :
         {std::string("a||b"), std::string("\xff"), std::string("\xed\xa0\x80")}) {
        const auto lock = service().acquire(name).get();
        EXPECT_TRUE(fails_with(Errc::invalid_argument, lock));
        EXPECT_TRUE(says(lock.error(), {"resource", provider().kind}));
        EXPECT_TRUE(fails_with(Errc::invalid_argument,
                               service().release(name, std::string(32, 'a')).get()));
    }
}

TEST_P(ProviderTest, names_of_0_or_4097_bytes_are_refused_with_the_bound) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{4097}}) {
        const std::string name(size, 'n');
        auto lock = service().acquire(name).get();
        ASSERT_TRUE(fails_with(Errc::invalid_argument, lock));
        EXPECT_TRUE(says(lock.error(), {"resource", std::to_string(size), "4096"}));
        const std::string token(32, 'a');
        EXPECT_TRUE(fails_with(Errc::invalid_argument, service().release(name, token).get()));
        EXPECT_TRUE(fails_with(cannot().extend ? Errc::unsupported : Errc::invalid_argument,
                               service().extend(name, token, 1s).get()));
        EXPECT_TRUE(fails_with(cannot().inspect ? Errc::unsupported : Errc::invalid_argument,
                               service().inspect(name).get()));
    }
}

// Hazard 21.
TEST_P(ProviderTest, options_out_of_their_bounds_are_named) {
    auto short_ttl = service().acquire("r", {.ttl = 9ms}).get();
    ASSERT_TRUE(fails_with(Errc::invalid_argument, short_ttl));
    EXPECT_TRUE(says(short_ttl.error(), {"ttl", "9 ms", "10 ms"}));
    auto long_ttl = service().acquire("r", {.ttl = 61s}).get();
    ASSERT_TRUE(fails_with(Errc::invalid_argument, long_ttl));
    EXPECT_TRUE(says(long_ttl.error(), {"ttl", "max_ttl"}));
    auto wait = service().acquire("r", {.wait = limits::kMaxWait + 1ns}).get();
    ASSERT_TRUE(fails_with(Errc::invalid_argument, wait));
    EXPECT_TRUE(says(wait.error(), {"wait"}));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, service().acquire("r", {.wait = -1ns}).get()));
    Lock lock = must_acquire("r", {.ttl = 10s});
    const Errc refusal = cannot().extend ? Errc::unsupported : Errc::invalid_argument;
    EXPECT_TRUE(fails_with(refusal, lock.extend(9ms).get()));
    EXPECT_TRUE(fails_with(refusal, lock.extend(Nanos::max()).get()));
    EXPECT_TRUE(lock.held()) << "a refused call changes nothing";
}

TEST_P(ProviderTest, the_shortest_ttl_and_the_longest_wait_are_accepted) {
    auto lock = service().acquire("r", {.ttl = 10ms, .wait = limits::kMaxWait}).get();
    EXPECT_TRUE(is_ok(lock));
}

TEST_P(ProviderTest, a_bare_token_extends_and_releases) {
    if (!can_extend()) return;
    Lock lock = must_acquire("r", {.ttl = 10s});
    const std::string token(lock.token());
    lock.detach();
    ASSERT_TRUE(is_ok(rival().extend("r", token, 50s).get()));
    if (!cannot().inspect) {
        auto seen = rival().inspect("r").get();
        ASSERT_TRUE(is_ok(seen));
        EXPECT_EQ(seen->holder, token);
        ASSERT_TRUE(seen->remaining.has_value());
        EXPECT_GT(*seen->remaining, 15s);
    }
    ASSERT_TRUE(is_ok(rival().release("r", token).get()));
    EXPECT_TRUE(nothing_left(service(), "r"));
    EXPECT_TRUE(fails_with(Errc::not_held, rival().release("r", token).get()));
    EXPECT_TRUE(fails_with(Errc::lost, rival().extend("r", token, 10s).get()));
}

TEST_P(ProviderTest, a_wrong_token_touches_nothing) {
    Lock lock = must_acquire("r", {.ttl = kLongTtl});
    const std::string wrong(32, '0');
    EXPECT_TRUE(fails_with(Errc::not_held, service().release("r", wrong).get()));
    if (!cannot().extend) {
        EXPECT_TRUE(fails_with(Errc::lost, service().extend("r", wrong, 10s).get()));
        EXPECT_TRUE(is_ok(lock.extend(kLongTtl).get()));
    }
    for (const char* malformed : {"", "0", "not a token", "ABCDEFABCDEFABCDEFABCDEFABCDEFAB"}) {
        EXPECT_TRUE(fails_with(Errc::invalid_argument, service().release("r", malformed).get()));
        if (cannot().extend) continue;
        EXPECT_TRUE(
            fails_with(Errc::invalid_argument, service().extend("r", malformed, 10s).get()));
    }
    EXPECT_GE(nodes_holding(service(), "r"), provider().quorum());
    EXPECT_TRUE(lock.held());
}

TEST_P(ProviderTest, inspect_tells_who_holds_a_resource) {
    if (!can_inspect()) return;
    auto before = service().inspect("r").get();
    ASSERT_TRUE(is_ok(before));
    EXPECT_EQ(before->holder, "");
    EXPECT_EQ(before->votes, 0);
    Lock lock = must_acquire("r", {.ttl = kLongTtl});
    ASSERT_TRUE(eventually([&] { return nodes_holding(service(), "r") == provider().live(); }));
    auto seen = rival().inspect("r").get();
    ASSERT_TRUE(is_ok(seen));
    EXPECT_EQ(seen->holder, lock.token());
    EXPECT_EQ(seen->votes, provider().live());
    ASSERT_TRUE(seen->remaining.has_value());
    EXPECT_GT(*seen->remaining, 0s);
    EXPECT_LE(*seen->remaining, kLongTtl);
    ASSERT_EQ(static_cast<int>(seen->nodes.size()), provider().nodes);
    int answered = 0;
    for (const NodeInspection& node : seen->nodes) {
        EXPECT_FALSE(node.node.empty());
        EXPECT_EQ(node.answered, node.cause.empty()) << node.cause;
        if (!node.answered) continue;
        ++answered;
        EXPECT_TRUE(node.present);
        EXPECT_EQ(node.token, lock.token());
    }
    EXPECT_EQ(answered, provider().live());
}

TEST_P(ProviderTest, nodes_lists_every_node_with_what_is_wrong) {
    auto nodes = service().nodes().get();
    ASSERT_TRUE(is_ok(nodes));
    ASSERT_EQ(static_cast<int>(nodes->size()), provider().nodes);
    int ready = 0;
    for (const NodeInfo& node : *nodes) {
        EXPECT_FALSE(node.node.empty());
        EXPECT_EQ(node.kind, provider().kind);
        EXPECT_EQ(node.ready, node.cause.empty()) << node.cause;
        EXPECT_EQ(node.owed_undos, 0U);
        ready += node.ready ? 1 : 0;
    }
    EXPECT_EQ(ready, provider().live());
}

}  // namespace quorumlock::testing
