// Which undos may be overtaken by an acquire that a broken connection still carries: rule N6.
#include "lib/nodes/left_open.h"

#include <gtest/gtest.h>

namespace quorumlock::nodes {
namespace {

using namespace std::chrono_literals;

Instant at(Nanos when) { return Instant(when); }

Token token(char digit) {
    Token token;
    token.hex.fill(digit);
    return token;
}

TEST(LeftOpen, knows_what_an_unkillable_connection_carried_and_for_how_long) {
    LeftOpen left;
    left.add(token('a'), 10s);
    left.add(token('b'), 20ms);
    EXPECT_TRUE(left.any_fresh());
    left.unsure(at(100s));
    EXPECT_FALSE(left.any_fresh());
    EXPECT_TRUE(left.may_come(token('a'), at(110s) - 1ns));
    EXPECT_FALSE(left.may_come(token('a'), at(110s)));
    EXPECT_TRUE(left.may_come(token('b'), at(101s) - 1ns)) << "a second at least";
    EXPECT_FALSE(left.may_come(token('b'), at(101s)));
    EXPECT_FALSE(left.may_come(token('c'), at(100s)));
}

TEST(LeftOpen, a_kill_ends_what_the_last_connection_carried_and_no_more) {
    LeftOpen left;
    left.add(token('a'), 10s);
    left.unsure(at(100s));
    left.add(token('b'), 10s);
    EXPECT_TRUE(left.any_fresh());
    left.killed();
    EXPECT_FALSE(left.any_fresh());
    EXPECT_TRUE(left.may_come(token('a'), at(105s)));
    EXPECT_FALSE(left.may_come(token('b'), at(105s)));
}

TEST(LeftOpen, a_restart_ends_all) {
    LeftOpen left;
    left.add(token('a'), 10s);
    left.unsure(at(100s));
    left.add(token('b'), 10s);
    left.restarted();
    EXPECT_FALSE(left.any_fresh());
    EXPECT_FALSE(left.may_come(token('a'), at(105s)));
    EXPECT_FALSE(left.may_come(token('b'), at(105s)));
}

TEST(LeftOpen, a_second_unsure_connection_does_not_prolong_the_first) {
    LeftOpen left;
    left.add(token('a'), 10s);
    left.unsure(at(100s));
    left.unsure(at(105s));
    EXPECT_TRUE(left.may_come(token('a'), at(109s)));
    EXPECT_FALSE(left.may_come(token('a'), at(110s)));
}

}  // namespace
}  // namespace quorumlock::nodes
