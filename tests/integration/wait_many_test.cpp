// Many waiters: quiet while nothing happens, and each gets its turn.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/integration/wait_support.h"
#include "tools/cli/bench_report.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

/// Waiters that give the lock back as soon as they have it, and in which order they had it.
class Turns {
  public:
    void start(LockService& service, std::string_view resource, const AcquireOptions& options) {
        const int number = started_++;
        service.acquire(resource, options).then([this, number](Result<Lock> lock) {
            const std::lock_guard guard(mutex_);
            if (lock) {
                order_.push_back(number);
            } else {
                failed_.push_back(lock.error().to_string());
            }
            changed_.notify_all();
        });  // Here the handle ends, and with it the holding.
    }
    bool all_had_theirs(std::chrono::seconds limit) {
        std::unique_lock guard(mutex_);
        return changed_.wait_for(guard, limit, [this] {
            return order_.size() + failed_.size() == static_cast<std::size_t>(started_);
        });
    }
    std::vector<int> order() const {
        const std::lock_guard guard(mutex_);
        return order_;
    }
    std::vector<std::string> failed() const {
        const std::lock_guard guard(mutex_);
        return failed_;
    }

  private:
    int started_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<int> order_;
    std::vector<std::string> failed_;
};

class WaitManyTest : public WaitFixture {
  protected:
    static ServiceOptions for_many() {
        ServiceOptions options = patient();
        options.max_backlog = 100'000;
        return options;
    }
    static std::string name(int i) { return "r" + std::to_string(i); }
    static std::vector<Lock> hold(LockService& service, int count) {
        std::vector<Operation<Lock>> open;
        for (int i = 0; i < count; ++i) open.push_back(service.acquire(name(i), {.ttl = 60s}));
        std::vector<Lock> held;
        for (auto& one : open) {
            auto lock = one.get();
            EXPECT_TRUE(is_ok(lock));
            if (lock) held.push_back(std::move(*lock));
        }
        return held;
    }
    long processed(int i) { return info(i, "stats", "total_commands_processed:"); }
};

}  // namespace

TEST_F(WaitManyTest, two_thousand_waiters_are_quiet) {
    constexpr int kWaiters = 1000;
    constexpr auto kQuiet = 3s;
    LockService holders = open_service(uris(), for_many());
    std::vector<Lock> held = hold(holders, kWaiters + 1);
    LockService service = open_service(uris(), for_many());
    Turns turns;
    for (int i = 0; i < kWaiters; ++i) turns.start(service, name(i), waiting());
    for (int i = 0; i < kWaiters; ++i) turns.start(service, name(kWaiters), waiting());
    const auto armed = [&] {
        return info(0, "stats", "tracking_total_keys:") > kWaiters && armings(0) > kWaiters;
    };
    ASSERT_TRUE(eventually(armed, 60s));
    std::this_thread::sleep_for(2s);  // The others of the five are asked within one (rule W4).

    const std::vector<long> before = of_each([this](int i) { return processed(i); });
    const double cpu_before = cli::process_cpu_us();
    std::this_thread::sleep_for(kQuiet);
    const double cpu_share = (cli::process_cpu_us() - cpu_before) / 1e6 / 3;
    const std::vector<long> after = of_each([this](int i) { return processed(i); });
    for (int i = 0; i < kNodes; ++i) {
        const auto n = static_cast<std::size_t>(i);
        std::printf("server %d: %.3f commands a waiter\n", i,
                    static_cast<double>(after[n] - before[n]) / (2 * kWaiters));
        // One question of each line, of two commands, may fall into this time. Asking every
        // retry_delay_max would be 15 questions.
        EXPECT_LT(after[n] - before[n], 4 * kWaiters) << "server " << i;
    }
    std::printf("cpu: %.2f %% of one core\n", 100 * cpu_share);
    EXPECT_LT(cpu_share, 0.2);

    held.clear();
    EXPECT_TRUE(turns.all_had_theirs(60s));
    EXPECT_EQ(turns.failed(), std::vector<std::string>());
}

TEST_F(WaitManyTest, ten_thousand_on_one_resource_have_their_turns_in_order) {
    constexpr int kWaiters = 10'000;
    LockService holders = open_service(uris(), for_many());
    std::vector<Lock> held = hold(holders, 1);
    LockService service = open_service(uris(), for_many());
    ASSERT_TRUE(is_ok(service.nodes().get()));
    Turns turns;
    const long before = cli::resident_kib();
    for (int i = 0; i < kWaiters; ++i) turns.start(service, name(0), waiting());
    ASSERT_TRUE(all_armed());
    std::printf("%ld bytes a waiter\n", (cli::resident_kib() - before) * 1024 / kWaiters);
    held.clear();
    ASSERT_TRUE(turns.all_had_theirs(90s));
    EXPECT_EQ(turns.failed(), std::vector<std::string>());
    const std::vector<int> order = turns.order();
    ASSERT_EQ(order.size(), static_cast<std::size_t>(kWaiters));
    for (std::size_t i = 0; i < order.size(); ++i) {
        ASSERT_EQ(order[i], static_cast<int>(i)) << "first come, first served";
    }
    EXPECT_TRUE(clean(name(0)));
}

TEST_F(WaitManyTest, one_on_each_of_ten_thousand_resources_all_have_theirs) {
    constexpr int kWaiters = 10'000;
    LockService holders = open_service(uris(), for_many());
    std::vector<Lock> held = hold(holders, kWaiters);
    ASSERT_EQ(held.size(), static_cast<std::size_t>(kWaiters));
    LockService service = open_service(uris(), for_many());
    ASSERT_TRUE(is_ok(service.nodes().get()));
    Turns turns;
    const long before = cli::resident_kib();
    for (int i = 0; i < kWaiters; ++i) turns.start(service, name(i), waiting());
    ASSERT_TRUE(eventually([&] { return armings(0) + armings(1) > kWaiters / 5; }, 60s));
    std::printf("%ld bytes a waiter\n", (cli::resident_kib() - before) * 1024 / kWaiters);
    held.clear();
    ASSERT_TRUE(turns.all_had_theirs(90s));
    EXPECT_EQ(turns.failed(), std::vector<std::string>());
    EXPECT_EQ(turns.order().size(), static_cast<std::size_t>(kWaiters));
    EXPECT_TRUE(eventually([&] { return service.stats().leases == 0; }, 30s));
}

}  // namespace quorumlock::testing
