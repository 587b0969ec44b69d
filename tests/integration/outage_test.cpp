// Servers that are dead, die, freeze or come back.
#include <atomic>
#include <thread>

#include "tests/integration/five_redis.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

using OutageTest = FiveRedis;

// Hazard 9.
TEST_F(OutageTest, two_dead_nodes_of_five_fail_nothing) {
    server(1).kill9();
    server(4).kill9();
    LockService service = open_service(uris());
    for (int i = 0; i < 50; ++i) {
        auto lock = service.acquire("r", {.ttl = kLongTtl}).get();
        ASSERT_TRUE(is_ok(lock));
        EXPECT_EQ(lock->node_count(), 5);
        ASSERT_TRUE(is_ok(lock->extend(kLongTtl).get()));
        ASSERT_TRUE(is_ok(lock->release().get()));
    }
    EXPECT_TRUE(clean("r"));
}

// Hazard 20: an outage is told as one, node by node, and soon.
TEST_F(OutageTest, three_dead_nodes_are_no_quorum_naming_each_cause) {
    LockService service = open_service(uris());
    ASSERT_TRUE(is_ok(service.nodes().get()));
    for (int i : {0, 2, 3}) server(i).kill9();
    const Stopwatch watch;
    auto lock = service.try_acquire("r", {.ttl = kLongTtl}).get();
    EXPECT_LT(watch.elapsed(), 8s) << "the time limit of a node is 10 s here";
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    ASSERT_EQ(lock.error().nodes().size(), 5U);
    for (int i : {0, 2, 3}) {
        const NodeReport report = report_of(lock.error(), server(i).label());
        EXPECT_TRUE(report.vote == NodeVote::failed || report.vote == NodeVote::unknown);
        EXPECT_FALSE(report.cause.empty());
    }
    // Asked again, when the node layer has seen that they are gone for good.
    ASSERT_TRUE(eventually([&] {
        auto again = service.try_acquire("r", {.ttl = kLongTtl}).get();
        return !again && report_of(again.error(), server(0).label()).cause.find("refused") !=
                             std::string::npos;
    }));
    EXPECT_TRUE(clean("r"));
}

TEST_F(OutageTest, no_quorum_from_the_start_is_told_without_waiting_for_the_dead) {
    for (int i : {0, 2, 3}) server(i).kill9();
    LockService service = open_service(uris(), unguarded());
    const Stopwatch watch;
    auto lock = service.acquire("r", {.ttl = kLongTtl}).get();
    EXPECT_LT(watch.elapsed(), 8s);
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    for (int i : {0, 2, 3}) {
        EXPECT_TRUE(says(lock.error(), {server(i).label()}));
        EXPECT_EQ(report_of(lock.error(), server(i).label()).vote, NodeVote::failed);
    }
    EXPECT_TRUE(clean("r"));
}

TEST_F(OutageTest, a_waiter_gets_the_lock_when_the_nodes_come_back) {
    for (int i : {0, 2, 3}) server(i).kill9();
    LockService service = open_service(uris(), unguarded());
    auto waiting = service.acquire("r", {.ttl = kLongTtl, .wait = 60s});
    EXPECT_TRUE(fails_with(Errc::no_quorum, service.try_acquire("r").get()));
    for (int i : {0, 2, 3}) server(i).restart();
    auto lock = waiting.get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_TRUE(lock->held());
}

// Hazard 5: what a lost round won is undone.
TEST_F(OutageTest, a_partial_win_leaves_nothing_on_any_node) {
    LockService service = open_service(uris());
    for (int i : {0, 1, 2}) {
        ASSERT_EQ(server(i).command({"SET", "r", "foreign", "NX", "PX", "60000"}), "OK");
    }
    for (int n = 0; n < 10; ++n) {
        ASSERT_TRUE(fails_with(Errc::contended, service.try_acquire("r").get()));
    }
    for (int i : {3, 4}) {
        EXPECT_TRUE(eventually([&] { return !has(i, "r"); })) << "node " << i;
    }
    for (int i : {0, 1, 2}) EXPECT_EQ(server(i).command({"GET", "r"}), "foreign");
}

// Hazard 8: two of four each, and nobody hangs.
TEST_F(OutageTest, a_tie_of_an_even_number_settles_and_is_undone) {
    std::vector<std::string> four = uris();
    four.pop_back();
    LockService service = open_service(four);
    for (int i : {0, 1}) {
        ASSERT_EQ(server(i).command({"SET", "r", "foreign", "NX", "PX", "60000"}), "OK");
    }
    const Stopwatch watch;
    EXPECT_TRUE(fails_with(Errc::contended, service.try_acquire("r").get()));
    EXPECT_LT(watch.elapsed(), 8s);
    for (int i : {2, 3}) EXPECT_TRUE(eventually([&] { return !has(i, "r"); }));
}

// Hazard 6, without a broken connection: one line a node keeps them in order.
TEST_F(OutageTest, attempts_dropped_at_once_are_undone_in_order) {
    LockService service = open_service(uris());
    for (int i = 0; i < 200; ++i) (void)service.try_acquire("r", {.ttl = kLongTtl});
    EXPECT_TRUE(is_ok(service.inspect("r").get()));
    EXPECT_TRUE(clean("r"));
}

