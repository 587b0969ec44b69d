// Nodes of users' own under the real service, on its real loop.
#include <gtest/gtest.h>
#include <uv.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/named_locks.h>
#include <quorumlock/simple_node.h>

#include "tests/support/service_fixture.h"

namespace quorumlock::testing {
namespace {

using namespace std::chrono_literals;
using nodes::Ask;
using nodes::Outcome;
using nodes::Reply;

/// A server far away: it answers from threads of its own, in any order, also too late.
class FarNode final : public nodes::SimpleNode {
  public:
    explicit FarNode(std::shared_ptr<nodes::Loop> its)
        : SimpleNode(std::move(its), "far", "far away") {}

    void perform(const Ask& ask, Reply reply) override {
        std::thread([keys = keys_, step = ask.step, resource = std::string(ask.resource),
                     token = std::string(ask.token != nullptr ? ask.token->view() : ""),
                     reply = std::move(reply)]() mutable {
            const std::lock_guard lock(keys->mutex);
            std::string& holder = keys->holder[resource];
            const bool free = holder.empty();
            const bool ours = holder == token;
            if (step == nodes::Step::acquire) {
                if (free) holder = token;
                reply({.outcome = free ? Outcome::granted : Outcome::refused});
            } else if (step == nodes::Step::release) {
                if (ours) holder.clear();
                reply({.outcome = ours   ? Outcome::released
                                  : free ? Outcome::absent
                                         : Outcome::taken});
            } else {
                reply({.outcome = ours   ? Outcome::extended
                                  : free ? Outcome::absent
                                         : Outcome::taken,
                       .text = holder});
            }
        }).detach();
    }

  private:
    struct Keys {
        std::mutex mutex;
        std::map<std::string, std::string> holder;
    };
    std::shared_ptr<Keys> keys_ = std::make_shared<Keys>();
};

nodes::NodeFactory far() {
    return [](std::shared_ptr<nodes::Loop> loop) { return std::make_unique<FarNode>(loop); };
}

ServiceOptions over(std::vector<nodes::NodeFactory> factories) {
    ServiceOptions options = patient();
    options.nodes = std::move(factories);
    return options;
}

TEST(own_nodes, answers_come_from_other_threads) {
    LockService locks = open_service({}, over({far(), far(), far()}));
    for (int i = 0; i < 200; ++i) {
        auto lock = locks.try_acquire("r").get();
        ASSERT_TRUE(is_ok(lock)) << i;
        EXPECT_TRUE(fails_with(Errc::contended, locks.try_acquire("r").get()));
        ASSERT_TRUE(is_ok(lock->release().get()));
    }
}

TEST(own_nodes, stand_beside_those_of_the_uris) {
    LockService locks = open_service({"memory:?name=m"}, over({far(), far()}));
    auto told = locks.nodes().get();
    ASSERT_TRUE(is_ok(told));
    ASSERT_EQ(told->size(), 3U);
    EXPECT_EQ((*told)[0].kind, "memory");
    EXPECT_EQ((*told)[2].kind, "far");
    EXPECT_EQ((*told)[2].node, "far away");
    EXPECT_TRUE(is_ok(locks.try_acquire("r").get()));
}

TEST(own_nodes, serve_locks_by_name) {
    auto locks = NamedLocks::open({}, over({far()}));
    ASSERT_TRUE(is_ok(locks));
    EXPECT_TRUE(locks->try_acquire("r").get().value());
    EXPECT_FALSE(locks->try_acquire("r").get().value());
}

TEST(own_nodes, are_counted_and_must_be_there) {
    const auto none = LockService::open({}, over({}));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, none));
    const auto many = LockService::open({}, over(std::vector(33, far())));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, many));
    const auto posts = [](std::shared_ptr<nodes::Loop> loop) {
        loop->post([] { FAIL() << "its service was never opened"; });
        return std::make_unique<FarNode>(loop);
    };
    const auto null = LockService::open({}, over({posts, [](auto) { return nullptr; }}));
    ASSERT_TRUE(fails_with(Errc::invalid_argument, null));
    EXPECT_TRUE(says(null.error(), {"nodes[1]"}));
    EXPECT_TRUE(fails_with(Errc::invalid_argument, LockService::open({}, over({nullptr}))));
}

// A thread of a node may be late for everything: the close, the node's end, the service's.
TEST(own_nodes, a_thread_may_post_at_any_time) {
    for (int round = 0; round < 50; ++round) {
        std::shared_ptr<nodes::Loop> loop;
        std::atomic<int> ran{0};
        std::atomic<bool> gone{false};
        std::vector<std::thread> threads;
        {
            LockService locks = open_service({}, over({[&](std::shared_ptr<nodes::Loop> its) {
                                                 loop = its;
                                                 return std::make_unique<FarNode>(std::move(its));
                                             }}));
            for (int i = 0; i < 3; ++i) {
                threads.emplace_back([&] {
                    for (int n = 0; n < 200; ++n) {
                        loop->post([&] {
                            EXPECT_FALSE(gone);
                            ++ran;
                        });
                    }
                });
            }
            (void)locks.try_acquire("r").get();
        }
        gone = true;
        for (auto& thread : threads) thread.join();
        EXPECT_LE(ran, 600);
        if (round == 0) {
            EXPECT_GE(ran, 0);
        }
    }
}

TEST(own_nodes, what_one_thread_posts_runs_in_order_on_one_thread_at_a_time) {
    std::shared_ptr<nodes::Loop> loop;
    std::vector<int> ran;
    LockService locks = open_service({}, over({[&](std::shared_ptr<nodes::Loop> its) {
                                         loop = its;
                                         return std::make_unique<FarNode>(std::move(its));
                                     }}));
    std::atomic<bool> done{false};
    for (int i = 0; i < 1000; ++i) {
        loop->post([&, i] {
            ran.push_back(i);
            if (i == 999) {
                // A post may post, and time may be set from the loop.
                loop->post([&] { loop->after(1ms, [&] { done = true; }); });
            }
        });
    }
    ASSERT_TRUE(eventually([&] { return done.load(); }));
    ASSERT_EQ(ran.size(), 1000U);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST(own_nodes, live_in_a_callers_loop) {
    uv_loop_t loop;
    ASSERT_EQ(uv_loop_init(&loop), 0);
    std::string told;
    {
        ServiceOptions options = over({far(), far(), far()});
        options.loop = &loop;
        LockService locks = open_service({}, options);
        std::optional<Lock> held;
        locks.acquire("r").then([&](Result<Lock> lock) {
            told = text_of(lock);
            if (lock) held.emplace(std::move(lock).value());
        });
        uv_run(&loop, UV_RUN_DEFAULT);
        held.reset();
        bool closed = false;
        locks.close().then([&](Result<void> result) { closed = result.has_value(); });
        uv_run(&loop, UV_RUN_DEFAULT);
        EXPECT_TRUE(closed);
    }
    EXPECT_EQ(told, "ok");
    EXPECT_EQ(uv_loop_close(&loop), 0);
}

}  // namespace
}  // namespace quorumlock::testing
