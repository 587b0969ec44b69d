// Fencing numbers over real servers. Rules F1..F6.
#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/integration/five_redis.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

const std::string kCounter = "quorumlock:fence:{r}";

/// Scripts that the servers have run since they started.
long scripts_run(const std::vector<std::unique_ptr<RedisServer>>& servers) {
    long sum = 0;
    const std::string mark = "cmdstat_evalsha:calls=";
    for (const auto& server : servers) {
        const std::string stats = server->command({"INFO", "commandstats"});
        const auto at = stats.find(mark);
        if (at != std::string::npos) sum += std::stol(stats.substr(at + mark.size()));
    }
    return sum;
}

class FenceTest : public ::testing::TestWithParam<int> {};

}  // namespace

TEST_P(FenceTest, grow_with_every_grant_also_when_a_server_loses_its_data) {
    const auto servers = start_servers(GetParam());
    // Two services: the number is the servers', not a client's.
    LockService one = open_service(uris_of(servers));
    LockService other = open_service(uris_of(servers));
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < 30; ++i) {
        auto lock = (i % 2 == 0 ? one : other).acquire("r", {.ttl = 30s, .wait = 30s}).get();
        ASSERT_TRUE(is_ok(lock));
        EXPECT_GT(lock->fence(), last) << "grant " << i;
        last = lock->fence();
        ASSERT_TRUE(is_ok(lock->release().get()));
        if (i % 3 == 2) {
            ASSERT_EQ(servers[i % servers.size()]->command({"FLUSHALL"}), "OK");
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Servers, FenceTest, ::testing::Values(1, 3, 5));

// Rules F2 and F4. Of two servers both have to reach the number, so that what is asked is certain.
TEST(Fences, need_a_second_round_only_where_the_counters_stand_apart) {
    const auto servers = start_servers(2);
    ASSERT_EQ(servers[0]->command({"SET", kCounter, "100"}), "OK");
    ASSERT_EQ(servers[1]->command({"SET", kCounter, "200"}), "OK");
    LockService service = open_service(uris_of(servers));
    const auto scripts_of_an_acquire = [&](const std::string& resource, std::uint64_t fence) {
        const long before = scripts_run(servers);
        auto lock = service.try_acquire(resource, {.ttl = 30s}).get();
        const long after = scripts_run(servers);
        EXPECT_TRUE(is_ok(lock));
        if (!lock) return 0L;
        EXPECT_TRUE(fence == 0 || lock->fence() == fence) << lock->fence();
        EXPECT_TRUE(is_ok(lock->release().get()));
        return after - before;
    };
    EXPECT_EQ(scripts_of_an_acquire("r", 201), 3) << "the one that is behind is raised";
    EXPECT_EQ(scripts_of_an_acquire("r", 202), 2);
    EXPECT_EQ(scripts_of_an_acquire("r", 203), 2);
    // A counter that is not there starts at its server's clock, which is another's at once.
    long first = 0;
    for (int i = 0; i < 20; ++i) first += scripts_of_an_acquire("fresh" + std::to_string(i), 0);
    EXPECT_GT(first, 2 * 20);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(scripts_of_an_acquire("fresh" + std::to_string(i), 0), 2) << i;
    }
}

TEST(Fences, a_counter_of_another_type_is_one_clear_error_and_leaves_no_key) {
    RedisServer server;
    LockService service = open_service({server.uri()});
    for (const std::vector<std::string>& foreign :
         {std::vector<std::string>{"RPUSH", kCounter, "x"},
          {"SET", kCounter, "x"},
          {"SET", kCounter, "-1"},
          {"SET", kCounter, "1.5"},
          {"SET", kCounter, "9007199254740991"}}) {
        ASSERT_FALSE(server.command(foreign).starts_with("-"));
        auto lock = service.try_acquire("r").get();
        ASSERT_FALSE(lock.has_value()) << foreign.back();
        ASSERT_EQ(lock.error().nodes().size(), 1U);
        EXPECT_EQ(lock.error().nodes()[0].vote, NodeVote::failed) << "certainly not applied";
        EXPECT_TRUE(says(lock.error(), {"QLFENCE", "quorumlock:fence:"}));
        EXPECT_EQ(server.command({"EXISTS", "r"}), "0");
        // Who asks for no fence is not concerned.
        auto without = service.try_acquire("r", {.fence = false}).get();
        ASSERT_TRUE(is_ok(without));
        EXPECT_EQ(without->fence(), 0U);
        EXPECT_TRUE(is_ok(without->release().get()));
        ASSERT_EQ(server.command({"DEL", kCounter}), "1");
    }
}

TEST(Fences, a_full_server_refuses_and_leaves_no_key) {
    RedisServer server;
    LockService service = open_service({server.uri()});
    ASSERT_TRUE(is_ok(service.nodes().get()));
    ASSERT_EQ(server.command({"CONFIG", "SET", "maxmemory", "1"}), "OK");
    auto lock = service.try_acquire("r").get();
    ASSERT_FALSE(lock.has_value());
    EXPECT_TRUE(says(lock.error(), {"OOM", "maxmemory"}));
    EXPECT_EQ(report_of(lock.error(), server.label()).vote, NodeVote::failed);
    EXPECT_EQ(server.dbsize(), "0") << "no counter either";
}

// A user whose rights end at the counter: the lock's key must not stay behind.
TEST(Fences, whoever_may_not_write_the_counter_gets_no_lock) {
    RedisServer server;
    ASSERT_EQ(server.command({"ACL", "SETUSER", "locker", "on", ">pw", "~r", "+@all"}), "OK");
    LockService service = open_service({"redis://locker:pw@" + server.label()});
    auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
    EXPECT_TRUE(says(lock.error(), {"quorumlock:fence:*"}));
    EXPECT_EQ(server.dbsize(), "0");
}

// The rights of docs/operations.md.
TEST(Fences, need_no_more_than_the_rights_that_are_told) {
    RedisServer server;
    ASSERT_EQ(server.command({"ACL",          "SETUSER",   "locks",    "on",
                              ">pw",          "resetkeys", "~r",       "~quorumlock:fence:*",
                              "-@all",        "+ping",     "+set",     "+get",
                              "+getex",       "+setrange", "+del",     "+pttl",
                              "+pexpire",     "+time",     "+evalsha", "+eval",
                              "+script|load", "+client",   "+info"}),
              "OK");
    LockService service = open_service({"redis://locks:pw@" + server.label()});
    auto lock = service.try_acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_GT(lock->fence(), 0U);
    EXPECT_TRUE(is_ok(lock->extend(40s).get()));
    EXPECT_TRUE(is_ok(service.inspect("r").get()));
    EXPECT_TRUE(is_ok(lock->release().get()));
    EXPECT_EQ(info_of(service, server.label()).cause, "");
}

}  // namespace quorumlock::testing
