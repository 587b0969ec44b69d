// The hand-on of the lead (lib/env/hand_on.h) in all interleavings of the threads that LoopRunner
// puts around it: up to three callers and the own thread, with every order of locking, waking,
// answering and lingering. In every state that can be reached
//
//  - one thread is inside the loop or none, and the lead is with somebody who comes to take it;
//  - a leader that waits for events has no work, or is about to be woken;
//  - callers are lined up only behind a leader, and one whose operation is done is being woken;
//  - a free lead is the own thread's at once while a callback is expected, else after a linger in
//    which nobody took it, and not before; during one long lead of a caller it sleeps;
//  - the own thread gives it up when callers are lined up and nothing is expected, and only then;
//  - callbacks run one at a time, never by a thread that keeps the lead, and never wait for a
//    thread that rests;
//  - a follower is woken once, while it is in wait(), and for a reason;
//  - all calls, callbacks and dropped operations can still come to their end.
//
// That the model bites is shown by Mistake, a list of wrong LoopRunners. Of HandOn itself each of
// these changes was tried and is found:
//  - give_up() leaves a sleeping own thread asleep; hands on to nobody although callers are lined
//    up or a callback is expected; prefers a caller to the callback; leaves the new leader in line
//    or does not tell it that it leads;
//  - line_up() never interrupts; leave_line() does nothing, or loses those in front or behind;
//  - expect() leaves a free lead alone, or does not count;
//  - own_step() sleeps while the lead is free or while callers come and go; takes a lead that
//    others use, or a caller's; lingers for ever; does not mind what is expected; does not tell
//    that it rests, or that it no longer does;
//  - keep_leading() is always true, always false, or does not mind what is expected.
#include <string>

#include <gtest/gtest.h>

#include "tests/model/hand_on_world.h"
#include "tests/model/walk.h"

namespace quorumlock::env {
namespace {

using enum Call;

enum class Tasks : bool { take_time, may_be_done_at_once };

/// The failure, with its trace; empty: none in any interleaving.
std::string walk(const HandOnWorld::Programs& callers, Tasks tasks,
                 Mistake mistake = Mistake::none) {
    HandOnWorld world(callers, tasks == Tasks::may_be_done_at_once, mistake);
    return model::walk(world).failure;
}

TEST(HandOnModel, three_blocking_callers) {
    EXPECT_EQ(walk({{get}, {get}, {get}}, Tasks::may_be_done_at_once), "");
}

TEST(HandOnModel, callers_that_block_again_and_again) {
    EXPECT_EQ(walk({{get, get, get}, {get, get}}, Tasks::take_time), "");
    EXPECT_EQ(walk({{get, get}, {get}, {get}}, Tasks::take_time), "");
}

TEST(HandOnModel, a_dropped_operation_is_carried_out_while_nobody_waits) {
    EXPECT_EQ(walk({{drop, get}, {get}, {drop}}, Tasks::may_be_done_at_once), "");
}

TEST(HandOnModel, callbacks_beside_blocking_callers) {
    EXPECT_EQ(walk({{get, get}, {then}, {get}}, Tasks::take_time), "");
    EXPECT_EQ(walk({{get}, {then, get}}, Tasks::may_be_done_at_once), "");
}

TEST(HandOnModel, callbacks_that_call_the_service_again) {
    EXPECT_EQ(walk({{get}, {chain}, {get}}, Tasks::take_time), "");
    EXPECT_EQ(walk({{chain}, {chain}}, Tasks::may_be_done_at_once), "");
}

TEST(HandOnModel, the_own_thread_ends_beside_callers_and_what_comes_later_is_done_all_the_same) {
    EXPECT_EQ(walk({{get}, {get}, {close}}, Tasks::take_time), "");
    EXPECT_EQ(walk({{get}, {chain}, {close}}, Tasks::take_time), "");
    EXPECT_EQ(walk({{get, then}, {drop}, {close}}, Tasks::may_be_done_at_once), "");
}

struct Wrong {
    Mistake mistake;
    const char* name;
    HandOnWorld::Programs callers;
    const char* finding;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class HandOnMistake : public ::testing::TestWithParam<Wrong> {};

TEST_P(HandOnMistake, is_found) {
    const Wrong& wrong = GetParam();
    const std::string found = walk(wrong.callers, Tasks::may_be_done_at_once, wrong.mistake);
    EXPECT_EQ(found.substr(0, found.find(", after ")), wrong.finding) << found;
    EXPECT_EQ(walk(wrong.callers, Tasks::may_be_done_at_once), "");
}

constexpr const char* kKeepsLead = "the own thread keeps the lead although callers are blocked";
constexpr const char* kNobody = "nobody leads, and the own thread sleeps";
constexpr const char* kIdle = "work is queued, and the leader waits for events";

INSTANTIATE_TEST_SUITE_P(
    LoopRunner, HandOnMistake,
    ::testing::Values(
        Wrong{Mistake::does_not_interrupt, "does_not_interrupt", {{get}}, kKeepsLead},
        Wrong{Mistake::does_not_wake_own, "does_not_wake_own", {{get}}, kNobody},
        Wrong{Mistake::own_never_lingers, "own_never_lingers", {{get}}, kNobody},
        Wrong{Mistake::own_leads_in_callbacks,
              "own_leads_in_callbacks",
              {{then}},
              "a callback runs while its thread keeps the lead"},
        Wrong{Mistake::own_keeps_leading, "own_keeps_leading", {{get}}, kKeepsLead},
        Wrong{Mistake::set_leaves_line_alone,
              "set_leaves_line_alone",
              {{get}},
              "the lead is a caller's, and none takes it"},
        Wrong{Mistake::set_forgets_the_follower,
              "set_forgets_the_follower",
              {{get}, {get}},
              "an operation is done, and its caller sleeps"},
        Wrong{Mistake::looks_too_early, "looks_too_early", {{get}}, kIdle},
        Wrong{Mistake::does_not_wake_the_poller, "does_not_wake_the_poller", {{get}}, kIdle},
        Wrong{Mistake::expects_silently,
              "expects_silently",
              {{then}},
              "the lead is the own thread's, and it does not take it"},
        Wrong{Mistake::calls_back_silently,
              "calls_back_silently",
              {{get}, {then}},
              "callbacks are queued, and the own thread rests"},
        Wrong{Mistake::ends_beside_a_leader,
              "ends_beside_a_leader",
              {{get}, {close}},
              "the loop's work is done outside it"},
        Wrong{
            Mistake::ends_for_good, "ends_for_good", {{then}, {close}}, "all wait for each other"}),
    [](const auto& wrong) { return wrong.param.name; });

}  // namespace
}  // namespace quorumlock::env