TEST_F(OutageTest, nodes_killed_in_the_middle_of_acquires_leave_whole_answers) {
    LockService service = open_service(uris());
    std::atomic<bool> stop{false};
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            while (!stop) {
                const std::string name = "r" + std::to_string(t);
                auto lock = service.acquire(name, {.ttl = kLongTtl, .wait = 30s}).get();
                ASSERT_TRUE(is_ok(lock));
                ++won;
                (void)lock->release().get();
            }
        });
    }
    for (int i : {0, 1}) {
        const int before = won;
        EXPECT_TRUE(eventually([&] { return won > before + 20; }));
        server(i).kill9();
    }
    const int before = won;
    EXPECT_TRUE(eventually([&] { return won > before + 20; }));
    stop = true;
    for (std::thread& thread : threads) thread.join();
    for (int t = 0; t < 4; ++t) EXPECT_TRUE(clean("r" + std::to_string(t)));
}

TEST_F(OutageTest, a_restarted_node_votes_again) {
    LockService service = open_service(uris(), unguarded());
    ASSERT_TRUE(is_ok(service.nodes().get()));
    const std::string before = info_of(service, server(2).label()).run_id;
    server(2).restart();
    ASSERT_TRUE(eventually([&] {
        const NodeInfo info = info_of(service, server(2).label());
        return info.ready && info.run_id != before;
    }));
    server(0).kill9();
    server(1).kill9();
    auto lock = service.acquire("r", {.ttl = kLongTtl, .wait = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_EQ(server(2).command({"GET", "r"}), lock->token());
}

// Hazard 14: lost votes are put back, those of another are not; three cost the lock, and it says
// so.
TEST_F(OutageTest, extend_needs_a_quorum_of_nodes_that_still_hold_the_key) {
    LockService service = open_service(uris());
    auto lock = service.acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(lock));
    ASSERT_TRUE(eventually([&] { return holding("r") == 5; }));
    for (int i : {0, 1}) ASSERT_EQ(server(i).command({"DEL", "r"}), "1");
    EXPECT_TRUE(is_ok(lock->extend(kLongTtl).get()));
    EXPECT_TRUE(lock->held());
    EXPECT_TRUE(eventually([&] { return holding("r") == 5; })) << "rule H1";
    for (int i : {0, 1}) {
        ASSERT_EQ(server(i).command({"SET", "r", "foreign", "PX", "60000"}), "OK");
    }
    EXPECT_TRUE(is_ok(lock->extend(kLongTtl).get()));
    ASSERT_EQ(server(2).command({"SET", "r", "foreign", "PX", "60000"}), "OK");
    EXPECT_TRUE(fails_with(Errc::lost, lock->extend(kLongTtl).get()));
    EXPECT_FALSE(lock->held());
    EXPECT_TRUE(lock->lost().stop_requested());
    EXPECT_EQ(server(2).command({"GET", "r"}), "foreign");
}

// Hazard 16: a failed extension throws nothing away.
TEST_F(OutageTest, an_extension_without_a_quorum_keeps_the_lock_until_its_end) {
    LockService service = open_service(uris());
    auto lock = service.acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(lock));
    const Instant end = lock->validity_end();
    for (int i : {0, 1, 2}) server(i).kill9();
    EXPECT_TRUE(fails_with(Errc::no_quorum, lock->extend(kLongTtl).get()));
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(lock->validity_end(), end);
    EXPECT_FALSE(lock->lost().stop_requested());
}

// Hazard 16, renewed: rule E6 tries again, and wins when the nodes are back.
TEST_F(OutageTest, renewal_survives_an_outage_shorter_than_the_validity) {
    ServiceOptions options = patient();
    options.node_timeout = 200ms;
    LockService service = open_service(uris(), options);
    auto lock = service.acquire("r", {.ttl = kLongTtl, .renew = Renewal(50ms)}).get();
    ASSERT_TRUE(is_ok(lock));
    for (int i : {0, 1, 2}) server(i).freeze();
    const Instant then = lock->validity_end();
    std::this_thread::sleep_for(600ms);  // several renewals fail meanwhile
    EXPECT_TRUE(lock->held());
    for (int i : {0, 1, 2}) server(i).resume();
    EXPECT_TRUE(eventually([&] { return lock->validity_end() > then + 500ms; }));
    EXPECT_TRUE(lock->held());
    EXPECT_FALSE(lock->lost().stop_requested());
}

// Hazard 17: rule L1, when every node hangs.
TEST_F(OutageTest, loss_is_told_by_our_own_clock_when_all_nodes_hang) {
    LockService service = open_service(uris());
    auto lock = service.acquire("r", {.ttl = 1s, .renew = true}).get();
    ASSERT_TRUE(is_ok(lock));
    std::atomic<bool> told{false};
    std::stop_callback on_loss(lock->lost(), [&] { told = true; });
    for (int i = 0; i < kNodes; ++i) server(i).freeze();
    EXPECT_TRUE(eventually([&] { return told.load(); }));
    EXPECT_FALSE(lock->held());
}

}  // namespace quorumlock::testing
