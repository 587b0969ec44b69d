// Servers that restart without their data, and servers that are named twice. Rules G1 and G2.
#include <quorumlock/observer.h>

#include "tests/integration/five_redis.h"
#include "tests/support/fault_proxy.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

ServiceOptions guarded_by(RestartGuard mode) {
    ServiceOptions options = patient();
    options.restart_guard = mode;
    options.node_timeout = 500ms;
    return options;
}

class GuardTest : public ::testing::Test {
  protected:
    RedisServer& server(int i) { return *servers_[static_cast<std::size_t>(i)]; }

    std::vector<std::unique_ptr<RedisServer>> servers_ = start_servers(3);
};

int uptime(const RedisServer& server) {
    const std::string said = server.command({"INFO", "server"});
    return std::stoi(said.substr(said.find("uptime_in_seconds:") + 18));
}

/// Every operation but nodes() is refused with both names.
void expect_duplicate(LockService& service, const std::string& one, const std::string& other) {
    const std::string token(32, 'a');
    const auto refused = [&](const auto& result, const char* what) {
        EXPECT_TRUE(fails_with(Errc::duplicate_node, result)) << what;
        EXPECT_TRUE(!result && says(result.error(), {one, other})) << what;
    };
    refused(service.acquire("r", {.ttl = 30s, .wait = 30s}).get(), "acquire");
    refused(service.try_acquire("r").get(), "try_acquire");
    refused(service.extend("r", token, 10s).get(), "extend");
    refused(service.release("r", token).get(), "release");
    refused(service.inspect("r").get(), "inspect");
    EXPECT_TRUE(is_ok(service.nodes().get())) << "which tells which";
}

}  // namespace

// Two of three hold the lock; of these one hangs, and one has forgotten it.
TEST_F(GuardTest, a_server_restarted_empty_does_not_vote_for_another) {
    LockService holder = open_service(uris_of(servers_));
    LockService other = open_service(uris_of(servers_), guarded_by(RestartGuard::automatic));
    LockService careless = open_service(uris_of(servers_), guarded_by(RestartGuard::off));
    for (LockService* service : {&other, &careless}) ASSERT_TRUE(is_ok(service->nodes().get()));
    auto lock = holder.acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    ASSERT_TRUE(eventually([&] { return server(2).command({"DEL", "r"}) == "1"; }));
    server(0).freeze();
    server(1).restart();
    ASSERT_TRUE(eventually([&] { return info_of(other, server(1).label()).guarded > 0s; }));
    EXPECT_GT(info_of(other, server(1).label()).guarded, 30s) << "max_ttl is a minute";
    for (int i = 0; i < 5; ++i) {
        auto stolen = other.try_acquire("r", {.ttl = 30s}).get();
        ASSERT_TRUE(fails_with(Errc::no_quorum, stolen));
        EXPECT_TRUE(says(stolen.error(), {"may have restarted without its locks"}));
    }
    EXPECT_TRUE(lock->held());
    // What the guard is for: without it there are two holders now.
    ASSERT_TRUE(eventually([&] { return info_of(careless, server(1).label()).ready; }));
    EXPECT_TRUE(is_ok(careless.acquire("r", {.ttl = 30s, .wait = 10s}).get()));
    EXPECT_TRUE(lock->held());
}

TEST_F(GuardTest, the_first_start_of_all_works_at_once_unless_strict) {
    LockService service = open_service(uris_of(servers_), guarded_by(RestartGuard::automatic));
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
    ServiceOptions options = guarded_by(RestartGuard::strict);
    options.max_ttl = 1s;  // for a guard of a good two seconds
    LockService strict = open_service(uris_of(servers_), options);
    auto lock = strict.try_acquire("s", {.ttl = 1s}).get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    EXPECT_TRUE(says(lock.error(), {"may have restarted without its locks"}));
    for (const auto& one : servers_) {
        EXPECT_FALSE(info_of(strict, one->label()).ready);
        EXPECT_GT(info_of(strict, one->label()).guarded, 0s);
    }
    EXPECT_TRUE(is_ok(strict.acquire("s", {.ttl = 1s, .wait = 20s}).get())) << "when it is over";
    EXPECT_EQ(info_of(strict, server(0).label()).guarded, 0s);
}

TEST_F(GuardTest, the_first_start_is_told_once) {
    struct Notices final : Observer {
        void on_notice(const NoticeEvent& event) override { lines.emplace_back(event.resource); }
        std::vector<std::string> lines;
    };
    const auto notices = std::make_shared<Notices>();
    {
        ServiceOptions options = guarded_by(RestartGuard::automatic);
        options.observer = notices;
        LockService service = open_service(uris_of(servers_), options);
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
        server(0).restart();  // no first start any more: it is guarded, without a word
        EXPECT_TRUE(eventually([&] { return info_of(service, server(0).label()).guarded > 0s; }));
        EXPECT_TRUE(is_ok(service.acquire("r", {.ttl = 10s, .wait = 10s}).get()));
    }
    ASSERT_EQ(notices->lines.size(), 1U);
    EXPECT_NE(notices->lines[0].find("taken for a first start of them all"), std::string::npos);
}

