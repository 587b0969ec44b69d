#include "tools/cli/output.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace quorumlock::cli {
namespace {

std::string put(std::string_view bytes) {
    nlohmann::ordered_json object;
    put_bytes(object, "k", bytes);
    return object.dump();
}

TEST(Output, tells_utf8_as_text) {
    for (const char* text : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x92"}) {
        EXPECT_EQ(put(text), std::string("{\"k\":\"") + text + "\"}");
    }
}

TEST(Output, tells_other_bytes_as_base64) {
    EXPECT_EQ(put("\xff"), "{\"k_base64\":\"/w==\"}");
    EXPECT_EQ(put("a\xff"), "{\"k_base64\":\"Yf8=\"}");
    EXPECT_EQ(put("a\xff\xfe"), "{\"k_base64\":\"Yf/+\"}");
    EXPECT_EQ(put("\xc0\xaf"), "{\"k_base64\":\"wK8=\"}");              // Overlong.
    EXPECT_EQ(put("\xed\xa0\x80"), "{\"k_base64\":\"7aCA\"}");          // A surrogate.
    EXPECT_EQ(put("\xe2\x82"), "{\"k_base64\":\"4oI=\"}");              // Cut off.
    EXPECT_EQ(put("\xf4\x90\x80\x80"), "{\"k_base64\":\"9JCAgA==\"}");  // Beyond U+10FFFF.
}

TEST(Output, never_overstates_a_time) {
    EXPECT_EQ(milliseconds(Nanos(1'999'999)), 1.999);
    EXPECT_EQ(milliseconds(Nanos(0)), 0);
}

TEST(Output, shows_no_secret_and_no_control_character) {
    EXPECT_EQ(one_line("a\nb\x1b[1m"), "a?b?[1m");
    EXPECT_EQ(one_line("redis://u:p@h:1/2"), "redis://***@h:1/2");
    EXPECT_EQ(one_line("redis://:p@ss@h,unix:///s rediss://u:q@i"),
              "redis://***@h,unix:///s rediss://***@i");
    EXPECT_EQ(one_line("redis://h me@there"), "redis://h me@there");
}

TEST(Output, an_error_is_a_line_and_one_a_node) {
    const Error error(Errc::no_quorum, "no quorum: 0 of 1 nodes granted",
                      {{"h:1", NodeVote::failed, "refused"}}, Nanos{-1});
    EXPECT_EQ(error_text("acquire", error, 69, false),
              "quorumlock: acquire: no quorum: 0 of 1 nodes granted\n  h:1: failed: refused\n");
    EXPECT_EQ(error_text("acquire", error, 69, true),
              "{\"error\":\"no_quorum\",\"verb\":\"acquire\",\"message\":\"no quorum: 0 of 1 nodes "
              "granted\",\"nodes\":[{\"node\":\"h:1\",\"vote\":\"failed\",\"cause\":\"refused\"}],"
              "\"exit_code\":69}\n");
}

}  // namespace
}  // namespace quorumlock::cli
