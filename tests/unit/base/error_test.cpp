#include <gtest/gtest.h>

#include <set>
#include <string>

#include <quorumlock/error.h>
#include <quorumlock/result.h>

namespace quorumlock {
namespace {

constexpr Errc kAll[] = {Errc::contended,        Errc::no_quorum,   Errc::timed_out,
                         Errc::not_held,         Errc::expired,     Errc::lost,
                         Errc::cancelled,        Errc::closed,      Errc::would_deadlock,
                         Errc::invalid_argument, Errc::unsupported, Errc::rejected_by_server,
                         Errc::duplicate_node};

TEST(Error, every_code_has_a_name_and_a_meaning_of_its_own) {
    std::set<std::string> names;
    std::set<std::string> meanings;
    for (const auto code : kAll) {
        names.insert(errc_name(code));
        meanings.insert(make_error_code(code).message());
    }
    EXPECT_EQ(names.size(), std::size(kAll));
    EXPECT_EQ(meanings.size(), std::size(kAll));
    EXPECT_FALSE(names.contains("unknown"));
    EXPECT_STREQ(errc_name(Errc::contended), "contended");
    EXPECT_STREQ(errc_name(Errc::duplicate_node), "duplicate_node");
}

TEST(Error, codes_are_std_error_codes_of_one_category) {
    const std::error_code code = Errc::lost;
    EXPECT_EQ(code, Errc::lost);
    EXPECT_NE(code, std::error_code(Errc::expired));
    EXPECT_EQ(&code.category(), &quorumlock_category());
    EXPECT_STREQ(quorumlock_category().name(), "quorumlock");
    EXPECT_EQ(code.value(), static_cast<int>(Errc::lost));
}

TEST(Error, a_value_outside_the_enum_is_named_by_its_number) {
    EXPECT_EQ(quorumlock_category().message(0), "unknown error 0");
    EXPECT_EQ(quorumlock_category().message(99), "unknown error 99");
    EXPECT_STREQ(errc_name(static_cast<Errc>(99)), "unknown");
}

TEST(Error, votes_have_names) {
    EXPECT_STREQ(node_vote_name(NodeVote::granted), "granted");
    EXPECT_STREQ(node_vote_name(NodeVote::refused), "refused");
    EXPECT_STREQ(node_vote_name(NodeVote::failed), "failed");
    EXPECT_STREQ(node_vote_name(NodeVote::unknown), "unknown");
}

TEST(Error, a_plain_error_is_its_message_alone) {
    const Error error(Errc::invalid_argument, "ttl is 1 ms, less than 10 ms");
    EXPECT_EQ(error.code(), Errc::invalid_argument);
    EXPECT_EQ(error.message(), "ttl is 1 ms, less than 10 ms");
    EXPECT_TRUE(error.nodes().empty());
    EXPECT_LT(error.holder_remaining(), Nanos{0});
    EXPECT_EQ(error.to_string(), "ttl is 1 ms, less than 10 ms");
}

TEST(Error, to_string_has_one_indented_line_a_node) {
    const Error error(Errc::contended, "another holds 'orders:42'",
                      {{"a:1", NodeVote::granted, ""},
                       {"b:2", NodeVote::refused, "held for 900 ms more"},
                       {"c:3", NodeVote::unknown, "no answer within 50 ms"}},
                      std::chrono::milliseconds(900));
    EXPECT_EQ(error.holder_remaining(), std::chrono::milliseconds(900));
    ASSERT_EQ(error.nodes().size(), 3U);
    EXPECT_EQ(error.nodes()[1].cause, "held for 900 ms more");
    EXPECT_EQ(error.to_string(),
              "another holds 'orders:42'\n"
              "  a:1: granted\n"
              "  b:2: refused, held for 900 ms more\n"
              "  c:3: unknown, no answer within 50 ms");
}

TEST(Error, a_servers_text_cannot_forge_a_line) {
    const Error error(Errc::no_quorum, "too few",
                      {{"a", NodeVote::failed, "x\n  b: granted\r\x7f"}}, Nanos{-1});
    EXPECT_EQ(error.to_string(), "too few\n  a: failed, x   b: granted  ");
}

TEST(Error, copies_share_and_a_moved_from_error_is_harmless) {
    Error error(Errc::lost, "gone");
    const Error copy = error;
    const Error taken = std::move(error);
    EXPECT_EQ(copy.message(), "gone");
    EXPECT_EQ(taken.message(), "gone");
    EXPECT_EQ(error.message(), "");  // NOLINT: this is what is tested
    EXPECT_TRUE(error.nodes().empty());
    EXPECT_EQ(error.to_string(), "");
    EXPECT_LT(error.holder_remaining(), Nanos{0});
}

}  // namespace
}  // namespace quorumlock
