// In every state in which a server refuses, it refuses the same commands with the same words.
#include <chrono>
#include <thread>

#include "tests/sim/truth/truth_fixture.h"
#include "tests/support/resp_client.h"

namespace quorumlock::sim::truth {
namespace {

using quorumlock::testing::RedisOptions;
using quorumlock::testing::RedisServer;
using quorumlock::testing::RespClient;

/// Asks the real server until it says this, for ten seconds.
template <typename Said>
void wait_until(Said said) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!said()) {
        ASSERT_LT(std::chrono::steady_clock::now(), end);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

class TruthState : public Truth {
  protected:
    using Truth::Truth;

    void furnish() { all_same(furniture()); }
};

TEST_F(TruthState, a_server_in_good_health) {
    furnish();
    all_same(catalogue());
}

TEST_F(TruthState, forbidden_kill_and_info) {
    furnish();
    ASSERT_EQ(twins.configure({"ACL", "SETUSER", "default", "-client|kill", "-info"}), "OK");
    twins.sim().state.no_kill = twins.sim().state.no_info = true;
    all_same(catalogue());
}

TEST_F(TruthState, forbidden_tracking_and_channels) {
    furnish();
    ASSERT_EQ(twins.configure({"ACL", "SETUSER", "default", "-client|tracking"}), "OK");
    twins.sim().state.no_tracking = true;
    all_same(catalogue());
    ASSERT_EQ(twins.configure({"ACL", "SETUSER", "default", "resetchannels"}), "OK");
    twins.sim().state.no_channels = true;
    all_same(catalogue());
}

TEST_F(TruthState, out_of_memory) {
    furnish();
    ASSERT_EQ(twins.configure({"CONFIG", "SET", "maxmemory", "1"}), "OK");
    twins.sim().state.out_of_memory = true;
    all_same(catalogue());
}

TEST_F(TruthState, read_only) {
    RedisServer primary;
    furnish();
    ASSERT_EQ(twins.configure({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())}), "OK");
    wait_until([&] {
        return twins.configure({"INFO", "replication"}).find("link_status:up") != std::string::npos;
    });
    // A replica begins with what its primary has: nothing.
    twins.sim().flush_all(twins.now_ms() * 1000);
    twins.sim().state.readonly = true;
    all_same(catalogue());
}

TEST_F(TruthState, read_only_without_a_primary) {
    furnish();
    ASSERT_EQ(twins.configure({"CONFIG", "SET", "replica-serve-stale-data", "no"}), "OK");
    ASSERT_EQ(twins.configure({"REPLICAOF", "127.0.0.1", "1"}), "OK");
    twins.sim().state.readonly = twins.sim().state.stale = true;
    all_same(catalogue());
}

TEST_F(TruthState, states_that_meet) {
    const std::vector<std::vector<std::string>> meetings = {
        {"full", "orphan"}, {"forbid", "orphan"}, {"forbid", "full"}};
    furnish();
    for (const auto& states : meetings) {
        for (const std::string& state : states) same(kOperator, {state});
        all_same(catalogue());
        for (const char* mended : {"roomy", "allow", "primary"}) same(kOperator, {mended});
        all_same(catalogue());
    }
}

TEST_F(TruthState, busy_with_a_script) {
    furnish();
    ASSERT_EQ(twins.configure({"CONFIG", "SET", "busy-reply-threshold", "1"}), "OK");
    RespClient other(real.port());
    ASSERT_TRUE(other.send({"EVAL", "while true do end", "0"}));
    wait_until([&] { return twins.configure({"PING"}).starts_with("-BUSY"); });
    twins.sim().state.busy = true;
    all_same(catalogue());
    same({"SCRIPT", "KILL"});
    EXPECT_FALSE(twins.sim().state.busy);
    EXPECT_TRUE(other.reply().starts_with("-ERR Script killed by user"));
    all_same(catalogue());
    same({"SCRIPT", "KILL"});
}

class TruthMisconf : public TruthState {
  protected:
    // No file can be written there, by nobody.
    TruthMisconf() : TruthState(RedisOptions{.config = {"dir /proc", "save 3600 1000000"}}) {}
};

TEST_F(TruthMisconf, unable_to_save) {
    furnish();
    ASSERT_EQ(twins.configure({"BGSAVE"}), "Background saving started");
    wait_until([&] {
        return twins.configure({"INFO", "persistence"}).find("bgsave_status:err") !=
               std::string::npos;
    });
    twins.sim().state.misconf = true;
    all_same(catalogue());
}

class TruthPassword : public TruthState {
  protected:
    TruthPassword() : TruthState(RedisOptions{.password = "secret"}) {}
};

TEST_F(TruthPassword, nothing_without_the_password) { all_same(catalogue()); }

TEST_F(TruthPassword, everything_with_the_password) {
    same({"AUTH", "secret"});
    furnish();
    all_same(catalogue());
    same(2, {"GET", "string"});
    same(2, {"AUTH", "default", "secret"});
    same(2, {"GET", "string"});
}

TEST_F(TruthPassword, strangers_are_held_to_small_commands) {
    same_bytes({"*11\r\n"});
    same_bytes({"*1\r\n$16385\r\n"});
    same_bytes({"*10\r\n$16384\r\n"});
}

class TruthMaxClients : public TruthState {
  protected:
    // One more on the real server, for its operator.
    TruthMaxClients() : TruthState(RedisOptions{.config = {"maxclients 3"}}) {
        twins.sim().state.max_clients = 2;
    }
};

TEST_F(TruthMaxClients, one_more_is_told_and_closed) {
    same(1, {"PING"});
    same(2, {"PING"});
    same(3, {"PING"});
    same(2, {"QUIT"});
    same(3, {"PING"});
    same(3, {"CLIENT", "KILL", "ID", "<id 1>"});
    same(1, {"CLIENT", "GETNAME"});
}

class TruthLoading : public TruthState {
  protected:
    TruthLoading()
        : TruthState(RedisOptions{.config = {"loading-process-events-interval-bytes 1024"}}) {}
};

TEST_F(TruthLoading, loading_its_data) {
    // Enough to load for a while, with a look at the clients every ten keys or so; the server is
    // killed before the end.
    ASSERT_EQ(twins.configure({"DEBUG", "POPULATE", "100000", "k", "100"}), "OK");
    ASSERT_EQ(twins.configure({"CONFIG", "SET", "key-load-delay", "100"}), "OK");
    same({"PING"});
    RespClient other(real.port());
    ASSERT_TRUE(other.send({"DEBUG", "RELOAD"}));
    wait_until([&] { return twins.configure({"PING"}).starts_with("-LOADING"); });
    twins.sim().state.loading = true;
    all_same(catalogue());
}

}  // namespace
}  // namespace quorumlock::sim::truth
