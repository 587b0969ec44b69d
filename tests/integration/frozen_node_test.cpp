// Hazard 10: a node that hangs with its connections open slows nothing and costs no memory.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/five_redis.h"
#include "tests/support/own_memory.h"
#include "tools/cli/bench_report.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

using FrozenNodeTest = FiveRedis;

namespace {

/// The median of `count` cycles, each of which has to succeed.
std::chrono::microseconds median_cycle(LockService& service, int count) {
    std::vector<std::chrono::microseconds> took;
    for (int i = 0; i < count; ++i) {
        const auto start = std::chrono::steady_clock::now();
        auto lock = service.acquire("r", {.ttl = 30s}).get();
        EXPECT_TRUE(is_ok(lock));
        if (!lock) break;
        EXPECT_TRUE(is_ok(lock->release().get()));
        took.push_back(std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - start));
    }
    if (took.empty()) return {};
    std::nth_element(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2),
                     took.end());
    return took[took.size() / 2];
}

}  // namespace

TEST_F(FrozenNodeTest, two_frozen_nodes_slow_no_cycle) {
    ServiceOptions options = patient();
    options.node_timeout = 500ms;
    LockService service = open_service(uris(), options);
    (void)median_cycle(service, 20);
    server(0).freeze();
    server(3).freeze();
    // A cycle that waited for a frozen node even once in two would need half a second.
    EXPECT_LT(median_cycle(service, 200), 250ms);
    EXPECT_TRUE(is_ok(service.inspect("x").get()));
}

TEST_F(FrozenNodeTest, the_backlog_to_a_frozen_node_is_bounded) {
    ServiceOptions options = patient();
    options.node_timeout = 100ms;
    options.max_backlog = 16;
    options.connect_timeout = 500ms;  // also how long a node may be quiet before it is probed
    LockService service = open_service(uris(), options);
    ASSERT_TRUE(is_ok(service.nodes().get()));
    server(2).freeze();
    (void)median_cycle(service, 500);
    // Sixteen acquires at most, each with the reserved place of its undo, and a probe.
    EXPECT_LE(info_of(service, server(2).label()).backlog, 2U * 16U + 2U);
    EXPECT_TRUE(eventually([&] {
        const NodeInfo info = info_of(service, server(2).label());
        return !info.ready && !info.cause.empty();
    }));
    (void)median_cycle(service, 500);
    EXPECT_LE(info_of(service, server(2).label()).backlog, 2U * 16U + 2U);
    server(2).resume();
    EXPECT_TRUE(eventually([&] { return info_of(service, server(2).label()).ready; }));
    EXPECT_TRUE(clean("r"));
}

TEST_F(FrozenNodeTest, memory_stays_where_it_is_beside_a_frozen_node) {
    ServiceOptions options = patient();
    options.node_timeout = 100ms;
    LockService service = open_service(uris(), options);
    server(2).freeze();
    const auto work = [&](std::chrono::milliseconds time) {
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                const std::string name = "r" + std::to_string(t);
                const Stopwatch watch;
                while (watch.elapsed() < time) {
                    auto lock = service.acquire(name, {.ttl = 30s, .wait = 20s}).get();
                    ASSERT_TRUE(is_ok(lock));
                    (void)lock->release().get();
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
    };
    work(1s);
    const long before = cli::resident_kib();
    const std::size_t pooled = service.stats().pooled_bytes;
    work(3s);
    if (kMemoryIsOurs) {
        EXPECT_LT(cli::resident_kib(), before + 8 * 1024);
    }
    EXPECT_LE(service.stats().pooled_bytes, 2 * pooled + 64 * 1024);
    EXPECT_TRUE(eventually([&] { return service.stats().leases == 0; }));
    server(2).resume();
    for (int t = 0; t < 4; ++t) EXPECT_TRUE(clean("r" + std::to_string(t)));
}

// Hazard 11: every verb has a time limit of its own.
TEST_F(FrozenNodeTest, every_verb_ends_when_a_majority_is_frozen) {
    ServiceOptions options = patient();
    options.node_timeout = 200ms;
    options.drain_timeout = 200ms;
    LockService service = open_service(uris(), options);
    auto lock = service.acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    for (int i : {0, 1, 2}) server(i).freeze();
    const std::string token(lock->token());
    const Stopwatch watch;
    auto other = service.try_acquire("other", {.ttl = 30s}).get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, other));
    for (int i : {0, 1, 2}) {
        const NodeReport report = report_of(other.error(), server(i).label());
        EXPECT_EQ(report.vote, NodeVote::unknown);
        EXPECT_TRUE(says(other.error(), {"no answer within 200 ms"}));
    }
    EXPECT_TRUE(fails_with(Errc::no_quorum, lock->extend(30s).get()));
    EXPECT_TRUE(lock->held());
    EXPECT_TRUE(fails_with(Errc::no_quorum, lock->release().get()));
    EXPECT_FALSE(lock->held());
    EXPECT_TRUE(fails_with(Errc::no_quorum, service.extend("r", token, 30s).get()));
    EXPECT_FALSE(service.release("r", token).get().has_value());
    auto seen = service.inspect("r").get();
    if (seen) {
        for (const NodeInspection& node : seen->nodes) {
            EXPECT_EQ(node.answered, node.cause.empty());
        }
    }
    auto closed = service.close().get();
    EXPECT_FALSE(closed.has_value()) << "undos are owed to the frozen nodes";
    EXPECT_LT(watch.elapsed(), 15s);
}

// A lease starts when it is applied: what a frozen node applies on waking must be undone.
TEST_F(FrozenNodeTest, a_node_that_wakes_up_keeps_nothing_of_what_it_applied_late) {
    ServiceOptions options = patient();
    options.node_timeout = 100ms;
    LockService service = open_service(uris(), options);
    ASSERT_TRUE(is_ok(service.nodes().get()));
    for (int i = 0; i < kNodes; ++i) server(i).freeze();
    auto lock = service.try_acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    for (const NodeReport& node : lock.error().nodes()) EXPECT_EQ(node.vote, NodeVote::unknown);
    for (int i = 0; i < kNodes; ++i) server(i).resume();
    EXPECT_TRUE(clean("r"));
    for (int i = 0; i < kNodes; ++i) {
        // The SET did reach it: otherwise this test shows nothing.
        EXPECT_NE(server(i).command({"INFO", "commandstats"}).find("cmdstat_set:"),
                  std::string::npos);
    }
    EXPECT_TRUE(is_ok(service.acquire("r", {.ttl = 30s, .wait = 30s}).get()));
}

// Hazard 27.
TEST_F(FrozenNodeTest, destructors_do_not_block_on_frozen_nodes) {
    ServiceOptions options = patient();
    options.drain_timeout = 300ms;
    const Stopwatch all;
    {
        LockService service = open_service(uris(), options);
        auto lock = service.acquire("r", {.ttl = 30s}).get();
        ASSERT_TRUE(is_ok(lock));
        for (int i = 0; i < kNodes; ++i) server(i).freeze();
        const Stopwatch watch;
        {
            Lock dropped(std::move(lock).value());
            (void)service.acquire("other", {.ttl = 30s});
        }
        EXPECT_LT(watch.elapsed(), 5s) << "the time limit of a node is 10 s here";
    }
    EXPECT_LT(all.elapsed(), 9s);
}

}  // namespace quorumlock::testing
