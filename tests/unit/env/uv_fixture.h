// What the tests of the real Env share: a turn watcher, a stream's user, and a loop that is run
// until something has happened.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/env/uv_env.h"
#include "tests/unit/env/loopback.h"

namespace quorumlock::env {

/// Counts, and does what a test wants done at each point of a turn.
struct Turns : UvEnv::TurnEvents {
    void before_wait() override {
        ++before_waits;
        log += 'b';
        if (on_before_wait) on_before_wait();
    }
    bool about_to_wait() override {
        log += 'a';
        return stay_awake || (done && done());
    }
    void woke() override {
        log += 'w';
        if (on_woke) on_woke();
    }

    int before_waits = 0;
    std::string log;  ///< One letter a call.
    bool stay_awake = false;
    std::function<bool()> done;  ///< No reason to wait any more.
    std::function<void()> on_before_wait;
    std::function<void()> on_woke;
};

struct Call : Timer, Task {
    explicit Call(std::function<void()> f) : what(std::move(f)) {}
    void fire() override { what(); }
    void run() override { what(); }
    std::function<void()> what;
};

/// Notes what its stream tells it; the hooks run last and may destroy the stream.
struct User : StreamEvents {
    void on_open() override {
        ++opened;
        if (then_open) then_open();
    }
    void on_data(const char* bytes, std::size_t size) override {
        ++reads;
        data.append(bytes, size);
        if (then_data) then_data();
    }
    void on_closed(std::string_view reason) override {
        ++closed;
        why = reason;
        if (then_closed) then_closed();
    }

    int opened = 0;
    int reads = 0;
    int closed = 0;
    std::string data;
    std::string why;
    std::function<void()> then_open, then_data, then_closed;
    std::unique_ptr<Stream> stream;
};

struct Answered : LookupEvents {
    void on_addresses(std::span<const std::string> found, std::string_view reason) override {
        ++answers;
        addresses.assign(found.begin(), found.end());
        why = reason;
        if (then) then();
    }
    int answers = 0;
    std::vector<std::string> addresses;
    std::string why;
    std::function<void()> then;
    std::unique_ptr<Lookup> lookup;
};

class UvEnvTest : public ::testing::Test {
  protected:
    UvEnvTest() {
        auto made = UvEnv::create(nullptr, turns);
        EXPECT_TRUE(made);
        env = std::move(*made);
    }

    /// Turns the loop until `done` says so. False when that takes a minute: it never will.
    bool run_until(const std::function<bool()>& done) {
        bool late = false;
        Call guard([&] { late = true; });
        env->arm(guard, env->now() + std::chrono::minutes(1));
        turns.done = done;
        while (!done() && !late) env->turn(true);
        turns.done = nullptr;
        return done();
    }
    void connect(User& user, const Endpoint& to) { user.stream = env->connect(to, user); }
    /// Connects and answers the server's end.
    Descriptor connected(User& user, const Listener& listener) {
        connect(user, listener.endpoint());
        EXPECT_TRUE(run_until([&] { return user.opened == 1; })) << user.why;
        return listener.accept();
    }

    Turns turns;
    std::unique_ptr<UvEnv> env;
};

}  // namespace quorumlock::env
