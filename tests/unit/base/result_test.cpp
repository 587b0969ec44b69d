#include <quorumlock/result.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace quorumlock {
namespace {

Error failure() { return Error(Errc::contended, "orders:42 is held by another"); }

TEST(Result, holds_a_value) {
    Result<int> result(7);
    EXPECT_TRUE(result.has_value());
    EXPECT_TRUE(static_cast<bool>(result));
    EXPECT_EQ(*result, 7);
    EXPECT_EQ(result.value(), 7);
    *result = 8;
    EXPECT_EQ(std::as_const(result).value(), 8);
    EXPECT_EQ(*std::as_const(result), 8);
}

TEST(Result, holds_an_error) {
    const Result<int> result(failure());
    EXPECT_FALSE(result.has_value());
    EXPECT_FALSE(static_cast<bool>(result));
    EXPECT_EQ(result.error().code(), Errc::contended);
    EXPECT_EQ(result.error().message(), "orders:42 is held by another");
}

TEST(Result, reaches_the_members_of_its_value) {
    Result<std::string> result(std::string("abc"));
    EXPECT_EQ(result->size(), 3U);
    result->push_back('d');
    EXPECT_EQ(std::as_const(result)->size(), 4U);
}

TEST(Result, gives_away_a_value_that_cannot_be_copied) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
    Result<std::unique_ptr<int>> moved = std::move(result);
    const std::unique_ptr<int> taken = *std::move(moved);
    ASSERT_NE(taken, nullptr);
    EXPECT_EQ(*taken, 7);
    const auto value = Result<std::unique_ptr<int>>(std::make_unique<int>(8)).value();
    EXPECT_EQ(*value, 8);
}

TEST(Result, gives_away_its_error) {
    Result<std::unique_ptr<int>> result(failure());
    const Error taken = std::move(result).error();
    EXPECT_EQ(taken.code(), Errc::contended);
    EXPECT_EQ(taken.message(), "orders:42 is held by another");
}

TEST(Result, value_or_stands_in_for_an_error_only) {
    EXPECT_EQ(Result<int>(7).value_or(1), 7);
    EXPECT_EQ(Result<int>(failure()).value_or(1), 1);
    EXPECT_EQ(Result<std::string>(failure()).value_or("none"), "none");
}

TEST(Result, tells_false_apart_from_failure) {
    const Result<bool> no(false);
    EXPECT_TRUE(no.has_value());
    EXPECT_FALSE(no.value());
    EXPECT_FALSE(Result<bool>(failure()).has_value());
}

TEST(ResultOfNothing, is_success_or_an_error) {
    const Result<void> good;
    EXPECT_TRUE(good.has_value());
    EXPECT_TRUE(static_cast<bool>(good));
    good.value();
    Result<void> bad(failure());
    EXPECT_FALSE(bad.has_value());
    EXPECT_EQ(std::as_const(bad).error().code(), Errc::contended);
    EXPECT_EQ(std::move(bad).error().message(), "orders:42 is held by another");
}

TEST(ResultDeath, asking_for_what_is_not_there_ends_the_program) {
    EXPECT_DEATH((void)Result<int>(failure()).value(), "");
    EXPECT_DEATH(
        {
            Result<int> bad(failure());
            *bad = 1;
        },
        "");
    EXPECT_DEATH((void)Result<int>(7).error(), "");
    EXPECT_DEATH(Result<void>(failure()).value(), "");
    EXPECT_DEATH((void)Result<void>().error(), "");
}

}  // namespace
}  // namespace quorumlock
