// The sidecar, the Redis behind it and the ways between them, failing: never a second holder, never
// a key left behind, never a wait without end, and the cause told.
#include <gtest/gtest.h>

#include <memory>

#include "tests/support/dapr_sidecar.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

/// We -> front proxy -> sidecar -> back proxy -> Redis.
class DaprFaultTest : public ::testing::Test {
  protected:
    void SetUp() override {
        QL_NEEDS_SIDECAR();
        redis_ = std::make_unique<RedisServer>();
        back_ = std::make_unique<FaultProxy>(redis_->port());
        DaprOptions options;
        options.redis_port = back_->port();
        sidecar_ = std::make_unique<DaprSidecar>(options);
        front_ = std::make_unique<FaultProxy>(sidecar_->port());
        service_.emplace(open_service({through_front()}, brisk()));
        ASSERT_TRUE(is_ok(service_->nodes().get()));
    }
    static ServiceOptions brisk() {
        ServiceOptions options;
        options.connect_timeout = 2s;
        return options;
    }
    std::string through_front() const { return "dapr://" + front_->label() + "/lockstore"; }
    bool nothing_left(const std::string& resource) {
        return eventually([&] {
            return redis_->command({"EXISTS", sidecar_->key(resource)}) == "0";
        });
    }
    bool works_again() {
        return eventually([&] { return service_->try_acquire("again").get().has_value(); }, 30s);
    }
    Result<Lock> try_it() { return service_->try_acquire("r", {.ttl = 30s}).get(); }

    std::unique_ptr<RedisServer> redis_;
    std::unique_ptr<FaultProxy> back_;
    std::unique_ptr<DaprSidecar> sidecar_;
    std::unique_ptr<FaultProxy> front_;
    std::optional<LockService> service_;
};

}  // namespace

TEST_F(DaprFaultTest, redis_killed_behind_it_is_told_in_the_sidecars_words) {
    redis_->kill9();
    const auto lock = try_it();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    EXPECT_TRUE(says(lock.error(), {"500 ERR_TRY_LOCK", "redisHost"}));
    const auto next = try_it();
    ASSERT_TRUE(fails_with(Errc::no_quorum, next));
    EXPECT_TRUE(says(next.error(), {"ERR_", "asked again"}));
    redis_->restart();
    EXPECT_TRUE(works_again());
    EXPECT_EQ(redis_->command({"EXISTS", sidecar_->key("r")}), "0");
}

TEST_F(DaprFaultTest, redis_frozen_behind_it_is_told_and_what_it_applies_later_is_undone) {
    redis_->freeze();
    const Stopwatch watch;
    const auto lock = try_it();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    EXPECT_LT(watch.elapsed(), 20s);
    redis_->resume();
    EXPECT_TRUE(works_again());
    EXPECT_TRUE(nothing_left("r"));
}

TEST_F(DaprFaultTest, redis_emptied_behind_it_is_not_held_at_the_release) {
    auto lock = try_it();
    ASSERT_TRUE(is_ok(lock));
    ASSERT_EQ(redis_->command({"FLUSHALL"}), "OK");
    EXPECT_TRUE(fails_with(Errc::not_held, lock->release().get()));
    EXPECT_FALSE(lock->held());
}

// The sidecar's client repeats the SET whose reply is lost, and reports a stranger's lock: ours.
TEST_F(DaprFaultTest, a_set_applied_with_its_reply_lost_leaves_no_key_and_no_holder) {
    for (int i = 0; i < 3; ++i) {
        back_->set(Fault::drop_replies);
        auto asked = service_->try_acquire("r", {.ttl = 30s});
        ASSERT_TRUE(eventually([&] { return back_->struck() > 0; }));
        back_->set(Fault::none);
        const auto lock = asked.get();
        if (lock) {
            EXPECT_EQ(redis_->command({"GET", sidecar_->key("r")}), lock->token());
            continue;
        }
        EXPECT_TRUE(nothing_left("r")) << text_of(lock);
        // Whoever asks next gets it, and is the only one.
        ASSERT_TRUE(eventually([&] { return try_it().has_value(); }));
    }
}

