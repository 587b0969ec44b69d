// What the observer is told, when, and by whom.
#include <quorumlock/observer.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/named_locks.h>

#include "tests/support/service_fixture.h"
#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

using Mode = ScriptedNode::Mode;

std::string ms(Nanos time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

/// Each call as one line.
class Recorder final : public Observer {
  public:
    void on_acquire(const AcquireEvent& e) override {
        add("acquire", e,
            " ttl " + ms(e.ttl) + " waited " + ms(e.waited) + " tries " +
                std::to_string(e.attempts) + (e.handed_over ? " handed over" : ""));
    }
    void on_extend(const ExtendEvent& e) override {
        add(e.renewal ? "renewal" : "extend", e, " ttl " + ms(e.ttl));
    }
    void on_release(const ReleaseEvent& e) override { add("release", e, ""); }
    void on_break(const BreakEvent& e) override { add("break", e, " by " + e.by); }
    void on_hold_end(const HoldEvent& e) override {
        add("hold", e, std::string(" ") + hold_end_name(e.end));
    }
    void on_node_answer(const NodeAnswerEvent& e) override {
        answers.push_back(std::string(e.node) + " " + node_step_name(e.step) + " " +
                          node_vote_name(e.vote) + " " + ms(e.duration));
    }
    void on_execute(const ExecuteEvent& e) override {
        add("execute", e,
            " expiry " + ms(e.expiry) + (e.ran ? " ran" : " did not run") +
                (e.held ? " held" : ""));
    }
    void on_gauges(const Gauges& g) override { gauges = g; }
    void on_dropped(std::size_t count) override { dropped += count; }

    std::vector<std::string> take() { return std::exchange(lines, {}); }

    std::vector<std::string> lines, answers;
    std::string provider;
    Gauges gauges;
    std::size_t dropped = 0;
    std::optional<ObservedEvent> last;

  private:
    void add(const std::string& what, const ObservedEvent& e, const std::string& more) {
        lines.push_back(what + " " + std::string(e.resource) + " " +
                        (e.error ? errc_name(*e.error) : "ok") + " in " + ms(e.duration) + more);
        provider = e.provider;
        last = e;
    }
};

using Lines = std::vector<std::string>;

class Observed : public ::testing::Test {
  protected:
    Observed() : world_(3, options()) { world_.open(); }

    ServiceOptions options() {
        ServiceOptions options;
        options.observer = recorder_;
        options.retry_delay = 100ms;
        options.retry_delay_max = 100ms;
        return options;
    }
    Lines told() {
        world_.env.run();
        return recorder_->take();
    }

    const std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
    ServiceWorld world_;
};

TEST_F(Observed, acquire_extend_and_release_with_their_node_answers) {
    auto lock = world_.try_acquire("r", 10s);
    EXPECT_EQ(told(), (Lines{"acquire r ok in 0 ttl 10000 waited 0 tries 1"}));
    EXPECT_EQ(recorder_->provider, "scripted");
    EXPECT_EQ(recorder_->last->at, world_.env.now());
    EXPECT_EQ(recorder_->last->wall, world_.env.wall_now());
    EXPECT_EQ(recorder_->gauges.held, 1U);

    world_.env.advance(2s);
    ASSERT_TRUE(world_.after(Nanos{0}, lock->extend(20s)));
    EXPECT_EQ(told(), (Lines{"extend r ok in 0 ttl 20000"}));

    world_.env.advance(3s);
    ASSERT_TRUE(world_.after(Nanos{0}, lock->release()));
    EXPECT_EQ(told(), (Lines{"hold r ok in 5000 released", "release r ok in 0"}));
    EXPECT_EQ(recorder_->gauges.held, 0U);
    // A release is decided by the second answer; nobody listens to the third.
    EXPECT_EQ(recorder_->answers.size(), 8U);
    EXPECT_EQ(recorder_->answers.front(), "node0 acquire granted 0");
    EXPECT_EQ(recorder_->answers.back().substr(6), "release granted 0");
}

TEST_F(Observed, a_lock_that_is_broken_is_told_with_who_did_it_and_once) {
    auto lock = world_.try_acquire("r", 10s);
    const std::string token(lock->token());
    (void)told();
    ASSERT_TRUE(world_.after(Nanos{0}, world_.locks->break_lock("r", token, "joe@box")));
    EXPECT_EQ(told(), (Lines{"break r ok in 0 by joe@box"}));
    EXPECT_EQ(world_.holding("r"), 0);
    EXPECT_FALSE(world_.after(Nanos{0}, world_.locks->break_lock("r", token, "ann")));
    EXPECT_EQ(told(), (Lines{"break r not_held in 0 by ann"}));
    (void)world_.after(Nanos{0}, world_.locks->release("r", token));
    EXPECT_EQ(told(), (Lines{"release r not_held in 0"})) << "nobody's break any more";
}

TEST_F(Observed, nobody_breaks_a_lock_that_is_another_ones_or_without_a_name) {
    auto lock = world_.try_acquire("r", 10s);
    (void)told();
    const auto other =
        world_.after(Nanos{0}, world_.locks->break_lock("r", std::string(32, 'a'), "joe"));
    EXPECT_EQ(other.error().code(), Errc::not_held);
    for (const std::string& by : {std::string(), std::string(257, 'x')}) {
        const auto refused =
            world_.after(Nanos{0}, world_.locks->break_lock("r", std::string(lock->token()), by));
        EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
    }
    EXPECT_EQ(world_.holding("r"), 3);
    EXPECT_TRUE(world_.after(Nanos{0}, world_.locks->break_lock("r", std::string(lock->token()),
                                                                std::string(256, 'x'))));
}

TEST_F(Observed, contention_waiting_and_outage) {
    auto held = world_.try_acquire("r", 60s);
    (void)told();
    recorder_->answers.clear();
    (void)world_.try_acquire("r", 1s);
    EXPECT_EQ(told(), (Lines{"acquire r contended in 0 ttl 1000 waited 0 tries 1"}));
    ASSERT_FALSE(recorder_->answers.empty());
    EXPECT_EQ(recorder_->answers.front(), "node0 acquire refused 0");

    auto waiting = world_.locks->acquire("r", {.ttl = 1s, .wait = 1min});
    (void)told();
    EXPECT_EQ(recorder_->gauges.waiting, 1U);
    world_.env.advance(5ms);
    ASSERT_TRUE(world_.after(Nanos{0}, held->release()));
    const Lines lines = told();
    ASSERT_FALSE(lines.empty());
    auto won = waiting.get();
    EXPECT_TRUE(won);
    EXPECT_EQ(recorder_->last->error, std::nullopt);
    EXPECT_GE(recorder_->last->duration, 5ms);
    EXPECT_NE(lines.back().find("tries 2"), std::string::npos) << lines.back();
    EXPECT_EQ(recorder_->gauges.waiting, 0U);
    (void)told();

    world_.set_all(Mode::fail);
    (void)world_.try_acquire("x", 1s);
    const Lines outage = told();
    ASSERT_FALSE(outage.empty());
    EXPECT_EQ(outage.back(), "acquire x no_quorum in 0 ttl 1000 waited 0 tries 1");
}

TEST_F(Observed, a_hand_over_is_told_with_the_acquire) {
    auto first = world_.after(Nanos{0}, world_.locks->acquire("r", {.ttl = 1s, .wait = 1min}));
    ASSERT_TRUE(first);
    auto second = world_.locks->acquire("r", {.ttl = 1s, .wait = 1min});
    (void)told();
    world_.env.advance(3ms);
    ASSERT_TRUE(world_.after(Nanos{0}, first->release()));
    const Lines lines = told();
    EXPECT_NE(std::find(lines.begin(), lines.end(),
                        "acquire r ok in 3 ttl 1000 waited 3 tries 2 handed over"),
              lines.end())
        << ::testing::PrintToString(lines);
    EXPECT_EQ(recorder_->answers.back(), "node2 transfer granted 0");
}

TEST_F(Observed, silent_node_is_told_as_unknown_at_its_time_limit) {
    world_.nodes[2]->mode = Mode::hang;
    auto lock = world_.try_acquire("r", 10s);
    world_.env.advance(1s);
    (void)told();
    ASSERT_EQ(recorder_->answers.size(), 3U);
    EXPECT_EQ(recorder_->answers[2], "node2 acquire unknown 500");
}

TEST_F(Observed, loss_renewal_and_the_other_ends_of_a_hold) {
    auto lost = world_.try_acquire("lost", 1s);
    world_.env.advance(2s);
    EXPECT_EQ(told(), (Lines{"acquire lost ok in 0 ttl 1000 waited 0 tries 1",
                             "hold lost lost in 988 lost"}));
    { auto dropped = world_.try_acquire("dropped", 10s); }
    EXPECT_EQ(told().back(), "hold dropped ok in 0 dropped");
    auto detached = world_.try_acquire("detached", 10s);
    detached->detach();
    EXPECT_EQ(told().back(), "hold detached ok in 0 detached");

    auto renewed =
        world_.after(Nanos{0}, world_.locks->acquire("renewed", {.ttl = 3s, .renew = true}));
    (void)told();
    world_.env.advance(1s);
    EXPECT_EQ(told(), (Lines{"renewal renewed ok in 0 ttl 3000"}));
    (void)world_.after(Nanos{0}, world_.locks->close());
    EXPECT_EQ(told(), (Lines{"hold renewed ok in 1000 closed"}));
    EXPECT_EQ(recorder_->gauges.held, 0U);
}

TEST_F(Observed, undos_that_are_owed_are_counted_until_they_are_paid) {
    world_.nodes[1]->undo_hangs = true;
    { auto dropped = world_.try_acquire("r", 10s); }
    (void)told();
    EXPECT_EQ(recorder_->gauges.undo_pending, 0U) << "the hold's end is told before its undo";
    (void)world_.try_acquire("x", 10s);
    (void)told();
    EXPECT_EQ(recorder_->gauges.undo_pending, 1U);
    world_.nodes[1]->owed_undos = 0;
    world_.env.advance(1s);
    EXPECT_EQ(recorder_->gauges.undo_pending, 0U);
}

TEST_F(Observed, execute_tells_of_runs_contention_and_outages) {
    NamedLocks locks = NamedLocks::over(*world_.locks);
    (void)world_.after(Nanos{0}, locks.execute_async(
                                     "r", [] {}, 5s));
    EXPECT_EQ(told().back(), "execute r ok in 0 expiry 5000 ran held");
    (void)world_.after(Nanos{0}, locks.try_acquire("r", 10s));
    (void)told();
    (void)world_.after(Nanos{0}, locks.execute_async(
                                     "r", [] {}, 5s));
    EXPECT_EQ(told(), (Lines{"acquire r contended in 0 ttl 5000 waited 0 tries 0",
                             "execute r ok in 0 expiry 5000 did not run"}));
    world_.set_all(Mode::fail);
    (void)world_.after(Nanos{0}, locks.execute_async(
                                     "x", [] {}, 5s));
    EXPECT_EQ(told().back(), "execute x no_quorum in 0 expiry 5000 did not run");
}

TEST_F(Observed, wrong_arguments_are_told_without_an_attempt) {
    ASSERT_TRUE(world_.try_acquire("x", 1s));  // its pooled operation is used again
    (void)told();
    (void)world_.try_acquire("r", 1ms);
    EXPECT_EQ(told(), (Lines{"acquire r invalid_argument in 0 ttl 1 waited 0 tries 0"}));
}

TEST_F(Observed, never_told_inside_the_call) {
    auto asking = world_.locks->acquire("r", {.ttl = 1ms});  // refused at once
    EXPECT_TRUE(recorder_->lines.empty());
    EXPECT_EQ(told().size(), 1U);
}

TEST_F(Observed, more_than_can_be_kept_is_counted) {
    for (int i = 0; i < 20'000; ++i) (void)world_.locks->acquire("r", {.ttl = 1ms});
    world_.env.run();
    EXPECT_EQ(recorder_->lines.size(), 16'384U);
    EXPECT_EQ(recorder_->dropped, 20'000U - 16'384U);
}

// ---- with real threads ----

class ThreadOf final : public Observer {
  public:
    void on_acquire(const AcquireEvent&) override { told.set_value(std::this_thread::get_id()); }
    std::promise<std::thread::id> told;
};

TEST(ObserverThread, is_that_of_callbacks_and_not_the_blocked_caller_s) {
    const auto observer = std::make_shared<ThreadOf>();
    ServiceOptions options = patient();
    options.observer = observer;
    LockService service = open_service({"memory:"}, options);
    ASSERT_TRUE(is_ok(service.try_acquire("r").get()));
    const auto by = observer->told.get_future().get();
    EXPECT_NE(by, std::this_thread::get_id());
    std::promise<std::thread::id> callback;
    service.inspect("r").then(
        [&](Result<Inspection>) { callback.set_value(std::this_thread::get_id()); });
    EXPECT_EQ(callback.get_future().get(), by);
}

TEST(Observers, all_are_told_in_their_order) {
    const auto first = std::make_shared<Recorder>();
    const auto second = std::make_shared<Recorder>();
    Observers both({first, second});
    AcquireEvent event;
    event.resource = "r";
    both.on_acquire(event);
    both.on_gauges({.held = 1, .waiting = 2, .undo_pending = 3});
    both.on_dropped(4);
    for (const auto& one : {first, second}) {
        EXPECT_EQ(one->lines, (Lines{"acquire r ok in 0 ttl 0 waited 0 tries 0"}));
        EXPECT_EQ(one->gauges.undo_pending, 3U);
        EXPECT_EQ(one->dropped, 4U);
    }
}

}  // namespace
}  // namespace quorumlock::testing
