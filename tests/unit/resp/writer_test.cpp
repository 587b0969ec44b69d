#include "lib/resp/writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace quorumlock::resp {
namespace {

TEST(Writer, a_command_is_an_array_of_strings) {
    std::string out;
    append_command(out, {"SET", "key", "value"});
    EXPECT_EQ(out, "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n");
}

TEST(Writer, commands_are_appended_one_behind_the_other) {
    std::string out = "x";
    append_command(out, {"PING"});
    append_command(out, {"PTTL", "k"});
    EXPECT_EQ(out, "x*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nPTTL\r\n$1\r\nk\r\n");
}

TEST(Writer, arguments_may_be_empty_and_hold_any_bytes) {
    std::string out;
    append_command(out, {"", std::string_view("a\0\r\n$", 5)});
    EXPECT_EQ(out, std::string("*2\r\n$0\r\n\r\n$5\r\na\0\r\n$\r\n", 21));
}

TEST(Writer, long_arguments_and_many_of_them_have_longer_headers) {
    std::string out;
    const std::string text(12345, 'x');
    append_command(out, {"1", "2", "3", "4", "5", "6", "7", "8", "9", text});
    EXPECT_EQ(out.substr(0, 12), "*10\r\n$1\r\n1\r\n");
    EXPECT_NE(out.find("$12345\r\nxxx"), std::string::npos);
    EXPECT_EQ(out.substr(out.size() - 3), "x\r\n");
}

TEST(Writer, a_grown_buffer_is_used_again) {
    std::string out;
    append_command(out, {"SET", "key", "value"});
    const auto* const place = out.data();
    for (int i = 0; i < 100; ++i) {
        out.clear();
        append_command(out, {"SET", "key", "value"});
    }
    EXPECT_EQ(out.data(), place);
}

TEST(Decimal, writes_every_width) {
    EXPECT_EQ(Decimal(0).view(), "0");
    EXPECT_EQ(Decimal(-1).view(), "-1");
    EXPECT_EQ(Decimal(30000).view(), "30000");
    EXPECT_EQ(Decimal(std::numeric_limits<std::int64_t>::max()).view(), "9223372036854775807");
    EXPECT_EQ(Decimal(std::numeric_limits<std::int64_t>::min()).view(), "-9223372036854775808");
}

}  // namespace
}  // namespace quorumlock::resp
