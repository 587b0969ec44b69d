// Servers that lie: real sockets, a real service, five nodes of which two say anything at all, and
// then three. Nothing crashes or hangs, no memory grows with what they say, and what no honest
// server could have said is no vote. What a lie of the right form can do is in docs/security.md.
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/resp_client.h"
#include "tests/support/service_fixture.h"
#include "tests/support/simulated_server.h"
#include "tools/cli/bench_report.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

/// No operation here takes longer by what was promised; a slow machine is given the rest.
constexpr auto kBound = 60s;

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

bool is(std::string_view command, std::string_view word) {
    return command.find("\r\n" + std::string(word) + "\r\n") != command.npos;
}
/// Of this process for each liar, servers included, which keep no more than one piece of what they
/// say. A reply of 1 MiB (rule N11) is 262,144 integers, each 72 bytes once read, and it may be
/// half read in the instant that is looked at. Sanitizers keep what was freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long kMostKib = 2L << 20;
#else
constexpr long kMostKib = 32L << 10;
#endif

/// ACQUIRE and its kin, by a script or without: all that may be taken for a vote.
bool votes(std::string_view command) {
    return is(command, "EVALSHA") || is(command, "EVAL") || is(command, "SET");
}

/// `reply` to every command that is a vote.
Lies says(std::string reply) {
    return {.answer = [reply = std::move(reply)](std::string_view command, std::string& out,
                                                 std::int64_t) {
        if (votes(command)) out = reply;
    }};
}
/// The same, and then this without end.
Lies goes_on(std::string reply, std::string_view piece) {
    Lies lies = says(std::move(reply));
    while (lies.endless.size() < 16384) lies.endless += piece;
    lies.after_command = "EVALSHA";
    return lies;
}

