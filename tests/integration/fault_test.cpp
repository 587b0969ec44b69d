// What networks and broken servers do to connections, one fault after the other.
#include <memory>
#include <ostream>

#include "tests/integration/five_redis.h"
#include "tests/support/fault_proxy.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

struct Case {
    Fault fault;
    unsigned amount = 0;
    bool hurts = true;  ///< A node behind it cannot vote within the time limit.
};

void PrintTo(const Case& c, std::ostream* out) { *out << fault_name(c.fault); }

constexpr auto kNodeTimeout = 300ms;

ServiceOptions brisk() {
    ServiceOptions options = patient();
    options.node_timeout = kNodeTimeout;
    options.connect_timeout = 2s;
    // A server that is reached first when the fault is over may have started behind the others, as
    // far as its uptime tells: in whole seconds.
    options.restart_guard = RestartGuard::off;
    return options;
}

/// Five servers, each behind a proxy of its own.
class FaultTest : public FiveRedis, public ::testing::WithParamInterface<Case> {
  protected:
    void SetUp() override {
        FiveRedis::SetUp();
        for (const auto& one : servers_) {
            proxies_.push_back(std::make_unique<FaultProxy>(one->port()));
            uris_.push_back(proxies_.back()->uri());
        }
    }
    FaultProxy& proxy(int i) { return *proxies_[static_cast<std::size_t>(i)]; }
    void begin(int i) { proxy(i).set(GetParam().fault, GetParam().amount); }
    void end(int i) {
        proxy(i).set(Fault::none);
        // What was swallowed never comes: only a new connection helps.
        proxy(i).release_held();
        proxy(i).reset_clients();
    }

    std::vector<std::unique_ptr<FaultProxy>> proxies_;
    std::vector<std::string> uris_;
};

}  // namespace

// Hazards 9, 10 and 11.
TEST_P(FaultTest, on_one_node_of_five_no_call_fails) {
    LockService service = open_service(uris_, brisk());
    ASSERT_TRUE(is_ok(service.nodes().get()));
    begin(1);
    for (int i = 0; i < 30; ++i) {
        auto lock = service.try_acquire("r", {.ttl = kLongTtl}).get();
        ASSERT_TRUE(is_ok(lock)) << "cycle " << i;
        ASSERT_TRUE(is_ok(lock->extend(40s).get())) << "cycle " << i;
        ASSERT_TRUE(is_ok(lock->release().get())) << "cycle " << i;
    }
    EXPECT_GT(proxy(1).struck(), 0U) << "the fault has not struck: this test shows nothing";
    end(1);
    EXPECT_TRUE(eventually([&] { return info_of(service, proxy(1).label()).ready; }, 45s));
    EXPECT_TRUE(clean("r"));
}

TEST_P(FaultTest, on_one_node_from_the_start_no_call_fails) {
    begin(4);
    LockService service = open_service(uris_, brisk());
    for (int i = 0; i < 10; ++i) {
        auto lock = service.try_acquire("r", {.ttl = kLongTtl}).get();
        ASSERT_TRUE(is_ok(lock)) << "cycle " << i;
        ASSERT_TRUE(is_ok(lock->release().get())) << "cycle " << i;
    }
    end(4);
    EXPECT_TRUE(eventually([&] { return info_of(service, proxy(4).label()).ready; }, 45s));
    EXPECT_TRUE(clean("r"));
}

// Hazard 20: each node's cause in one line a person can read.
TEST_P(FaultTest, on_three_nodes_of_five_there_is_no_quorum_in_time) {
    LockService service = open_service(uris_, brisk());
    ASSERT_TRUE(is_ok(service.nodes().get()));
    for (int i : {0, 2, 3}) begin(i);
    const Stopwatch watch;
    auto lock = service.try_acquire("r", {.ttl = kLongTtl}).get();
    EXPECT_LT(watch.elapsed(), 10s);
    if (!GetParam().hurts) {
        EXPECT_TRUE(is_ok(lock));
        return;
    }
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    for (int i : {0, 2, 3}) {
        const NodeReport report = report_of(lock.error(), proxy(i).label());
        EXPECT_TRUE(report.vote == NodeVote::failed || report.vote == NodeVote::unknown);
        EXPECT_GT(report.cause.size(), 5U);
        EXPECT_LT(report.cause.size(), 300U) << report.cause;
        for (const char c : report.cause) EXPECT_TRUE(c >= ' ' && c != 0x7f) << report.cause;
    }
    for (int i : {0, 2, 3}) end(i);
    auto later = service.acquire("r", {.ttl = kLongTtl, .wait = 60s}).get();
    ASSERT_TRUE(is_ok(later));
    EXPECT_TRUE(is_ok(later->release().get()));
    EXPECT_TRUE(clean("r"));
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultTest,
                         ::testing::Values(Case{Fault::silent}, Case{Fault::reset},
                                           Case{Fault::garbage}, Case{Fault::huge_reply},
                                           Case{Fault::deep_reply}, Case{Fault::cut_reply, 3},
                                           Case{Fault::drop_replies}, Case{Fault::hold_requests},
                                           Case{Fault::delay, 2000},
                                           Case{Fault::trickle, 0, false}),
                         [](const auto& tested) { return fault_name(tested.param.fault); });

}  // namespace quorumlock::testing
