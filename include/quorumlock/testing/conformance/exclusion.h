// The contract: at most one holder, told plainly.
#pragma once

#include <atomic>
#include <thread>

#include <quorumlock/testing/conformance/provider.h>

namespace quorumlock::testing {

TEST_P(ProviderTest, acquire_grants_the_lock) {
    auto lock = service().acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(lock->resource(), "r");
    EXPECT_EQ(lock->fence() != 0, !cannot().fence);
    EXPECT_EQ(lock->node_count(), provider().nodes);
    EXPECT_GE(lock->votes(), provider().quorum());
    EXPECT_EQ(static_cast<int>(lock->nodes().size()), lock->votes());
}

// Hazards 9 and 20: one dead node fails nothing, and contention is told from an outage.
TEST_P(ProviderTest, a_held_lock_excludes_others_and_says_contended) {
    Lock held = must_acquire("r", {.ttl = kLongTtl});
    auto second = rival().try_acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(fails_with(Errc::contended, second));
    EXPECT_LE(second.error().holder_remaining(), kLongTtl);
    ASSERT_EQ(static_cast<int>(second.error().nodes().size()), provider().nodes);
    int refused = 0;
    for (const NodeReport& node : second.error().nodes()) {
        EXPECT_FALSE(node.node.empty());
        EXPECT_FALSE(node.cause.empty());
        refused += node.vote == NodeVote::refused ? 1 : 0;
    }
    EXPECT_GE(refused, 1);
    EXPECT_TRUE(held.held());
}

// Rules F1 and F2.
TEST_P(ProviderTest, fencing_numbers_grow_from_grant_to_grant) {
    if (cannot().fence) GTEST_SKIP() << "they are 0, see acquire_grants_the_lock";
    std::uint64_t last = 0;
    for (int i = 0; i < 10; ++i) {
        auto lock = (i % 2 == 0 ? service() : rival())
                        .acquire("r", {.ttl = kLongTtl, .wait = kLongWait})
                        .get();
        ASSERT_TRUE(is_ok(lock));
        EXPECT_GT(lock->fence(), last);
        last = lock->fence();
    }
}

TEST_P(ProviderTest, other_resources_are_independent) {
    Lock one = must_acquire("one", {.ttl = kLongTtl});
    Lock two = must_acquire("two", {.ttl = kLongTtl});
    ASSERT_TRUE(is_ok(one.release().get()));
    EXPECT_FALSE(one.held());
    EXPECT_TRUE(two.held());
    EXPECT_TRUE(fails_with(Errc::contended, rival().try_acquire("two").get()));
}

TEST_P(ProviderTest, a_released_lock_can_be_taken_again) {
    for (int i = 0; i < 20; ++i) {
        Lock lock = must_acquire("r", {.ttl = kLongTtl});
        ASSERT_TRUE(is_ok(lock.release().get())) << "round " << i;
        // What a quorum released may still be held by the slowest node: wait for that one.
        ASSERT_TRUE(nothing_left(service(), "r"));
    }
}

// Hazard 7: what an attempt left is undone before the next one asks, on every node.
TEST_P(ProviderTest, a_service_never_meets_its_own_undone_key) {
    for (int i = 0; i < 50; ++i) {
        auto lock = service().try_acquire("r", {.ttl = kLongTtl}).get();
        ASSERT_TRUE(is_ok(lock)) << "round " << i;
    }
}

// Hazard 12.
TEST_P(ProviderTest, every_attempt_has_a_fresh_token_of_32_hex_digits) {
    std::vector<std::string> seen;
    for (int i = 0; i < 20; ++i) {
        Lock lock = must_acquire("r", {.ttl = kLongTtl, .wait = kLongWait});
        const std::string token(lock.token());
        EXPECT_EQ(token.size(), 32U);
        EXPECT_EQ(token.find_first_not_of("0123456789abcdef"), std::string::npos) << token;
        for (const std::string& other : seen) EXPECT_NE(token, other);
        seen.push_back(token);
    }
}

TEST_P(ProviderTest, sixty_four_threads_are_never_two_inside) {
    constexpr int kThreads = 64;
    constexpr int kEnough = 64;
    LockService& other = rival();
    std::atomic<int> inside{0}, most{0}, done{0};
    const Stopwatch watch;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            LockService& mine = i % 2 == 0 ? service() : other;
            while (done < kEnough && watch.elapsed() < 3s) {
                auto lock = mine.acquire("r", {.ttl = kLongTtl, .wait = 1s}).get();
                if (!lock) {
                    const Errc code = lock.error().code();
                    EXPECT_TRUE(code == Errc::contended || code == Errc::timed_out)
                        << text_of(lock);
                    continue;
                }
                const int now_inside = inside.fetch_add(1) + 1;
                for (int old = most;
                     now_inside > old && !most.compare_exchange_weak(old, now_inside);) {
                }
                std::this_thread::yield();
                EXPECT_TRUE(lock->held());
                inside.fetch_sub(1);
                done.fetch_add(1);
                (void)lock->release().get();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(most, 1);
    EXPECT_GE(done, 1);
    EXPECT_TRUE(nothing_left(service(), "r"));
}

}  // namespace quorumlock::testing
