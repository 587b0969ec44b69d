// Waiting for a lock on real servers: who is told of what, as the servers themselves count it.
#pragma once

#include <array>
#include <cstdlib>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "tests/integration/five_redis.h"

namespace quorumlock::testing {

class WaitFixture : public FiveRedis {
  protected:
    /// By these a waiter whom the nodes tell of changes does not ask again within 10 s (rule W1)
    /// and one whom they do not tell asks ever more seldom, up to once a minute.
    static ServiceOptions by_push() {
        ServiceOptions options = patient();
        options.retry_delay = std::chrono::milliseconds(5);
        options.retry_delay_max = std::chrono::seconds(60);
        return options;
    }
    /// Far below these 10 s, far above what a busy machine needs.
    static constexpr auto kByPush = std::chrono::seconds(7);

    static AcquireOptions waiting(bool fence = true) {
        return {.ttl = kLongTtl, .wait = std::chrono::seconds(100), .fence = fence};
    }

    /// A number of INFO; 0 where it is not there. `line`: up to the number.
    long info(int i, const std::string& section, const std::string& line) {
        const std::string said = server(i).command({"INFO", section});
        const std::size_t at = said.find("\n" + line);
        return at == said.npos ? 0 : std::atol(said.c_str() + at + 1 + line.size());
    }
    /// How often this server was asked to tell of the next change.
    long armings(int i) { return info(i, "commandstats", "cmdstat_client|caching:calls="); }
    long scripts(int i) { return info(i, "commandstats", "cmdstat_evalsha:calls="); }
    std::vector<long> of_each(const std::function<long(int)>& count) {
        std::vector<long> all;
        for (int i = 0; i < kNodes; ++i) {
            all.push_back(servers_[static_cast<std::size_t>(i)]->running() ? count(i) : 0);
        }
        return all;
    }
    /// All five have been asked to tell, since they said `before`.
    bool all_armed(const std::vector<long>& before = std::vector<long>(kNodes, 0)) {
        return eventually(
            [&] {
                for (int i = 0; i < kNodes; ++i) {
                    if (armings(i) <= before[static_cast<std::size_t>(i)]) return false;
                }
                return true;
            },
            std::chrono::seconds(30));
    }
    /// Whom a waiter asks first, found in what the servers count: it alone is asked in between.
    int gate() {
        const std::vector<long> asked = of_each([this](int i) { return armings(i); });
        int most = 0;
        for (int i = 1; i < kNodes; ++i) {
            if (asked[static_cast<std::size_t>(i)] > asked[static_cast<std::size_t>(most)]) {
                most = i;
            }
        }
        return most;
    }

    /// A waiter behind a holder of another service, told of changes by all five; then `free`
    /// happens, and it has to be woken by that.
    void expect_woken_by(const std::function<void(Lock&)>& free, bool fence = true) {
        LockService holders = open_service(uris());
        auto held = holders.acquire("r", {.ttl = kLongTtl, .fence = fence}).get();
        ASSERT_TRUE(is_ok(held));
        LockService waiters = open_service(uris(), by_push());
        auto waiter = waiters.acquire("r", waiting(fence)).as_future();
        ASSERT_TRUE(all_armed());
        ASSERT_EQ(waiter.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
        free(*held);
        expect_granted(waiter);
    }
    void expect_granted(std::future<Result<Lock>>& waiter,
                        std::chrono::milliseconds within = kByPush) {
        ASSERT_EQ(waiter.wait_for(within), std::future_status::ready) << "it was not woken";
        auto lock = waiter.get();
        ASSERT_TRUE(is_ok(lock));
        EXPECT_TRUE(lock->held());
        EXPECT_TRUE(is_ok(lock->release().get()));
    }
};

}  // namespace quorumlock::testing