struct Case {
    const char* name;
    std::function<Lies()> lies;
    /// No honest server says such a thing where it is said: then it is no vote.
    bool absurd = true;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

Lies greets(std::string_view word, std::string reply) {
    return {.answer = [word, reply = std::move(reply)](std::string_view command, std::string& out,
                                                       std::int64_t) {
        if (is(command, word)) out = reply;
    }};
}

Lies swaps() {
    auto kept = std::make_shared<std::map<std::int64_t, std::string>>();
    return {.answer = [kept](std::string_view command, std::string& out, std::int64_t connection) {
        if (!votes(command)) return;
        auto& earlier = (*kept)[connection];
        if (earlier.empty()) {
            earlier = std::exchange(out, {});
        } else {
            out += std::exchange(earlier, {});
        }
    }};
}

Lies counts_backwards() {
    auto next = std::make_shared<std::int64_t>(1'000'000);
    return {.answer = [next](std::string_view command, std::string& out, std::int64_t) {
        if (votes(command)) out = "*2\r\n:1\r\n:" + std::to_string((*next)--) + "\r\n";
    }};
}

Lies pushes(std::string_view keys) {
    Lies lies;
    while (lies.endless.size() < 16384) {
        lies.endless += "*3\r\n" + bulk("message") + bulk("__redis__:invalidate");
        lies.endless += keys;
    }
    lies.after_command = "SUBSCRIBE";
    return lies;
}

Lies is_old_beyond_measure() {
    static int count = 0;
    const std::string run_id = "run" + std::to_string(++count);  // one of its own: rule G2
    return greets("server", bulk("redis_version:7.0.15\r\nrun_id:" + run_id +
                                 "\r\nuptime_in_seconds:9223372036854775807\r\n"
                                 "server_time_usec:9223372036854775807\r\n"));
}

Lies speaks_unasked() {
    return {.answer = [](std::string_view command, std::string& out, std::int64_t) {
        if (votes(command)) out += "+OK\r\n:1\r\n*2\r\n:1\r\n:7\r\n";
    }};
}

Lies names_others() {
    return {.answer = [](std::string_view command, std::string& out, std::int64_t) {
        if (is(command, "GET")) out = bulk(std::string(32, 'f'));
        if (is(command, "PTTL")) out = ":9223372036854775807\r\n";
    }};
}

const std::vector<Case>& cases() {
    static const std::vector<Case> kCases{
        {"an_array_of_arrays", [] { return says("*2\r\n*1\r\n:1\r\n:5\r\n"); }},
        {"an_array_in_place_of_a_number", [] { return says("*1\r\n:1\r\n"); }},
        {"too_many_numbers", [] { return says("*3\r\n:1\r\n:5\r\n:5\r\n"); }},
        {"text_in_place_of_numbers", [] { return says("*2\r\n+1\r\n" + bulk("5")); }},
        {"a_map", [] { return says("%1\r\n+a\r\n:1\r\n"); }},
        {"a_set", [] { return says("~2\r\n:1\r\n:5\r\n"); }},
        {"a_double", [] { return says(",1.0\r\n"); }},
        {"a_double_inside", [] { return says("*2\r\n:1\r\n,5.0\r\n"); }},
        {"a_boolean", [] { return says("#t\r\n"); }},
        {"a_null", [] { return says("_\r\n"); }},
        {"a_push", [] { return says(">2\r\n:1\r\n:5\r\n"); }},
        {"nil", [] { return says("*-1\r\n"); }},
        {"nils_inside", [] { return says("*2\r\n$-1\r\n$-1\r\n"); }},
        {"a_negative_length", [] { return says("*-7\r\n"); }},
        {"a_negative_string", [] { return says("$-7\r\n"); }},
        {"an_array_of_2_to_the_32", [] { return says("*4294967298\r\n:1\r\n:5\r\n"); }},
        {"a_string_of_2_to_the_63", [] { return says("$9223372036854775808\r\n"); }},
        {"a_string_of_2_to_the_64_and_1", [] { return says("$18446744073709551617\r\nx\r\n"); }},
        {"fence_0", [] { return says("*2\r\n:1\r\n:0\r\n"); }},
        {"fence_minus_1", [] { return says("*2\r\n:1\r\n:-1\r\n"); }},
        {"fence_2_to_the_53", [] { return says("*2\r\n:1\r\n:9007199254740992\r\n"); }},
        {"fence_largest", [] { return says("*2\r\n:1\r\n:9223372036854775807\r\n"); }},
        {"fence_2_to_the_63", [] { return says("*2\r\n:1\r\n:9223372036854775808\r\n"); }},
        {"fence_least", [] { return says("*2\r\n:1\r\n:-9223372036854775808\r\n"); }},
        {"granted_7_times", [] { return says("*2\r\n:7\r\n:5\r\n"); }},
        {"refused_for_ever", [] { return says("*2\r\n:0\r\n:9223372036854775807\r\n"); }},
        {"an_endless_line", [] { return goes_on("+", "x"); }},
        {"an_endless_error", [] { return goes_on("-", "x"); }},
        {"an_endless_string", [] { return goes_on("$1048000\r\n", "x"); }},
        {"an_endless_array", [] { return goes_on("*340000\r\n", ":1\r\n"); }},
        {"endless_nesting", [] { return goes_on("*1\r\n", "*1\r\n"); }},
        {"endless_nothing", [] { return goes_on("*0\r\n", "\r\n"); }},
        {"a_client_id_that_is_none", [] { return greets("ID", "*1\r\n:1\r\n"); }},
        {"an_endless_uptime", is_old_beyond_measure, false},
        {"no_sha", [] { return greets("LOAD", ":1\r\n"); }},
        {"fences_backwards", counts_backwards, false},
        {"replies_swapped", swaps, false},
        {"replies_twice",
         [] {
             return Lies{.answer = [](std::string_view command, std::string& out, std::int64_t) {
                 if (votes(command)) out += std::string(out);
             }};
         },
         false},
        {"replies_to_nothing", speaks_unasked, false},
        {"others_tokens", names_others, false},
        {"pushes_of_what_is_waited_for", [] { return pushes("*1\r\n" + bulk("r")); }, false},
        {"pushes_of_strange_keys", [] { return pushes("*2\r\n" + bulk("x") + ":1\r\n"); }, false},
        {"pushes_of_everything", [] { return pushes("*-1\r\n"); }, false},
        {"grants_everything", [] { return says("*2\r\n:1\r\n:7\r\n"); }, false},
        {"says_yes_to_everything", [] { return says(":1\r\n"); }},
    };
    return kCases;
}

class LyingServers : public ::testing::TestWithParam<Case> {
  protected:
    static constexpr std::size_t kNodes = 5;

