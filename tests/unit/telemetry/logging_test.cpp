// Events as lines, at their levels and at a bounded rate.
#include <quorumlock/telemetry/logging.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace quorumlock {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

class Logging : public ::testing::Test {
  protected:
    LoggingObserver observer(LogOptions options = {.least = LogLevel::debug}) {
        return LoggingObserver(
            [this](LogLevel level, std::string_view line) {
                lines_.push_back(std::string(log_level_name(level)) + ": " + std::string(line));
            },
            options);
    }
    template <class E>
    static E event(std::optional<Errc> error = std::nullopt, Nanos at = 100s) {
        E event;
        event.resource = "orders:42";
        event.at = Instant(at);
        event.duration = 1500us;
        event.error = error;
        return event;
    }

    Lines lines_;
};

TEST_F(Logging, says_what_happened_at_the_level_of_what_to_do) {
    auto log = observer();
    log.on_acquire(event<AcquireEvent>());
    log.on_acquire(event<AcquireEvent>(Errc::contended));
    log.on_acquire(event<AcquireEvent>(Errc::no_quorum));
    log.on_release(event<ReleaseEvent>(Errc::rejected_by_server));
    auto extend = event<ExtendEvent>(Errc::no_quorum);
    extend.renewal = true;
    log.on_extend(extend);
    EXPECT_EQ(lines_, (Lines{"debug: acquire orders:42: ok after 1500 us",
                             "debug: acquire orders:42: contended after 1500 us",
                             "warning: acquire orders:42: no_quorum after 1500 us",
                             "error: release orders:42: rejected_by_server after 1500 us",
                             "warning: renewal orders:42: no_quorum after 1500 us"}));
}

TEST_F(Logging, warns_of_losses_and_of_runs_that_outlived_their_lease) {
    auto log = observer();
    auto hold = event<HoldEvent>(Errc::lost);
    hold.end = HoldEnd::lost;
    log.on_hold_end(hold);
    auto run = event<ExecuteEvent>();
    log.on_execute(run);
    run.ran = true;
    log.on_execute(run);
    run.held = true;
    log.on_execute(run);
    log.on_dropped(7);
    EXPECT_EQ(lines_,
              (Lines{"warning: hold orders:42: lost after 1500 us",
                     "debug: execute orders:42: contended after 1500 us",
                     "warning: execute orders:42: ran, and outlived its lease after 1500 us",
                     "debug: execute orders:42: ran after 1500 us",
                     "warning: 7 events were dropped: the observer is too slow"}));
}

TEST_F(Logging, names_the_node_that_is_not_well) {
    auto log = observer({.least = LogLevel::info});
    auto answer = event<NodeAnswerEvent>();
    answer.node = "redis-1";
    answer.vote = NodeVote::granted;
    log.on_node_answer(answer);
    answer.vote = NodeVote::unknown;
    log.on_node_answer(answer);
    EXPECT_EQ(lines_, (Lines{"info: node redis-1: unknown to acquire orders:42 after 1500 us"}));
}

TEST_F(Logging, writes_nothing_below_its_least_level) {
    auto log = observer({.least = LogLevel::error});
    log.on_acquire(event<AcquireEvent>(Errc::no_quorum));
    log.on_dropped(1);
    EXPECT_TRUE(lines_.empty());
}

TEST_F(Logging, is_bounded_in_each_second_and_says_what_it_held_back) {
    auto log = observer({.least = LogLevel::debug, .lines_per_second = 2});
    for (int i = 0; i < 5; ++i) log.on_acquire(event<AcquireEvent>(Errc::no_quorum, 100s));
    log.on_acquire(event<AcquireEvent>(Errc::no_quorum, 100s + 999ms));
    EXPECT_EQ(lines_.size(), 2U);
    log.on_acquire(event<AcquireEvent>(std::nullopt, 100s));  // another level has its own count
    EXPECT_EQ(lines_.size(), 3U);
    log.on_acquire(event<AcquireEvent>(Errc::no_quorum, 101s));
    ASSERT_EQ(lines_.size(), 4U);
    EXPECT_EQ(lines_[3],
              "warning: acquire orders:42: no_quorum after 1500 us (4 lines before this one were "
              "held back)");
}

TEST_F(Logging, bytes_of_a_resource_cannot_break_a_line) {
    auto log = observer();
    auto acquire = event<AcquireEvent>();
    acquire.resource = std::string_view("a\nb\x7f\xff", 5);
    log.on_acquire(acquire);
    EXPECT_EQ(lines_, (Lines{"debug: acquire a\\x0ab\\x7f\\xff: ok after 1500 us"}));
}

}  // namespace
}  // namespace quorumlock