// The limit that docs/safety.md states: with one server each restart looks like a first start to a
// service that is opened after it. Who saw it restart, and who is strict, guards it.
TEST_F(GuardTest, a_single_server_that_restarts_is_guarded_by_who_saw_it_and_by_strict) {
    const std::vector<std::string> one{server(0).uri()};
    LockService holder = open_service(one, guarded_by(RestartGuard::automatic));
    auto lock = holder.acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    server(0).restart();
    ASSERT_TRUE(eventually([&] { return info_of(holder, server(0).label()).guarded > 0s; }));
    LockService strict = open_service(one, guarded_by(RestartGuard::strict));
    for (LockService* service : {&holder, &strict}) {
        auto stolen = service->try_acquire("r").get();
        ASSERT_TRUE(fails_with(Errc::no_quorum, stolen));
        EXPECT_TRUE(says(stolen.error(), {"may have restarted without its locks"}));
    }
    LockService later = open_service(one, guarded_by(RestartGuard::automatic));
    EXPECT_TRUE(is_ok(later.try_acquire("r").get()));
    EXPECT_TRUE(lock->held()) << "two holders: the limit";
}

// As when replicas are upgraded first, and promoted when all of them have been.
TEST_F(GuardTest, a_replica_that_has_been_up_for_long_does_not_vote_at_once_in_its_primarys_place) {
    FaultProxy address(server(0).port());
    ServiceOptions options = guarded_by(RestartGuard::automatic);
    options.max_ttl = 1s;  // for a guard of a good two seconds
    LockService service = open_service({address.uri(), server(1).uri(), server(2).uri()}, options);
    ASSERT_TRUE(eventually([&] { return info_of(service, address.label()).ready; }));
    // Ages are in whole seconds: the replica is known to have started behind the meeting.
    const int met = uptime(server(1));
    ASSERT_TRUE(eventually([&] { return uptime(server(1)) >= met + 3; }, 30s));
    const RedisServer replica({.replica_of = server(0).port()});
    ASSERT_TRUE(eventually([&] { return uptime(replica) >= 4; }, 30s)) << "longer than a guard";
    server(0).kill9();
    ASSERT_EQ(replica.command({"REPLICAOF", "NO", "ONE"}), "OK");
    address.forward_to(replica.port());
    address.reset_clients();
    EXPECT_TRUE(eventually([&] { return info_of(service, address.label()).guarded > 0s; }));
    EXPECT_TRUE(eventually([&] { return info_of(service, address.label()).ready; }));
}

TEST_F(GuardTest, a_server_by_two_names_is_refused_naming_both) {
    const std::string port = std::to_string(server(0).port());
    LockService service =
        open_service({"redis://localhost:" + port, "redis://127.0.0.1:" + port, server(1).uri()});
    expect_duplicate(service, "localhost:" + port, "127.0.0.1:" + port);
    EXPECT_EQ(server(0).dbsize(), "0");
    EXPECT_EQ(server(1).dbsize(), "0");
}

TEST_F(GuardTest, a_forwarded_port_of_the_same_server_is_refused_naming_both) {
    FaultProxy twin(server(0).port());
    LockService service = open_service({server(0).uri(), server(1).uri(), twin.uri()});
    expect_duplicate(service, server(0).label(), twin.label());
}

TEST_F(GuardTest, one_that_turns_into_another_later_only_loses_its_vote) {
    FaultProxy moving(server(1).port());
    LockService service = open_service({server(0).uri(), moving.uri(), server(2).uri()});
    ASSERT_TRUE(is_ok(service.try_acquire("before").get()));
    ASSERT_TRUE(nothing_left(service, "before"));
    moving.forward_to(server(0).port());
    moving.reset_clients();
    ASSERT_TRUE(eventually([&] {
        const NodeInfo info = info_of(service, moving.label());
        return !info.ready && info.cause.find(server(0).label()) != std::string::npos;
    }));
    {
        auto lock = service.acquire("r", {.ttl = 30s, .wait = 10s}).get();
        ASSERT_TRUE(is_ok(lock));
        EXPECT_TRUE(eventually([&] { return lock->votes() == 2; }));
    }
    EXPECT_TRUE(nothing_left(service, "r"));
    server(2).kill9();
    EXPECT_TRUE(fails_with(Errc::no_quorum, service.try_acquire("r").get()))
        << "one server has one vote";
}

}  // namespace quorumlock::testing
