// What a server tells unasked goes over a connection like any other: it takes its time, waits for
// a server that is frozen, and is lost with the connection.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "lib/resp/writer.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_process.h"
#include "tests/sim/sim_server.h"

namespace quorumlock::sim {
namespace {

const std::string kPush = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n";

class NoEvents final : public ServerEvents {
  public:
    void on_command(SimServer&, Link*, std::int64_t,
                    const std::vector<std::string_view>&) override {}
    void on_key_set(SimServer&, Link*, std::string_view, std::string_view, WallMicros) override {}
    void on_key_gone(SimServer&, Link*, std::string_view, std::string_view, Gone) override {}
    void on_greeted(Link&) override {}
    void on_clock_changed(SimServer&, bool) override {}
};

/// One connection of the process, and what has come over it.
class Wire final : public env::StreamEvents {
  public:
    explicit Wire(SimProcess& process) : process_(process) {
        process.lead([this] { stream_ = process_.connect({"10.0.0.0", 6379, {}}, *this); });
    }
    void say(const std::vector<std::string_view>& words) {
        std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
        for (const std::string_view word : words) {
            bytes.append("$" + std::to_string(word.size()) + "\r\n").append(word).append("\r\n");
        }
        process_.lead([&] { stream_->write(bytes); });
    }
    std::string heard() { return std::exchange(heard_, {}); }
    bool closed() const noexcept { return closed_; }

  private:
    void on_open() override {}
    void on_data(const char* bytes, std::size_t size) override { heard_.append(bytes, size); }
    void on_closed(std::string_view) override { closed_ = true; }

    SimProcess& process_;
    std::unique_ptr<env::Stream> stream_;
    std::string heard_;
    bool closed_ = false;
};

class SimPush : public ::testing::Test {
  protected:
    explicit SimPush(std::uint64_t seed = 1) : seed_(seed) {
        network.add_address("10.0.0.0", 6379, &server, false);
        network.path(0, 0).base = kMilli;
        main = std::make_unique<Wire>(process);
        ear = std::make_unique<Wire>(process);
        pass(10 * kMilli);
        // The server numbers them in the order in which they come.
        ear->say({"CLIENT", "ID"});
        pass(10 * kMilli);
        const std::string id = ear->heard();
        ear->say({"SUBSCRIBE", "__redis__:invalidate"});
        pass(10 * kMilli);
        main->say({"CLIENT", "TRACKING", "ON", "REDIRECT", id.substr(1, id.size() - 3), "OPTIN"});
        pass(10 * kMilli);
        ear->heard();
    }
    void pass(Time time) {
        for (const Time end = world.now() + time; world.step(end);) {
        }
    }
    void remember(std::string_view lease_ms = "60000") {
        main->say({"SET", "k", "v", "PX", lease_ms});
        main->say({"CLIENT", "CACHING", "YES"});
        main->say({"PTTL", "k"});
        pass(10 * kMilli);
    }
    Link& link_of_ear() { return *network.links()[1]; }
    /// How long until something was heard; kNever when nothing was.
    Time until_heard(Time most) {
        const Time began = world.now();
        while (world.step(began + most)) {
            if (ear->heard() == kPush) return world.now() - began;
        }
        return kNever;
    }

    const std::uint64_t seed_;
    Trace trace;
    World world{trace};
    Network network{world, seed_, 1, 1, {}};
    Names names{};
    NoEvents events;
    SimServer server{world, seed_, 0, {.wall = 1'700'000'000'000'000}, events};
    SimProcess process{world, network, names, seed_, 0, {}};
    std::unique_ptr<Wire> main, ear;
};

TEST_F(SimPush, takes_its_way_whoever_has_caused_it) {
    remember();
    server.execute({"DEL", "k"});
    EXPECT_EQ(until_heard(kSecond), kMilli);
    EXPECT_EQ(until_heard(kSecond), kNever);
    remember();
    network.path(0, 0).extra[1] = 20 * kMilli;
    main->say({"DEL", "k"});
    const Time late = until_heard(kSecond);
    EXPECT_GT(late, 2 * kMilli);
    EXPECT_LT(late, 23 * kMilli);
}

TEST_F(SimPush, waits_while_the_way_is_closed) {
    remember();
    network.path(0, 0).blocked[1] = 1;
    server.execute({"DEL", "k"});
    EXPECT_EQ(until_heard(kSecond), kNever);
    network.path(0, 0).blocked[1] = 0;
    EXPECT_LT(until_heard(2 * kSecond), 2 * kSecond);
}

TEST_F(SimPush, waits_for_a_server_that_is_frozen) {
    remember();
    server.freeze();
    server.flush_all();
    pass(kSecond);
    EXPECT_EQ(ear->heard(), "");
    server.thaw();
    pass(10 * kMilli);
    EXPECT_EQ(ear->heard(), "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n");
}

TEST_F(SimPush, is_lost_with_its_connection) {
    remember();
    link_of_ear().cut_reply = true;
    pass(kSecond);
    EXPECT_FALSE(ear->closed());
    server.execute({"DEL", "k"});
    EXPECT_EQ(until_heard(kSecond), kNever);
    EXPECT_TRUE(ear->closed());
    EXPECT_FALSE(main->closed());
    remember();
    server.execute({"DEL", "k"});  // Nobody is there to be told.
    pass(kSecond);
    EXPECT_FALSE(main->closed());
}

TEST_F(SimPush, never_comes_over_a_dead_connection) {
    remember();
    link_of_ear().go_dead();
    server.execute({"DEL", "k"});
    EXPECT_EQ(until_heard(60 * kSecond), kNever);
    EXPECT_FALSE(ear->closed());
}

TEST_F(SimPush, is_forgotten_by_a_new_process) {
    remember();
    server.crash(false);
    pass(10 * kMilli);
    EXPECT_TRUE(ear->closed());
    server.start_again(true);
    server.execute({"DEL", "k"});
    EXPECT_EQ(until_heard(kSecond), kNever);
}

class SimPushOfExpiry : public SimPush, public ::testing::WithParamInterface<int> {
  protected:
    SimPushOfExpiry() : SimPush(static_cast<std::uint64_t>(GetParam())) {}
};

TEST_P(SimPushOfExpiry, comes_up_to_150_ms_late_unless_somebody_asks) {
    std::set<Time> seen;
    for (int i = 0; i < 20; ++i) {
        main->say({"SET", "k", "v", "PX", "50"});
        main->say({"CLIENT", "CACHING", "YES"});
        main->say({"PTTL", "k"});
        const Time late = until_heard(kSecond);
        EXPECT_GE(late, 50 * kMilli);
        EXPECT_LE(late, 205 * kMilli);
        seen.insert(late / (10 * kMilli));
        ear->heard();
    }
    EXPECT_GT(seen.size(), 5U);
    remember("50");
    pass(41 * kMilli);
    main->say({"GET", "k"});
    EXPECT_LE(until_heard(kSecond), 3 * kMilli);
}

TEST_P(SimPushOfExpiry, does_not_come_from_a_frozen_server) {
    remember("50");
    server.freeze();
    EXPECT_EQ(until_heard(kSecond), kNever);
    server.thaw();
    EXPECT_LE(until_heard(kSecond), 152 * kMilli);
}

INSTANTIATE_TEST_SUITE_P(Seed, SimPushOfExpiry, ::testing::Range(1, 6));

}  // namespace
}  // namespace quorumlock::sim
