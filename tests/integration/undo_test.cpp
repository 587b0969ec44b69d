// Hazards 5 and 6 on broken connections: an undo reaches every node that may hold the token, and
// no command of an old connection is executed behind it.
#include <chrono>
#include <memory>
#include <string>

#include "tests/integration/five_redis.h"
#include "tests/support/fault_proxy.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

/// How often the server has executed an acquire since it started: what only an acquire calls.
long acquires_executed(RedisServer& server) {
    const std::string stats = server.command({"INFO", "commandstats"});
    const std::string mark = "cmdstat_getex:calls=";
    const auto at = stats.find(mark);
    return at == std::string::npos ? 0 : std::stol(stats.substr(at + mark.size()));
}

class UndoTest : public ::testing::Test {
  protected:
    /// Sends one acquire that stays in the network, and breaks the connection.
    void lose_an_acquire_in_the_network(LockService& service, FaultProxy& proxy) {
        ASSERT_TRUE(eventually([&] { return info_of(service, proxy.label()).ready; }));
        proxy.set(Fault::hold_requests);
        auto asked = service.try_acquire("r", {.ttl = 30s});
        ASSERT_TRUE(eventually([&] { return proxy.held() > 0; }));
        proxy.reset_clients();
        auto lock = asked.get();
        ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
        EXPECT_EQ(report_of(lock.error(), proxy.label()).vote, NodeVote::unknown);
    }
    /// The new connection is there, and the undo has been answered on it.
    ::testing::AssertionResult undone(LockService& service, const std::string& label) {
        NodeInfo info;
        if (eventually([&] {
                info = info_of(service, label);
                return info.ready && info.owed_undos == 0 && info.backlog == 0;
            })) {
            return ::testing::AssertionSuccess();
        }
        return ::testing::AssertionFailure()
               << "ready " << info.ready << ", owed " << info.owed_undos << ", backlog "
               << info.backlog << ", " << info.cause;
    }

    /// The counter of its fences stays, and is no lock.
    bool held() const { return server_.command({"EXISTS", "r"}) == "1"; }

    RedisServer server_;
};

}  // namespace

// Rule N6, first half.
TEST_F(UndoTest, the_old_connection_is_killed_before_the_undo) {
    FaultProxy proxy(server_.port());
    LockService service = open_service({proxy.uri()});
    lose_an_acquire_in_the_network(service, proxy);
    ASSERT_GT(proxy.held(), 0U);
    proxy.set(Fault::none);
    ASSERT_TRUE(undone(service, proxy.label()));
    // The server has closed the old connection: what the network still held finds nobody.
    EXPECT_TRUE(eventually([&] { return proxy.held() == 0; }));
    proxy.release_held();
    EXPECT_EQ(acquires_executed(server_), 0);
    EXPECT_FALSE(held());
}

// Rule N6, second half: where CLIENT KILL is forbidden the undo is repeated.
TEST_F(UndoTest, without_client_kill_the_undo_is_repeated) {
    ASSERT_EQ(server_.command(
                  {"ACL", "SETUSER", "locker", "on", ">pw", "~*", "&*", "+@all", "-client|kill"}),
              "OK");
    FaultProxy proxy(server_.port());
    LockService service = open_service({"redis://locker:pw@" + proxy.label()});
    lose_an_acquire_in_the_network(service, proxy);
    proxy.set(Fault::none);
    ASSERT_TRUE(eventually([&] { return info_of(service, proxy.label()).ready; }));
    EXPECT_NE(info_of(service, proxy.label()).cause.find("CLIENT KILL"), std::string::npos)
        << "what cannot be done is said";
    ASSERT_GT(proxy.held(), 0U);
    proxy.release_held();
    ASSERT_TRUE(eventually([&] { return acquires_executed(server_) == 1; }));
    EXPECT_TRUE(eventually([&] { return !held(); }));
}

