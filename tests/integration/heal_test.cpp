// Lost votes are put back, so that one server after the other may lose its data. Rule H1.
#include <cstdint>

#include "tests/integration/five_redis.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

using HealTest = FiveRedis;

TEST_F(HealTest, an_extension_puts_back_what_two_nodes_have_lost) {
    LockService service = open_service(uris());
    auto lock = service.acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(lock));
    ASSERT_TRUE(eventually([&] { return holding("r") == 5; }));
    for (int i : {1, 3}) ASSERT_EQ(server(i).command({"DEL", "r"}), "1");
    ASSERT_TRUE(is_ok(lock->extend(kLongTtl).get()));
    EXPECT_TRUE(eventually([&] { return lock->votes() == 5; }));
    for (int i = 0; i < kNodes; ++i) {
        EXPECT_EQ(server(i).command({"GET", "r"}), lock->token()) << i;
        EXPECT_GT(std::stol(server(i).command({"PTTL", "r"})), 15'000) << i;
    }
    // With its five votes it outlives two others.
    for (int i : {0, 2}) server(i).kill9();
    EXPECT_TRUE(is_ok(lock->extend(kLongTtl).get()));
    ASSERT_TRUE(is_ok(lock->release().get()));
    EXPECT_TRUE(clean("r"));
}

TEST_F(HealTest, what_another_holds_is_left_alone) {
    LockService service = open_service(uris());
    auto lock = service.acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(lock));
    ASSERT_TRUE(eventually([&] { return holding("r") == 5; }));
    ASSERT_EQ(server(1).command({"SET", "r", "foreign"}), "OK");
    ASSERT_EQ(server(2).command({"DEL", "r"}), "1");
    ASSERT_TRUE(is_ok(lock->extend(kLongTtl).get()));
    EXPECT_TRUE(eventually([&] { return has(2, "r"); }));
    EXPECT_EQ(server(1).command({"GET", "r"}), "foreign");
    ASSERT_TRUE(is_ok(lock->release().get()));
    EXPECT_EQ(server(1).command({"GET", "r"}), "foreign");
}

namespace {

/// How a lock that five servers granted comes to be held by three.
enum class Lost : std::uint8_t { deleted, frozen };

class HealLostVotes : public FiveRedis, public ::testing::WithParamInterface<Lost> {
  protected:
    /// Servers 3 and 4 run, and do not hold it.
    void lose_two(Lock& lock) {
        for (int i : {3, 4}) {
            if (GetParam() == Lost::frozen) {
                server(i).freeze();
            } else {
                ASSERT_EQ(server(i).command({"DEL", "r"}), "1");
            }
        }
        if (GetParam() == Lost::deleted) {
            ASSERT_EQ(holding("r"), 3);
            return;
        }
        // Three keep it for longer than the key lives on the two that are not extended.
        const Stopwatch watch;
        ASSERT_TRUE(eventually([&] {
            (void)lock.extend(kTtl).get();
            return watch.elapsed() > kTtl + 100ms;
        }));
        ASSERT_TRUE(lock.held());
        ASSERT_EQ(lock.votes(), 3);
        for (int i : {3, 4}) server(i).resume();
    }

    static constexpr auto kTtl = 2s;
};

}  // namespace

// Four of five in all: without healing the third would cost the lock.
TEST_P(HealLostVotes, come_back_and_two_servers_restarted_empty_do_not_cost_the_lock) {
    ServiceOptions options = patient();
    options.max_ttl = kTtl;  // the guard lasts a good second longer
    options.node_timeout = 300ms;
    LockService service = open_service(uris(), options);
    auto lock = service.acquire("r", {.ttl = kTtl}).get();
    ASSERT_TRUE(is_ok(lock));
    ASSERT_TRUE(eventually([&] { return holding("r") == 5; }));
    ASSERT_NO_FATAL_FAILURE(lose_two(*lock));
    const auto extend = [&] { return is_ok(lock->extend(kTtl).get()); };
    if (GetParam() == Lost::deleted) {
        ASSERT_TRUE(eventually(extend));
        EXPECT_TRUE(eventually([&] { return holding("r") == 5; })) << "by the next extension";
    }
    // Of those that have resumed none is asked before a probe has found that out.
    ASSERT_TRUE(eventually([&] { return extend() && lock->votes() == 5; }));
    for (int i : {0, 1}) {
        server(i).restart();
        ASSERT_EQ(server(i).dbsize(), "0");
        ASSERT_TRUE(eventually([&] { return extend() && has(i, "r"); }, 20s))
            << "healed when it may vote";
        ASSERT_TRUE(lock->held()) << "after server " << i;
    }
    EXPECT_EQ(holding("r"), 5);
    EXPECT_FALSE(lock->lost().stop_requested());
    EXPECT_TRUE(is_ok(lock->release().get()));
    EXPECT_TRUE(clean("r"));
}

INSTANTIATE_TEST_SUITE_P(Lost, HealLostVotes, ::testing::Values(Lost::deleted, Lost::frozen),
                         [](const auto& tested) {
                             return tested.param == Lost::frozen ? "frozen" : "deleted";
                         });

// Three of five in all: without healing the third would cost the lock.
TEST_F(HealTest, servers_restarted_empty_one_by_one_do_not_cost_the_lock) {
    ServiceOptions options = patient();
    options.max_ttl = 2s;  // the guard lasts a good second longer
    options.node_timeout = 300ms;
    LockService service = open_service(uris(), options);
    auto lock = service.acquire("r", {.ttl = 2s, .renew = true}).get();
    ASSERT_TRUE(is_ok(lock));
    ASSERT_TRUE(eventually([&] { return holding("r") == 5; }));
    for (int i : {0, 1, 2}) {
        server(i).restart();
        ASSERT_EQ(server(i).dbsize(), "0");
        ASSERT_TRUE(eventually([&] { return has(i, "r"); }, 20s)) << "healed when it may vote";
        ASSERT_TRUE(lock->held()) << "after server " << i;
    }
    EXPECT_EQ(holding("r"), 5);
    EXPECT_FALSE(lock->lost().stop_requested());
    EXPECT_TRUE(is_ok(lock->release().get()));
}

}  // namespace quorumlock::testing
