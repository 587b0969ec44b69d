// Test code that uses locks, without locks: a gmock double says what happens. Needs gmock.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quorumlock/named_locks_interface.h>
#include <quorumlock/testing/mock_named_locks.h>

using namespace std::chrono_literals;
using quorumlock::NamedLocksInterface;
using quorumlock::testing::Contended;
using quorumlock::testing::MockNamedLocks;
using quorumlock::testing::Outage;
using testing::_;
using testing::StrictMock;

namespace {

// ---- the code under test: takes the interface, not NamedLocks ----

std::string pay(NamedLocksInterface& locks, const std::string& invoice) {
    auto paid = locks.execute(
        "invoice:" + invoice, [] { return std::string("paid"); }, 30s);
    if (!paid) return "try later";
    if (!paid->ran()) return "being paid";
    return paid->held() ? **paid : "check by hand";
}

// ---- its tests ----

TEST(Pay, pays_under_the_invoice_s_lock_and_gives_it_back) {
    StrictMock<MockNamedLocks> locks;
    EXPECT_CALL(locks, try_acquire(std::string_view("invoice:7"), quorumlock::Nanos(30s), _));
    EXPECT_CALL(locks, release(std::string_view("invoice:7")));
    EXPECT_EQ(pay(locks, "7"), "paid");
}

TEST(Pay, does_not_pay_what_another_is_paying) {
    StrictMock<MockNamedLocks> locks;
    EXPECT_CALL(locks, try_acquire).WillOnce(Contended());
    EXPECT_EQ(pay(locks, "7"), "being paid");
}

TEST(Pay, pays_later_in_an_outage) {
    StrictMock<MockNamedLocks> locks;
    EXPECT_CALL(locks, try_acquire).WillOnce(Outage());
    EXPECT_EQ(pay(locks, "7"), "try later");
}

TEST(Pay, asks_for_a_check_when_the_lease_ran_out_meanwhile) {
    StrictMock<MockNamedLocks> locks;
    EXPECT_CALL(locks, try_acquire);
    EXPECT_CALL(locks, release).WillOnce(Contended());  // there was nothing left to release
    EXPECT_EQ(pay(locks, "7"), "check by hand");
}

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