    void open(std::size_t liars, std::function<Lies()> lies = GetParam().lies) {
        liars_ = liars;
        std::vector<std::string> uris;
        for (std::size_t i = 0; i < kNodes; ++i) {
            servers_.push_back(std::make_unique<SimulatedServer>(i < liars ? lies() : Lies{}));
            uris.push_back(servers_.back()->uri());
        }
        ServiceOptions options;
        options.node_timeout = 2s;
        options.connect_timeout = 3s;
        options.drain_timeout = 50ms;
        options.restart_guard = RestartGuard::off;  // a run_id of the liar's own is no restart
        auto opened = LockService::open(uris, options);
        ASSERT_TRUE(is_ok(opened));
        locks_.emplace(std::move(*opened));
    }
    void TearDown() override {
        if (!locks_) return;
        // Of all that was said nothing has stayed.
        EXPECT_LT(locks_->stats().pooled_bytes, 1u << 20);
        EXPECT_LT(cli::resident_kib() - before_, static_cast<long>(liars_) * kMostKib);
        const Stopwatch watch;
        locks_.reset();
        EXPECT_LT(watch.elapsed(), kBound);
    }

    /// An operation that hangs ends the program: nothing else could be tested behind it.
    template <class T>
    static Result<T> ended(Operation<T> operation) {
        auto future = std::move(operation).as_future();
        if (future.wait_for(kBound) != std::future_status::ready) {
            ADD_FAILURE() << "an operation hangs";
            std::abort();
        }
        return future.get();
    }
    Result<Lock> acquire(Nanos wait = 0s, bool fence = true) {
        AcquireOptions options;
        options.wait = wait;
        options.fence = fence;
        return ended(locks_->acquire("r", options));
    }
    /// Honest servers, the first of which is number `liars_`.
    int holding(std::string_view token) {
        int count = 0;
        for (std::size_t i = liars_; i < kNodes; ++i) {
            RespClient client(servers_[i]->port());
            count += client.command({"GET", "r"}) == token ? 1 : 0;
        }
        return count;
    }
    void occupy(std::size_t server) {
        RespClient client(servers_[server]->port());
        ASSERT_EQ(client.command({"SET", "r", "another's"}), "OK");
    }
    void use(Lock& lock) {
        (void)ended(lock.extend(20s));
        (void)ended(locks_->inspect("r"));
        (void)ended(locks_->extend("r", std::string(32, 'f'), 1s));
        (void)ended(lock.release());
        EXPECT_FALSE(lock.held());
    }

