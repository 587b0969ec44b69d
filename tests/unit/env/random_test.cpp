#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/env/random.h"
#include "lib/env/random_pool.h"

namespace quorumlock::env {
namespace {

using Portion = std::array<std::uint8_t, 16>;

TEST(FastRandom, same_seed_same_numbers_and_different_seed_different_ones) {
    FastRandom one({1, 2, 3, 4});
    FastRandom same({1, 2, 3, 4});
    FastRandom other({1, 2, 3, 5});
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t drawn = one.next();
        EXPECT_EQ(drawn, same.next());
        differs |= drawn != other.next();
    }
    EXPECT_TRUE(differs);
}

TEST(FastRandom, gives_the_published_numbers_of_xoshiro256starstar) {
    FastRandom random({1, 2, 3, 4});
    EXPECT_EQ(random.next(), 11520U);
    EXPECT_EQ(random.next(), 0U);
    EXPECT_EQ(random.next(), 1509978240U);
    EXPECT_EQ(random.next(), 1215971899390074240U);
}

TEST(FastRandom, an_all_zero_seed_is_no_dead_end) {
    FastRandom random({0, 0, 0, 0});
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 100; ++i) seen.insert(random.next());
    EXPECT_GT(seen.size(), 90U);
}

TEST(RandomPool, never_gives_the_same_portion_twice) {
    RandomPool pool;
    std::set<Portion> seen;
    for (int i = 0; i < 1000; ++i) {
        Portion portion{};
        ASSERT_TRUE(pool.fill(portion));
        EXPECT_TRUE(seen.insert(portion).second);
    }
}

TEST(RandomPool, fills_any_size_with_bytes_that_look_random) {
    RandomPool pool;
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{4088},
                             std::size_t{4089}, std::size_t{100'000}}) {
        std::vector<std::uint8_t> bytes(size, 0);
        ASSERT_TRUE(pool.fill(bytes));
        const auto zeros = std::count(bytes.begin(), bytes.end(), 0);
        if (size < 1000) continue;
        EXPECT_LT(zeros, static_cast<long>(size / 50));
    }
}

TEST(RandomPool, a_forked_child_draws_other_bytes_than_its_parent) {
    RandomPool pool;
    Portion warm{};
    ASSERT_TRUE(pool.fill(warm));
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        Portion drawn{};
        const bool ok = pool.fill(drawn);
        const bool told = write(ends[1], drawn.data(), drawn.size()) == 16;
        _exit(ok && told ? 0 : 1);
    }
    Portion theirs{};
    EXPECT_EQ(read(ends[0], theirs.data(), theirs.size()), 16);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    close(ends[0]);
    close(ends[1]);
    Portion ours{};
    ASSERT_TRUE(pool.fill(ours));
    EXPECT_NE(ours, theirs);
}

}  // namespace
}  // namespace quorumlock::env
