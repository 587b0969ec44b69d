// The recipes of docs/operations.md, step by step, under eight processes that contend: no lock is
// lost by them, two never hold at once, and fences grow.
#include <algorithm>
#include <thread>

#include "tests/integration/contention.h"
#include "tests/support/fault_proxy.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

class Operations : public ::testing::Test {
  protected:
    // Long enough for a renewed lock on a machine that is busy with all this.
    explicit Operations(milliseconds max_ttl = 3s) : contention_(max_ttl) {}

    /// What `quorumlock nodes` says, in the form that the recipes give.
    nlohmann::json nodes(const std::vector<std::string>& uris) const {
        return cli({"nodes", "--json", "--max-ttl", std::to_string(max_ttl().count()) + "ms",
                    "--restart-guard", "strict", "--nodes", joined(uris)})
            .json();
    }
    bool all_ready(const std::vector<std::string>& uris) const {
        return nodes(uris)["ready"] == uris.size();
    }
    std::string cause_of(const std::vector<std::string>& uris, const std::string& label) const {
        const nlohmann::json said = nodes(uris);
        for (const auto& node : said["nodes"]) {
            if (node["node"] == label) return node.value("cause", "");
        }
        return "not listed";
    }
    /// "Wait one guard", until the command shows that it is over.
    void wait_one_guard(const std::vector<std::string>& uris) const {
        const Stopwatch watch;
        ASSERT_TRUE(eventually(
            [&] {
                std::this_thread::sleep_for(100ms);
                return all_ready(uris);
            },
            60s));
        std::printf("waited %.1f s\n", static_cast<double>(watch.elapsed().count()) / 1000);
    }
    milliseconds max_ttl() const { return contention_.max_ttl(); }
    milliseconds guard() const { return max_ttl() + max_ttl() / 100 + 1002ms; }

    Contention contention_;
};

/// Where no lock is renewed.
class OperationsInBrief : public Operations {
  protected:
    OperationsInBrief() : Operations(600ms) {}
};

/// A lock that is renewed all the while.
class LongLock {
  public:
    LongLock(const std::vector<std::string>& uris, const Contention& contention)
        : service_(open_service(uris, contention.options())),
          lock_(service_.acquire("long", {.ttl = contention.max_ttl(), .wait = 20s, .renew = true})
                    .get()) {
        EXPECT_TRUE(is_ok(lock_));
    }
    bool held() const { return lock_ && lock_->held() && !lock_->lost().stop_requested(); }
    bool has_votes(int votes) const { return lock_->votes() == votes; }

  private:
    LockService service_;
    Result<Lock> lock_;
};

}  // namespace

// "A rolling restart".
TEST_F(Operations, a_rolling_restart_loses_no_lock) {
    const auto servers = start_servers(5);
    const auto uris = uris_of(servers);
    LongLock lock(uris, contention_);
    contention_.start(8, uris);
    ASSERT_NO_FATAL_FAILURE(wait_one_guard(uris));  // they have just been started
    for (const auto& server : servers) {
        ASSERT_TRUE(all_ready(uris)) << "step 1";
        server->restart();  // step 2
        EXPECT_NE(cause_of(uris, server->label()).find("may have restarted without its locks"),
                  std::string::npos)
            << "step 3";
        ASSERT_NO_FATAL_FAILURE(wait_one_guard(uris));  // step 3
        std::this_thread::sleep_for(max_ttl());         // step 4
        ASSERT_TRUE(lock.held());
        EXPECT_TRUE(eventually([&] { return lock.has_votes(5); }));
        contention_.go_on();
    }
    contention_.expect_no_violation();
}

// "A server is replaced", under the same name: a port that leads to the old one, then to the new.
TEST_F(Operations, a_server_is_replaced_under_the_same_name) {
    auto servers = start_servers(5);
    FaultProxy name(servers[4]->port());
    auto uris = uris_of(servers);
    uris[4] = name.uri();
    LongLock lock(uris, contention_);
    contention_.start(8, uris);
    ASSERT_NO_FATAL_FAILURE(wait_one_guard(uris));
    servers[4]->stop();             // step 1
    const RedisServer fresh;        // step 2
    name.forward_to(fresh.port());  // step 3
    ASSERT_TRUE(eventually([&] {    // it has been met
        return cause_of(uris, name.label()).find("may have restarted") != std::string::npos;
    }));
    EXPECT_EQ(fresh.dbsize(), "0") << "it has no vote yet";
    ASSERT_NO_FATAL_FAILURE(wait_one_guard(uris));  // step 4
    EXPECT_TRUE(lock.held());
    EXPECT_TRUE(eventually([&] { return lock.has_votes(5); }));
    EXPECT_EQ(fresh.command({"EXISTS", "long"}), "1");
    contention_.go_on();
    contention_.expect_no_violation();
}

// "A server is added or removed"; together they are a replacement under another name.
TEST_F(OperationsInBrief, a_server_is_added_and_another_removed) {
    auto servers = start_servers(3);
    auto uris = uris_of(servers);
    contention_.start(8, uris);
    ASSERT_NO_FATAL_FAILURE(wait_one_guard(uris));
    const auto hand_over = [&] {
        contention_.start(4, uris);  // step 2, one after the other
        contention_.end(4);
        contention_.start(4, uris);
        contention_.end(4);
        std::this_thread::sleep_for(guard());  // step 3
    };
    servers.push_back(std::make_unique<RedisServer>());  // step 1
    uris = uris_of(servers);
    ASSERT_NO_FATAL_FAILURE(wait_one_guard({servers[3]->uri()}));
    hand_over();
    uris.erase(uris.begin());
    hand_over();
    servers[0]->kill9();
    contention_.go_on();
    contention_.expect_no_violation();
}

}  // namespace quorumlock::testing