    const long before_ = cli::resident_kib();
    std::size_t liars_ = 0;
    std::vector<std::unique_ptr<SimulatedServer>> servers_;
    std::optional<LockService> locks_;
};

TEST_P(LyingServers, two_of_five_do_not_keep_the_others_from_granting) {
    open(2);
    std::uint64_t fence = 0;
    for (int i = 0; i < 8; ++i) {
        auto lock = acquire(20s);
        ASSERT_TRUE(is_ok(lock)) << i;
        EXPECT_TRUE(lock->held());
        // Before it is released every honest server has granted it, and has been raised to it.
        EXPECT_TRUE(eventually([&] { return holding(lock->token()) == 3; }));
        EXPECT_TRUE(eventually([&] { return lock->votes() >= 3; }));
        EXPECT_GT(lock->fence(), fence);
        fence = lock->fence();
        use(*lock);
    }
}

/// Without those whose lies have the form of a grant: such a one counts.
class AbsurdServers : public LyingServers {
  public:
    static std::vector<Case> cases() {
        std::vector<Case> absurd = testing::cases();
        std::erase_if(absurd, [](const Case& one) { return !one.absurd; });
        return absurd;
    }
};

TEST_P(AbsurdServers, two_of_five_and_fewer_honest_grants_than_a_quorum_hold_nothing) {
    open(2);
    occupy(4);
    for (const bool fence : {true, false}) {
        auto lock = acquire(0s, fence);
        ASSERT_FALSE(lock);
        EXPECT_TRUE(lock.error().code() == Errc::no_quorum ||
                    lock.error().code() == Errc::contended)
            << text_of(lock);
        for (const NodeReport& line : lock.error().nodes()) {
            EXPECT_FALSE(line.cause.find('\n') != line.cause.npos);
            if (line.node != servers_[0]->label() && line.node != servers_[1]->label()) continue;
            EXPECT_NE(line.vote, NodeVote::granted) << text_of(lock);
            EXPECT_FALSE(line.cause.empty()) << text_of(lock);
        }
    }
    auto waited = acquire(300ms);
    EXPECT_FALSE(waited);
    EXPECT_TRUE(eventually([&] { return holding("another's") == 1; }));
}

TEST_P(LyingServers, three_of_five_may_fool_but_nothing_crashes_or_hangs) {
    open(3);
    for (int i = 0; i < 2; ++i) {
        auto lock = acquire(i == 0 ? 0s : 500ms);
        if (lock) use(*lock);
        (void)ended(locks_->inspect("r"));
        (void)ended(locks_->nodes());
    }
}

INSTANTIATE_TEST_SUITE_P(Lies, LyingServers, ::testing::ValuesIn(cases()),
                         [](const auto& given) { return given.param.name; });

INSTANTIATE_TEST_SUITE_P(Lies, AbsurdServers, ::testing::ValuesIn(AbsurdServers::cases()),
                         [](const auto& given) { return given.param.name; });

/// The bound of what is promised: docs/security.md.
class LyingWell : public LyingServers {};

TEST_F(LyingWell, two_that_grant_everything_need_an_honest_one) {
    open(2, [] { return says("*2\r\n:1\r\n:7\r\n"); });
    for (std::size_t i = 2; i < kNodes; ++i) occupy(i);
    EXPECT_TRUE(fails_with(Errc::contended, acquire()));
}

TEST_F(LyingWell, two_that_grant_everything_and_one_honest_grant_are_a_quorum) {
    open(2, [] { return says("+OK\r\n"); });
    occupy(3);
    occupy(4);
    EXPECT_TRUE(is_ok(acquire(0s, false))) << "a lock over lying servers is no lock";
}

TEST_F(LyingWell, a_waiter_ends_under_pushes_without_end_and_is_still_woken) {
    open(2, [] { return pushes("*2\r\n" + bulk("r") + bulk("x")); });
    for (std::size_t i = 0; i < kNodes; ++i) occupy(i);
    EXPECT_TRUE(fails_with(Errc::contended, acquire(1s)));
    AcquireOptions options;
    options.wait = 50s;
    auto waiting = locks_->acquire("r", options);
    for (const auto& server : servers_) {
        EXPECT_EQ(RespClient(server->port()).command({"DEL", "r"}), "1");
    }
    EXPECT_TRUE(is_ok(ended(std::move(waiting))));
}

TEST_F(LyingWell, a_minority_does_not_change_who_is_said_to_hold) {
    open(2, names_others);
    auto lock = acquire();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_TRUE(eventually([&] { return holding(lock->token()) == 3; }));
    const auto found = ended(locks_->inspect("r"));
    ASSERT_TRUE(is_ok(found));
    EXPECT_EQ(found->holder, lock->token());
    EXPECT_EQ(found->votes, 3);
    ASSERT_TRUE(found->remaining.has_value());
    EXPECT_LE(*found->remaining, 30s);
    EXPECT_GT(found->nodes[0].remaining, 1h) << "what it told, without an overflow";
}

}  // namespace
}  // namespace quorumlock::testing
