// Shrinking a failing run, and how its timeline is written.
#include "tests/sim/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/trace.h"

namespace quorumlock::sim {
namespace {

bool has_client(const Plan& plan, std::size_t client, int operations) {
    return plan.clients[client].operations >= operations;
}

bool has_fault(const Plan& plan, const Fault& fault) {
    return std::any_of(plan.faults.begin(), plan.faults.end(), [&](const Fault& other) {
        return other.kind == fault.kind && other.start == fault.start;
    });
}

/// A plan of some size.
Plan large_plan() {
    for (std::uint64_t seed = 1;; ++seed) {
        Plan plan = Plan::draw(seed);
        if (plan.faults.size() >= 8 && plan.clients.size() >= 4 && plan.vendors > 0) return plan;
    }
}

TEST(Shrink, LeavesWhatTheFailureNeedsAndNothingElse) {
    const Plan plan = large_plan();
    const Fault needed = plan.faults[5];
    const auto fails = [&](const Plan& smaller) {
        return has_client(smaller, 1, 7) && has_fault(smaller, needed);
    };
    const Plan smallest = shrink(plan, fails).plan;
    EXPECT_EQ(smallest.faults.size(), 1U);
    EXPECT_TRUE(has_fault(smallest, needed));
    for (std::size_t i = 0; i < smallest.clients.size(); ++i) {
        EXPECT_EQ(smallest.clients[i].operations, i == 1 ? 7 : 0) << "client " << i;
    }
    EXPECT_EQ(smallest.vendors, 0);
    for (const ProcessPlan& process : smallest.processes) {
        EXPECT_EQ(process.traits.longest_theft, 0);
        EXPECT_EQ(process.longest_lag, 0);
    }
}

TEST(Shrink, LeavesAPlanAloneThatFailsOnlyAsAWhole) {
    const Plan plan = large_plan();
    const Shrunk shrunk = shrink(plan, [](const Plan&) { return false; });
    EXPECT_EQ(shrunk.plan.faults.size(), plan.faults.size());
    EXPECT_EQ(shrunk.plan.vendors, plan.vendors);
    EXPECT_GT(shrunk.runs, static_cast<int>(plan.faults.size()));
}

TEST(Shrink, EndsWhenItsRunsAreUsedUp) {
    int asked = 0;
    const Shrunk shrunk = shrink(
        large_plan(), [&](const Plan&) { return ++asked > 0; }, 3);
    EXPECT_EQ(asked, 3);
    EXPECT_EQ(shrunk.runs, 3);
}

TEST(Timeline, TellsCommandsInTheirOwnWords) {
    EXPECT_EQ(in_words("*3\r\n$3\r\nGET\r\n$1\r\na\r\n$2\r\nbc\r\n*1\r\n$4\r\nPING\r\n"),
              "GET a bc | PING");
    EXPECT_EQ(in_words("+OK\r\n:5\r\n$-1\r\n"), "+OK :5 $-1");
    EXPECT_EQ(in_words("$32\r\n0123456789abcdef0123456789abcdef\r\n"), "012345");
    EXPECT_EQ(in_words(std::string("a\0b", 3)), "a\\x00b");
    EXPECT_EQ(in_words(std::string(60, 'x')), std::string(48, 'x') + "..(60)");
}

}  // namespace
}  // namespace quorumlock::sim
