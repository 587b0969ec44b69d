// Many threads on one service over memory nodes, for the thread sanitizer: exclusion, the hand-on
// of the lead, and a close under load.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/service_fixture.h"
#include "tests/support/stress.h"

namespace quorumlock::testing {
namespace {

using namespace std::chrono_literals;

class ServiceStress : public ::testing::TestWithParam<int> {};

TEST_P(ServiceStress, every_operation_ends_once_and_two_are_never_inside) {
    std::vector<std::string> uris;
    for (int i = 0; i < GetParam(); ++i) uris.push_back("memory:?name=m" + std::to_string(i));
    ServiceOptions options = patient();
    options.retry_delay = 100us;
    options.retry_delay_max = 2ms;
    Stress(open_service(uris, options), 90).run();
}

// Operations are pooled: a stop that comes as late as can be must not reach the next one.
TEST(ServiceStop, at_the_moment_of_the_end_it_cancels_no_other_operation) {
    constexpr int kRounds = 30'000;
    LockService service = open_service({"memory:"});
    std::atomic<std::stop_source*> to_stop{nullptr};
    std::atomic<bool> over{false};
    std::thread stopper([&] {
        for (int round = 0; !over; ++round) {
            const std::unique_ptr<std::stop_source> source(to_stop.exchange(nullptr));
            if (source == nullptr) {
                std::this_thread::yield();
                continue;
            }
            // Somewhen around the end of the acquire, which takes about as long.
            for (volatile int pause = round * 7 % 400; pause > 0;) pause = pause - 1;
            source->request_stop();
        }
    });
    for (int round = 0; round < kRounds && !::testing::Test::HasFailure(); ++round) {
        auto source = std::make_unique<std::stop_source>();
        AcquireOptions options{.stop = source->get_token()};
        while (to_stop != nullptr) std::this_thread::yield();
        to_stop = source.release();
        auto first = service.try_acquire("first", std::move(options)).get();
        EXPECT_TRUE(first || fails_with(Errc::cancelled, first));
        EXPECT_TRUE(is_ok(service.try_acquire("second").get()));
    }
    while (to_stop != nullptr) std::this_thread::yield();
    over = true;
    stopper.join();
    EXPECT_TRUE(eventually([&] { return service.stats().operations == 0; }));
}

INSTANTIATE_TEST_SUITE_P(MemoryNodes, ServiceStress, ::testing::Values(1, 3));

}  // namespace
}  // namespace quorumlock::testing