// N6: a restarted server gives the old number to somebody else.
TEST_F(UndoTest, after_a_restart_no_strangers_connection_is_killed) {
    LockService service = open_service({server_.uri()}, unguarded());
    ASSERT_TRUE(is_ok(service.try_acquire("r").get()));
    ASSERT_TRUE(nothing_left(service, "r"));
    server_.freeze();
    auto asked = service.try_acquire("r", {.ttl = 30s});
    server_.restart();
    ASSERT_TRUE(fails_with(Errc::no_quorum, asked.get()));
    ASSERT_TRUE(eventually([&] { return info_of(service, server_.label()).ready; }));
    EXPECT_EQ(server_.command({"INFO", "commandstats"}).find("cmdstat_client|kill"),
              std::string::npos);
    EXPECT_TRUE(is_ok(service.acquire("r", {.ttl = 30s, .wait = 30s}).get()));
}

// It was applied, its answer was lost.
TEST_F(UndoTest, an_acquire_whose_answer_was_lost_is_undone) {
    FaultProxy proxy(server_.port());
    LockService service = open_service({proxy.uri()});
    ASSERT_TRUE(eventually([&] { return info_of(service, proxy.label()).ready; }));
    proxy.set(Fault::drop_replies);
    auto lock = service.try_acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    EXPECT_EQ(report_of(lock.error(), proxy.label()).vote, NodeVote::unknown);
    EXPECT_EQ(acquires_executed(server_), 1);
    EXPECT_TRUE(held());
    proxy.set(Fault::none);
    EXPECT_TRUE(eventually([&] { return !held(); }));
    ASSERT_TRUE(undone(service, proxy.label()));
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
}

// Rule N2.
TEST_F(UndoTest, no_acquire_is_ever_sent_twice) {
    FaultProxy proxy(server_.port());
    LockService service = open_service({proxy.uri()});
    ASSERT_TRUE(eventually([&] { return info_of(service, proxy.label()).ready; }));
    for (int i = 1; i <= 10; ++i) {
        proxy.set(Fault::drop_replies);
        ASSERT_TRUE(fails_with(Errc::no_quorum, service.try_acquire("r", {.ttl = 30s}).get()));
        EXPECT_EQ(acquires_executed(server_), i);
        proxy.set(Fault::none);
        ASSERT_TRUE(undone(service, proxy.label()));
        EXPECT_EQ(acquires_executed(server_), i);
        EXPECT_FALSE(held());
    }
}

// A release whose connection breaks is an undo from there on.
TEST_F(UndoTest, a_release_lost_in_the_network_is_made_good) {
    FaultProxy proxy(server_.port());
    LockService service = open_service({proxy.uri()});
    auto lock = service.acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    proxy.set(Fault::hold_requests);
    auto releasing = lock->release();
    ASSERT_TRUE(eventually([&] { return proxy.held() > 0; }));
    proxy.reset_clients();
    auto released = releasing.get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, released));
    EXPECT_EQ(report_of(released.error(), proxy.label()).vote, NodeVote::unknown);
    EXPECT_TRUE(held());
    proxy.set(Fault::none);
    EXPECT_TRUE(eventually([&] { return !held(); }));
}

// Hazard 19: cancelled, and then the connection breaks.
TEST_F(UndoTest, a_cancelled_acquire_is_undone_after_a_reconnect) {
    FaultProxy proxy(server_.port());
    LockService service = open_service({proxy.uri()});
    ASSERT_TRUE(eventually([&] { return info_of(service, proxy.label()).ready; }));
    proxy.set(Fault::hold_requests);
    {
        auto dropped = service.try_acquire("r", {.ttl = 30s});
        ASSERT_TRUE(eventually([&] { return proxy.held() > 0; }));
    }
    proxy.reset_clients();
    proxy.set(Fault::none);
    ASSERT_TRUE(undone(service, proxy.label()));
    proxy.release_held();
    EXPECT_FALSE(held());
}

}  // namespace quorumlock::testing
