// What servers tell of themselves, and what it makes of a service over them: the first connections
// to those that have just started, acquires that wait out a guard, one vote for each server.
// Rules G1 and G2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quorumlock/observer.h>

#include "tests/support/greeting_world.h"

namespace quorumlock::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Notices final : public Observer {
  public:
    void on_notice(const NoticeEvent& event) override { texts.emplace_back(event.resource); }
    std::vector<std::string> texts;
};

class Greeted : public ::testing::Test {
  protected:
    /// Guards of 3022 ms: max_ttl, its drift and a second.
    static constexpr Nanos kGuard = 3022ms;

    ServiceOptions with(RestartGuard guard) const {
        ServiceOptions options;
        options.restart_guard = guard;
        options.max_ttl = 2s;
        options.observer = notices;
        return options;
    }
    void start_all_now() {
        for (ServerTold& server : world.servers) server.started = env.now();
    }
    void start_again(int node) {
        ServerTold& server = world.servers[static_cast<std::size_t>(node)];
        server = {.run_id = server.run_id + "'", .started = env.now(), .restarted = true};
        world.meet(node);
    }
    Operation<Lock> acquire(Nanos wait) {
        auto operation = world.locks->acquire("r", {.ttl = 1s, .wait = wait});
        env.run();
        return operation;
    }

    const std::shared_ptr<Notices> notices = std::make_shared<Notices>();
    GreetingWorld world;
    VirtualEnv& env = world.env;
};

// ---- a cold start ----

class ColdStart : public Greeted, public ::testing::WithParamInterface<RestartGuard> {};

TEST_P(ColdStart, a_node_that_hangs_costs_a_grace_unless_nobody_may_vote) {
    start_all_now();
    world.open(with(GetParam()));
    auto operation = world.locks->try_acquire("r", {.ttl = 1s});
    world.meet(0);
    world.meet(1);
    env.advance(99ms);
    EXPECT_FALSE(operation.done());
    env.advance(1ms);
    const bool votes = GetParam() != RestartGuard::strict;
    EXPECT_EQ(operation.done(), votes);
    if (votes) {
        EXPECT_TRUE(operation.get());
    }
}

TEST_P(ColdStart, the_observer_is_told_once_that_nobody_is_guarded) {
    start_all_now();
    world.open(with(GetParam()));
    world.meet_all();
    if (GetParam() == RestartGuard::automatic) {
        EXPECT_THAT(notices->texts, ElementsAre(AllOf(HasSubstr("just started"),
                                                      HasSubstr("restart_guard is auto"))));
    } else {
        EXPECT_THAT(notices->texts, IsEmpty());
    }
}

INSTANTIATE_TEST_SUITE_P(, ColdStart,
                         ::testing::Values(RestartGuard::automatic, RestartGuard::strict,
                                           RestartGuard::off),
                         [](const auto& mode) {
                             return mode.param == RestartGuard::automatic ? "automatic"
                                    : mode.param == RestartGuard::strict  ? "strict"
                                                                          : "off";
                         });

TEST_F(Greeted, a_minority_that_has_just_started_is_no_cold_start) {
    world.servers[1].started = env.now();
    world.open(with(RestartGuard::automatic));
    world.meet_all();
    EXPECT_THAT(notices->texts, IsEmpty());
    EXPECT_TRUE(acquire(0s).get());
    EXPECT_EQ(world.scripted[1].keys.count("r"), 0U) << "it is guarded";
}

// ---- waiting out a guard ----

TEST_F(Greeted, an_acquire_waits_out_the_guard_of_all_servers) {
    start_all_now();
    world.open(with(RestartGuard::strict));
    world.meet_all();
    auto operation = acquire(10s);
    env.advance(kGuard - 1ns);
    EXPECT_FALSE(operation.done());
    env.advance(1ns + 300ms);  // the longest pause between two tries
    ASSERT_TRUE(operation.done());
    auto lock = operation.get();
    ASSERT_TRUE(lock);
    EXPECT_TRUE(lock->held());
    EXPECT_EQ(world.scripted.holding("r"), 3);
}

TEST_F(Greeted, an_acquire_waits_out_the_guard_of_a_majority_that_restarts) {
    world.open(with(RestartGuard::automatic));
    world.meet_all();
    start_again(0);
    start_again(2);
    auto operation = acquire(10s);
    env.advance(kGuard - 1ns);
    EXPECT_FALSE(operation.done());
    env.advance(1ns + 300ms);
    ASSERT_TRUE(operation.done());
    EXPECT_TRUE(operation.get());
    EXPECT_THAT(notices->texts, IsEmpty()) << "nothing is started for the first time";
}

TEST_F(Greeted, who_does_not_wait_so_long_is_told_of_the_guard) {
    world.open(with(RestartGuard::automatic));
    world.meet_all();
    start_again(0);
    start_again(2);
    for (const Nanos wait : {Nanos{0}, Nanos{2s}}) {
        auto operation = acquire(wait);
        env.advance(wait);
        ASSERT_TRUE(operation.done());
        const auto lock = operation.get();
        ASSERT_FALSE(lock);
        EXPECT_EQ(lock.error().code(), Errc::no_quorum);
        EXPECT_EQ(lock.error().nodes()[0].cause, "is guarded");
        EXPECT_EQ(lock.error().nodes()[2].cause, "is guarded");
    }
    EXPECT_EQ(world.scripted.holding("r"), 0) << "the one that has a vote was undone";
}

// ---- one server, one vote ----

class Twice : public Greeted {
  protected:
    template <class T>
    void expect_duplicate(Operation<T> operation) {
        env.run();
        const Result<T> result = operation.get();
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code(), Errc::duplicate_node);
        EXPECT_THAT(result.error().message(), AllOf(HasSubstr("node0"), HasSubstr("node2")));
    }
};

TEST_F(Twice, a_server_named_twice_fails_every_verb_but_nodes) {
    world.servers[2].run_id = world.servers[0].run_id;
    world.open(with(RestartGuard::automatic));
    auto early = acquire(10s);
    world.meet_all();
    const std::string token(32, 'a');
    expect_duplicate(std::move(early));
    expect_duplicate(world.locks->try_acquire("r", {.ttl = 1s}));
    expect_duplicate(world.locks->extend("r", token, 1s));
    expect_duplicate(world.locks->release("r", token));
    expect_duplicate(world.locks->inspect("r"));
    for (int i = 0; i < 3; ++i) EXPECT_THAT(world.scripted[i].log, IsEmpty()) << "nobody is asked";
    auto nodes = world.locks->nodes();
    auto closed = world.locks->close();
    env.run();
    EXPECT_TRUE(nodes.get());
    EXPECT_TRUE(closed.get());
}

TEST_F(Twice, one_that_turns_out_to_be_another_later_only_has_no_vote) {
    world.open(with(RestartGuard::off));
    world.meet_all();
    world.servers[2].run_id = world.servers[0].run_id;
    world.meet(2);
    auto lock = acquire(0s).get();
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->votes(), 2);
    EXPECT_EQ(world.scripted[2].keys.count("r"), 0U);
}

}  // namespace
}  // namespace quorumlock::testing
