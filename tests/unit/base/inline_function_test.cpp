#include <quorumlock/detail/inline_function.h>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

namespace quorumlock::detail {
namespace {

using Function = InlineFunction<int(int), 64>;

/// Counts how many of its copies are alive, and says whether one was called.
template <std::size_t Ballast>
struct Counted {
    int* alive;
    std::array<char, Ballast> ballast{};

    explicit Counted(int* count) : alive(count) { ++*alive; }
    Counted(Counted&& other) noexcept : alive(other.alive) { ++*alive; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*alive; }
    int operator()(int x) { return x + 1; }
};
using Small = Counted<8>;
using Large = Counted<200>;

TEST(InlineFunction, starts_empty) {
    const Function none{};
    EXPECT_FALSE(static_cast<bool>(none));
    Function moved = Function();
    EXPECT_FALSE(static_cast<bool>(moved));
    moved.reset();
    EXPECT_FALSE(static_cast<bool>(moved));
}

TEST(InlineFunction, calls_what_it_was_given) {
    Function plain = [](int x) { return 2 * x; };
    EXPECT_TRUE(static_cast<bool>(plain));
    EXPECT_EQ(plain(21), 42);
    int calls = 0;
    Function counting = [&calls, step = 0](int x) mutable {
        ++calls;
        return x + ++step;
    };
    EXPECT_EQ(counting(10), 11);
    EXPECT_EQ(counting(10), 12);
    EXPECT_EQ(calls, 2);
}

TEST(InlineFunction, passes_references_and_what_can_only_be_moved) {
    InlineFunction<void(std::string&), 16> append = [](std::string& text) { text += "!"; };
    std::string text = "abc";
    append(text);
    EXPECT_EQ(text, "abc!");
    InlineFunction<std::unique_ptr<int>(std::unique_ptr<int>), 16> pass =
        [](std::unique_ptr<int> p) { return p; };
    EXPECT_EQ(*pass(std::make_unique<int>(7)), 7);
    InlineFunction<int(int), 16> owner = [p = std::make_unique<int>(5)](int x) { return x + *p; };
    EXPECT_EQ(owner(1), 6);
}

template <class Target>
void check_lifetime() {
    int alive = 0;
    {
        Function first = Target(&alive);
        EXPECT_EQ(alive, 1);
        Function second = std::move(first);
        EXPECT_EQ(alive, 1);
        EXPECT_FALSE(static_cast<bool>(first));
        EXPECT_EQ(second(1), 2);
        second.reset();
        EXPECT_EQ(alive, 0);
        EXPECT_FALSE(static_cast<bool>(second));
        second = Target(&alive);
        EXPECT_EQ(alive, 1);
        EXPECT_EQ(second(1), 2);
    }
    EXPECT_EQ(alive, 0);
}

TEST(InlineFunction, destroys_a_small_target_exactly_once) { check_lifetime<Small>(); }
TEST(InlineFunction, destroys_a_large_target_exactly_once) { check_lifetime<Large>(); }

TEST(InlineFunction, assigning_destroys_the_former_target) {
    int small = 0;
    int large = 0;
    Function function = Small(&small);
    Function other = Large(&large);
    function = std::move(other);
    EXPECT_EQ(small, 0);
    EXPECT_EQ(large, 1);
    EXPECT_FALSE(static_cast<bool>(other));
    EXPECT_EQ(function(1), 2);
    function = Function();
    EXPECT_EQ(large, 0);
    EXPECT_FALSE(static_cast<bool>(function));
}

TEST(InlineFunction, moving_into_itself_keeps_the_target) {
    int alive = 0;
    Function function = Small(&alive);
    Function& same = function;
    function = std::move(same);
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(function(1), 2);
}

/// The address a target sees of itself tells whether it lives inside the function object.
template <std::size_t Size>
bool lives_in_place() {
    struct Target {
        std::array<char, Size> ballast{};
        const void* operator()() { return this; }
    };
    InlineFunction<const void*(), 64> function = Target{};
    const auto* from = reinterpret_cast<const char*>(&function);
    const auto* at = static_cast<const char*>(function());
    return at >= from && at < from + sizeof(function);
}

TEST(InlineFunction, keeps_captures_up_to_its_capacity_in_place) {
    EXPECT_TRUE(lives_in_place<1>());
    EXPECT_TRUE(lives_in_place<48>());
    EXPECT_TRUE(lives_in_place<64>());
    EXPECT_FALSE(lives_in_place<65>());
    EXPECT_FALSE(lives_in_place<1000>());
}

TEST(InlineFunction, a_target_whose_move_may_throw_is_boxed_so_that_moving_never_does) {
    struct Throwing {
        Throwing() = default;
        Throwing(const Throwing&) {}
        const void* operator()() { return this; }
    };
    InlineFunction<const void*(), 64> function = Throwing{};
    const void* before = function();
    auto moved = std::move(function);
    EXPECT_EQ(moved(), before);
    static_assert(std::is_nothrow_move_constructible_v<decltype(moved)>);
}

}  // namespace
}  // namespace quorumlock::detail
