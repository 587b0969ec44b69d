// A waiter is woken by what frees the lock, whoever did it and however.
#include <csignal>

#include "tests/integration/cli_program.h"
#include "tests/integration/wait_support.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

using WaitTest = WaitFixture;

TEST_F(WaitTest, a_release_by_another_service_wakes) {
    expect_woken_by([](Lock& held) { EXPECT_TRUE(is_ok(held.release().get())); });
    EXPECT_TRUE(clean("r"));
}

// The first refusal comes before the servers can tell; the next question must not wait for this.
TEST_F(WaitTest, the_first_waiter_of_a_service_that_pauses_for_minutes_is_woken) {
    LockService holders = open_service(uris());
    auto held = holders.acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(held));
    ServiceOptions options = patient();
    options.retry_delay = options.retry_delay_max = 60s;
    LockService waiters = open_service(uris(), options);
    auto waiter = waiters.acquire("r", waiting()).as_future();
    ASSERT_TRUE(all_armed());
    EXPECT_TRUE(is_ok(held->release().get()));
    expect_granted(waiter);
}

TEST_F(WaitTest, a_release_wakes_one_who_asks_for_no_fencing_number) {
    expect_woken_by([](Lock& held) { EXPECT_TRUE(is_ok(held.release().get())); }, false);
    EXPECT_TRUE(clean("r"));
}

TEST_F(WaitTest, a_key_of_a_plain_client_wakes_when_it_is_deleted) {
    for (int i = 0; i < kNodes; ++i) {
        ASSERT_EQ(server(i).command({"SET", "r", "x", "PX", "100000"}), "OK");
    }
    LockService waiters = open_service(uris(), by_push());
    auto waiter = waiters.acquire("r", waiting()).as_future();
    ASSERT_TRUE(all_armed());
    for (int i = 0; i < kNodes; ++i) ASSERT_EQ(server(i).command({"DEL", "r"}), "1");
    expect_granted(waiter);
}

TEST_F(WaitTest, a_flush_of_all_servers_wakes) {
    expect_woken_by([this](Lock&) {
        for (int i = 0; i < kNodes; ++i) ASSERT_EQ(server(i).command({"FLUSHALL"}), "OK");
    });
}

TEST_F(WaitTest, what_a_killed_process_held_wakes_when_it_has_expired) {
    constexpr auto kTtl = 3s;
    Process holder(cli_argv({"run", "r", "--ttl", "3s", "--nodes", joined(uris()), "--", "sh", "-c",
                             "echo held; exec sleep 60"}),
                   {.environment = {{"QUORUMLOCK_NODES", ""}}, .own_group = true});
    ASSERT_TRUE(holder.wait_for_out("held"));
    LockService waiters = open_service(uris(), by_push());
    auto waiter = waiters.acquire("r", waiting()).as_future();
    ASSERT_TRUE(all_armed());
    std::this_thread::sleep_for(kTtl / 2);  // It has been renewed meanwhile.
    ASSERT_EQ(waiter.wait_for(0s), std::future_status::timeout);
    holder.signal_group(SIGKILL);
    // Its lease ends kTtl after the last renewal at the latest.
    expect_granted(waiter, kTtl + kByPush);
}

TEST_F(WaitTest, one_who_waited_on_lost_scripts_is_woken_all_the_same) {
    expect_woken_by([this](Lock& held) {
        for (int i = 0; i < kNodes; ++i) ASSERT_EQ(server(i).command({"SCRIPT", "FLUSH"}), "OK");
        EXPECT_TRUE(is_ok(held.release().get()));
    });
    EXPECT_TRUE(clean("r"));
}

TEST_F(WaitTest, a_cut_push_connection_comes_back_and_wakes) {
    expect_woken_by([this](Lock& held) {
        const std::vector<long> before = of_each([this](int i) { return armings(i); });
        for (int i = 0; i < kNodes; ++i) {
            ASSERT_EQ(server(i).command({"CLIENT", "KILL", "TYPE", "pubsub"}), "1");
        }
        ASSERT_TRUE(all_armed(before)) << "the waiter is told no more";
        EXPECT_TRUE(is_ok(held.release().get()));
    });
}

TEST_F(WaitTest, two_nodes_that_fail_while_it_waits_do_not_keep_it) {
    expect_woken_by([this](Lock& held) {
        const int its = gate();
        server((its + 1) % kNodes).freeze();
        server((its + 2) % kNodes).kill9();
        EXPECT_TRUE(is_ok(held.release().get()));
    });
}

TEST_F(WaitTest, a_gate_that_is_frozen_while_it_waits_does_not_keep_it) {
    ServiceOptions options = by_push();
    options.node_timeout = 500ms;
    LockService holders = open_service(uris(), options);
    auto held = holders.acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(held));
    LockService waiters = open_service(uris(), options);
    auto waiter = waiters.acquire("r", waiting()).as_future();
    ASSERT_TRUE(all_armed());
    server(gate()).freeze();
    EXPECT_TRUE(is_ok(held->release().get()));
    expect_granted(waiter);
}

TEST_F(WaitTest, a_gate_that_is_killed_while_it_waits_does_not_keep_it) {
    expect_woken_by([this](Lock& held) {
        server(gate()).kill9();
        EXPECT_TRUE(is_ok(held.release().get()));
    });
}

}  // namespace quorumlock::testing
