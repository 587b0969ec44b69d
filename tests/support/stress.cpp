#include "tests/support/stress.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/service_fixture.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

Stress::Stress(LockService service, int rounds)
    : service_(std::move(service)),
      rounds_(rounds),
      ended_(static_cast<std::size_t>(kThreads) * static_cast<std::size_t>(rounds)) {
    for (std::size_t i = 0; i < kResources; ++i) names_[i] = "stress" + std::to_string(i);
}

void Stress::run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { thread(i); });
    most_have_ended_.get_future().wait();
    EXPECT_TRUE(is_ok(service_->close().get()));
    for (std::thread& one : threads) one.join();
    all_have_ended_.get_future().wait();
    EXPECT_TRUE(eventually([this] {
        const ServiceStats stats = service_->stats();
        return stats.leases == 0 && stats.operations == 0;
    }));
    service_.reset();  // joins the thread that called back

    for (const auto& times : ended_) ASSERT_EQ(times, 1);
    long counted = 0;
    for (const long counter : counters_) counted += counter;
    EXPECT_EQ(counted, worked_);
    EXPECT_GT(counted, static_cast<long>(ended_.size() / 4));
}

void Stress::thread(int number) {
    for (int round = 0; round < rounds_; ++round) {
        start(static_cast<Id>(round) * kThreads + static_cast<Id>(number));
    }
}

void Stress::start(Id id) {
    switch ((id / kThreads + id) % 9) {
        case 0:
            return block(id);
        case 1:
            return call_back(id);
        case 2:
            await(id);
            return;
        case 3:
            return in_future(id);
        case 4:
            return cancel(id);
        case 5:
            return drop(id);
        case 6:
            return extend_and_forget(id);
        case 7:
            return lose(id);
        default:
            return look(id);
    }
}

// ---- the ways to take a lock ----

void Stress::block(Id id) {
    auto lock = service_->acquire(resource_of(id), waiting()).get();
    if (got(lock)) {
        work(id, *lock);
        expect_end(lock->release().get());
        EXPECT_FALSE(lock->held());
    }
    end(id);
}

void Stress::call_back(Id id) {
    service_->acquire(resource_of(id), waiting()).then([this, id](Result<Lock> lock) {
        if (!got(lock)) return end(id);
        work(id, *lock);
        lock->release().then([this, id](Result<void> released) {
            expect_end(released);
            end(id);
        });
    });
}

Detached Stress::await(Id id) {
    auto lock = co_await service_->acquire(resource_of(id), waiting());
    if (got(lock)) {
        expect_end(co_await lock->extend(40s));
        work(id, *lock);
        expect_end(co_await lock->release());
    }
    end(id);
}

void Stress::in_future(Id id) {
    auto lock = service_->acquire(resource_of(id), waiting()).as_future().get();
    if (got(lock)) work(id, *lock);
    end(id);  // the destructor releases
}

void Stress::cancel(Id id) {
    std::stop_source source;
    AcquireOptions options = waiting();
    options.stop = source.get_token();
    auto asked = service_->acquire(resource_of(id), std::move(options));
    std::this_thread::yield();
    source.request_stop();
    auto lock = asked.get();
    if (lock) {
        work(id, *lock);
    } else {
        const Errc code = lock.error().code();
        EXPECT_TRUE(code == Errc::cancelled || code == Errc::closed) << text_of(lock);
    }
    end(id);
}

void Stress::drop(Id id) {
    { auto dropped = service_->acquire(resource_of(id), waiting()); }
    end(id);
}

void Stress::extend_and_forget(Id id) {
    auto lock = service_->acquire(resource_of(id), waiting()).get();
    if (got(lock)) {
        expect_end(lock->extend(40s).get());
        work(id, *lock);
        Lock other = std::move(lock).value();  // let go of in the background
        (void)other.extend(50s);
        (void)other.release();
    }
    end(id);
}

void Stress::lose(Id id) {
    auto lock = service_->acquire("lost" + std::to_string(id), {.ttl = 10ms}).get();
    if (lock) {
        std::atomic<int> told{0};
        std::stop_callback on_loss(lock->lost(), [&] {
            EXPECT_FALSE(lock->held());
            ++told;
        });
        EXPECT_TRUE(eventually([&] { return told != 0; }));
        EXPECT_EQ(told, 1);
        EXPECT_TRUE(lock->lost().stop_requested());
    } else {
        const Errc code = lock.error().code();
        EXPECT_TRUE(code == Errc::expired || code == Errc::closed) << text_of(lock);
    }
    end(id);
}

void Stress::look(Id id) {
    const auto seen = service_->inspect(resource_of(id)).get();
    EXPECT_TRUE(seen ? seen->votes >= 0 : bool(fails_with(Errc::closed, seen)));
    (void)service_->nodes().get();
    end(id);
}

// ---- what all share ----

AcquireOptions Stress::waiting() const { return {.ttl = 30s, .wait = 60s}; }

bool Stress::got(const Result<Lock>& lock) {
    EXPECT_TRUE(lock || fails_with(Errc::closed, lock));
    return lock.has_value();
}

void Stress::work(Id id, Lock& lock) {
    long& counter = counters_[id % kResources];
    const long before = counter;
    (void)lock.held();
    (void)lock.remaining();
    (void)lock.votes();
    (void)lock.lost();
    std::this_thread::yield();
    counter = before + 1;
    worked_.fetch_add(1, std::memory_order_relaxed);
}

void Stress::expect_end(const Result<void>& result) {
    if (result) return;
    const Errc code = result.error().code();
    EXPECT_TRUE(code == Errc::closed || code == Errc::lost || code == Errc::not_held)
        << text_of(result);
}

void Stress::end(Id id) {
    ended_[id].fetch_add(1, std::memory_order_relaxed);
    const std::size_t ends = ends_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (ends == ended_.size() - ended_.size() / 8) most_have_ended_.set_value();
    if (ends == ended_.size()) all_have_ended_.set_value();
}

}  // namespace quorumlock::testing
