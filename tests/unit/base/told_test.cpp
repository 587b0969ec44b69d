#include "lib/base/told.h"

#include <gtest/gtest.h>

#include <limits>

namespace quorumlock {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Told, a_time_is_what_was_said) {
    EXPECT_EQ(told<milliseconds>(1500), milliseconds(1500));
    EXPECT_EQ(told<seconds>(-7), seconds(-7));
    EXPECT_EQ(told<microseconds>(0), Nanos{0});
}

TEST(Told, no_number_is_too_large) {
    constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
    constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
    EXPECT_EQ(told<milliseconds>(kLargest), kMostTold);
    EXPECT_EQ(told<seconds>(kLargest), kMostTold);
    EXPECT_EQ(told<microseconds>(kLeast), -kMostTold);
    // Two of them, and a date of today: what the check-up of a server makes of TIME.
    constexpr Nanos kToday = seconds(1'800'000'000);
    EXPECT_LT(told<seconds>(kLeast) + told<microseconds>(kLeast) - kToday, Nanos{0});
    EXPECT_GT(told<seconds>(kLargest) + told<microseconds>(kLargest), Nanos{0});
}

}  // namespace
}  // namespace quorumlock