// The same lie at the other end: the script is repeated, and finds nothing any more.
TEST_F(DaprFaultTest, an_unlock_applied_with_its_reply_lost_says_that_nothing_was_there) {
    auto lock = try_it();
    ASSERT_TRUE(is_ok(lock));
    back_->set(Fault::drop_replies);
    auto asked = lock->release();
    ASSERT_TRUE(eventually([&] { return back_->struck() > 0; }));
    back_->set(Fault::none);
    // On a slow machine its client may give up instead, which is 500; it never says that it is
    // done.
    const auto released = asked.get();
    ASSERT_FALSE(released.has_value());
    if (released.error().code() == Errc::not_held) {
        EXPECT_EQ(redis_->command({"EXISTS", sidecar_->key("r")}), "0");
    }
    EXPECT_TRUE(nothing_left("r")) << text_of(released);
    EXPECT_TRUE(works_again());
}

TEST_F(DaprFaultTest, the_sidecar_killed_in_the_middle_of_an_acquire_leaves_nothing) {
    back_->set(Fault::hold_requests);
    auto asked = service_->try_acquire("r", {.ttl = 30s});
    ASSERT_TRUE(eventually([&] { return back_->held() > 0; }));
    sidecar_->kill9();
    const auto lock = asked.get();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    EXPECT_EQ(lock.error().nodes().at(0).vote, NodeVote::unknown);
    // The SET arrives after its sender is dead.
    back_->release_held();
    back_->set(Fault::none);
    sidecar_->restart();
    EXPECT_TRUE(works_again());
    EXPECT_TRUE(nothing_left("r"));
}

TEST_F(DaprFaultTest, a_sidecar_that_is_gone_is_told_and_found_again) {
    sidecar_->kill9();
    const auto lock = try_it();
    ASSERT_TRUE(fails_with(Errc::no_quorum, lock));
    EXPECT_TRUE(says(lock.error(), {front_->label()}));
    sidecar_->restart();
    EXPECT_TRUE(works_again());
}

TEST_F(DaprFaultTest, a_frozen_sidecar_costs_one_time_limit_and_is_then_known_to_be_silent) {
    sidecar_->freeze();
    const auto first = service_->acquire("r", {.ttl = 30s, .wait = 500ms}).get();
    EXPECT_FALSE(first.has_value());
    ASSERT_TRUE(eventually([&] {
        const Stopwatch watch;
        return fails_with(Errc::no_quorum, try_it()) && watch.elapsed() < 300ms;
    }));
    sidecar_->resume();
    EXPECT_TRUE(works_again());
    EXPECT_TRUE(nothing_left("r"));
}

// Between us and the sidecar. What was applied is undone whatever became of the answer.
TEST_F(DaprFaultTest, answers_that_are_lost_cut_or_garbage_leave_nothing) {
    struct Row {
        Fault fault;
        unsigned amount;
    };
    for (const Row& row :
         {Row{Fault::garbage, 0}, Row{Fault::huge_reply, 0}, Row{Fault::cut_reply, 40},
          Row{Fault::cut_reply, 200}, Row{Fault::drop_replies, 0}, Row{Fault::reset, 0}}) {
        front_->set(row.fault, row.amount);
        const auto lock = try_it();
        EXPECT_TRUE(fails_with(Errc::no_quorum, lock)) << fault_name(row.fault);
        if (!lock) {
            EXPECT_NE(lock.error().nodes().at(0).cause, "");
        }
        front_->set(Fault::none);
        EXPECT_TRUE(works_again()) << fault_name(row.fault);
        EXPECT_TRUE(nothing_left("r")) << fault_name(row.fault);
    }
}

TEST_F(DaprFaultTest, slow_and_trickling_answers_are_answers) {
    front_->set(Fault::delay, 50);
    EXPECT_TRUE(is_ok(try_it()));
    front_->set(Fault::trickle);
    EXPECT_TRUE(is_ok(service_->try_acquire("other").get()));
}

}  // namespace quorumlock::testing
