// Many threads, few names, one NamedLocks that ends under all of it; for the thread sanitizer too.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/named_locks.h>
#include <quorumlock/observer.h>
#include <quorumlock/task.h>

#include "tests/support/service_fixture.h"

namespace quorumlock::testing {
namespace {

using namespace std::chrono_literals;

class NamedStress {
  public:
    static constexpr int kThreads = 16;
    static constexpr int kRounds = 300;
    static constexpr std::size_t kNames = 4;

    NamedStress() : service_(open_service({"memory:"}, observed())) {
        locks_.emplace(NamedLocks::over(service_));
    }

    void run() {
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { thread(i); });
        for (auto& one : threads) one.join();
        EXPECT_GT(inside_total_, kRounds);
        const auto ends = [this] { return counting_->acquired == counting_->held_ends; };
        EXPECT_TRUE(eventually(ends)) << counting_->acquired << " " << counting_->held_ends;
        EXPECT_GE(counting_->acquired, inside_total_.load());
        {
            // What is open when the object ends is answered all the same.
            std::vector<Operation<bool>> open;
            for (std::size_t i = 0; i < kNames; ++i) open.push_back(locks_->try_acquire(name(i)));
            auto running = locks_->execute_async("run", [] { return 7; });
            locks_.reset();
            for (auto& one : open) EXPECT_TRUE(fails_with(Errc::closed, one.get()));
            const auto execution = running.get();
            EXPECT_TRUE(execution ? execution->ran() : bool(fails_with(Errc::closed, execution)));
        }
        EXPECT_TRUE(eventually([this] {
            const ServiceStats stats = service_.stats();
            return stats.leases == 0 && stats.operations == 0;
        }));
    }

  private:
    /// Called by one thread at a time, so that plain numbers would do but for the reader.
    struct Counting final : Observer {
        void on_acquire(const AcquireEvent& event) override {
            const int inside = ++inside_;
            EXPECT_EQ(inside, 1);
            if (!event.error) ++acquired;
            --inside_;
        }
        void on_hold_end(const HoldEvent&) override {
            const int inside = ++inside_;
            EXPECT_EQ(inside, 1);
            ++held_ends;
            --inside_;
        }
        std::atomic<long> acquired{0};
        std::atomic<long> held_ends{0};
        std::atomic<int> inside_{0};
    };

    ServiceOptions observed() const {
        ServiceOptions options = patient();
        options.observer = counting_;
        return options;
    }
    static std::string name(std::size_t number) { return "stress" + std::to_string(number); }

    void thread(int number) {
        for (int round = 0; round < kRounds; ++round) {
            const auto which = static_cast<std::size_t>(round * 7 + number) % kNames;
            switch ((round + number) % 6) {
                case 0:
                    guard(which);
                    break;
                case 1:
                    execute(which);
                    break;
                case 2:
                    await(which);
                    break;
                case 3:
                    interfere(which);
                    break;
                case 4:
                    expire(number, round);
                    break;
                default:
                    cancel(which);
            }
        }
    }

    /// Two at once in here, or an unordered pair, is what TSan and the count would show.
    void inside(std::size_t which) {
        long& counter = counters_[which];
        const long before = counter;
        std::this_thread::yield();
        counter = before + 1;
        inside_total_.fetch_add(1, std::memory_order_relaxed);
    }

    // Guarded names are released by nobody but who acquired them; see interfere().
    void guard(std::size_t which) {
        auto acquired = locks_->try_acquire(name(which)).get();
        ASSERT_TRUE(is_ok(acquired));
        if (!*acquired) return;
        inside(which);
        EXPECT_TRUE(locks_->extend(name(which), 50s).get().value());
        EXPECT_TRUE(locks_->release(name(which)).get().value());
    }
    void execute(std::size_t which) {
        const auto execution = locks_->execute(name(which), [&] { inside(which); });
        ASSERT_TRUE(is_ok(execution));
        EXPECT_EQ(execution->ran(), execution->held());
    }
    void await(std::size_t which) {
        const auto execution = locks_->execute(name(which), [&]() -> Task<int> {
            (void)co_await locks_->extend(name(which), 50s);
            inside(which);
            co_return 7;
        });
        ASSERT_TRUE(is_ok(execution));
        EXPECT_EQ(execution->ran(), execution->held());
    }
    /// Acquire, extend and release of one name by everybody at once: each answer is a possible one.
    void interfere(std::size_t which) {
        const std::string shared = "shared" + std::to_string(which % 2);
        EXPECT_TRUE(is_ok(locks_->try_acquire(shared).get()));
        EXPECT_TRUE(is_ok(locks_->extend(shared, 50s).get()));
        EXPECT_TRUE(is_ok(locks_->release(shared).get()));
        (void)locks_->release(shared);
    }
    void expire(int number, int round) {
        const std::string own = "own" + std::to_string(number);
        const auto acquired = locks_->try_acquire(own, 10ms).get();
        EXPECT_TRUE(acquired || fails_with(Errc::expired, acquired));
        if (round % 2 == 0) std::this_thread::sleep_for(8ms);  // about when it ends
        EXPECT_TRUE(is_ok(locks_->extend(own, 10ms).get()));
        EXPECT_TRUE(is_ok(locks_->release(own).get()));
    }
    void cancel(std::size_t which) {
        std::stop_source source;
        auto asking = locks_->try_acquire(name(which), 30s, source.get_token());
        source.request_stop();
        const auto acquired = asking.get();
        EXPECT_TRUE(acquired || fails_with(Errc::cancelled, acquired));
        if (acquired && *acquired) {
            EXPECT_TRUE(locks_->release(name(which)).get().value());
        }
        auto dropped = locks_->try_acquire(name(which));
    }

    const std::shared_ptr<Counting> counting_ = std::make_shared<Counting>();
    LockService service_;
    std::optional<NamedLocks> locks_;
    std::array<long, kNames> counters_{};
    std::atomic<long> inside_total_{0};
};

TEST(NamedLocksStress, each_answer_is_a_possible_one_and_two_are_never_inside) {
    NamedStress().run();
}

}  // namespace
}  // namespace quorumlock::testing
