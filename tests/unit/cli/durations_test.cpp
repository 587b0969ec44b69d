#include "tools/cli/durations.h"

#include <gtest/gtest.h>

namespace quorumlock::cli {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Nanos read(const char* text) {
    const auto value = parse_duration("--d", text, {Nanos{0}, hours(1'000'000)});
    return value ? *value : Nanos{-1};
}

std::string refusal(const char* text, Bounds bounds) {
    const auto value = parse_duration("--d", text, bounds);
    return value ? "none" : value.error().message();
}

TEST(Durations, are_a_number_and_a_unit) {
    EXPECT_EQ(read("30s"), seconds(30));
    EXPECT_EQ(read("500ms"), milliseconds(500));
    EXPECT_EQ(read("1.5m"), seconds(90));
    EXPECT_EQ(read("2h"), hours(2));
    EXPECT_EQ(read("100us"), microseconds(100));
    EXPECT_EQ(read("7ns"), Nanos(7));
    EXPECT_EQ(read("0"), Nanos(0));
    EXPECT_EQ(read("0.1s"), milliseconds(100));
    EXPECT_EQ(read("8760h"), hours(8760));
}

TEST(Durations, refuse_anything_else) {
    for (const char* text :
         {"", "5", "s", "5 parsecs", "5 s", " 5s", "5s ", "5S", "1e3s", ".5s", "5.s", "1.2.3s",
          "0x5s", "+5s", "--5s", "inf", "nan", "5mss", "1,5s"}) {
        EXPECT_EQ(read(text), Nanos{-1}) << text;
        EXPECT_NE(refusal(text, {}).find("is not a duration"), std::string::npos) << text;
    }
}

TEST(Durations, name_the_option_and_the_bound) {
    const Bounds bounds{milliseconds(10), seconds(60)};
    EXPECT_EQ(refusal("10ms", bounds), "none");
    EXPECT_EQ(refusal("60s", bounds), "none");
    for (const char* text :
         {"0", "-1s", "9ms", "9999us", "60.001s", "300000h", "99999999999999999999999999999999h"}) {
        EXPECT_EQ(refusal(text, bounds),
                  std::string("--d: ") + text + " is out of bounds: 10ms to 60s");
    }
    EXPECT_EQ(refusal("0", {milliseconds(1), seconds(60), true}), "none");
    EXPECT_EQ(refusal("100us", {milliseconds(1), seconds(60), true}),
              "--d: 100us is out of bounds: 0, or 1ms to 60s");
}

TEST(Durations, never_overflow_without_a_bound) {
    EXPECT_NE(refusal("99999999999h", {}), "none");
    EXPECT_EQ(refusal("2562047h", {}), "none");
}

TEST(Durations, are_written_as_people_write_them) {
    EXPECT_EQ(format_duration(Nanos(0)), "0");
    EXPECT_EQ(format_duration(milliseconds(1500)), "1500ms");
    EXPECT_EQ(format_duration(seconds(60)), "60s");
    EXPECT_EQ(format_duration(seconds(120)), "2m");
    EXPECT_EQ(format_duration(hours(24)), "24h");
}

TEST(Numbers, are_read_whole_and_within_bounds) {
    EXPECT_EQ(parse_integer("--n", "16", 16, 20).value_or(0), 16);
    for (const char* text : {"", "15", "21", "16.0", "16x", "99999999999999999999"}) {
        EXPECT_FALSE(parse_integer("--n", text, 16, 20)) << text;
    }
    EXPECT_EQ(parse_fraction("--f", "0.25", 0, 0.5).value_or(0), 0.25);
    for (const char* text : {"", "0.51", "-0.1", "nan", "inf", "0.1x", "1e999"}) {
        EXPECT_FALSE(parse_fraction("--f", text, 0, 0.5)) << text;
    }
}

}  // namespace
}  // namespace quorumlock::cli
