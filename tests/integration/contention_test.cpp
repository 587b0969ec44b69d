// Five servers, eight processes, and one server after the other killed, restarted empty and frozen,
// sometimes all of them at once: every fence is unique and larger than those before it, and two
// never hold at once. Rules F1..F4 and G1.
#include "tests/integration/contention.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

class ContentionTest : public FiveRedis {
  protected:
    void contend(std::chrono::seconds at_least, int turns_at_least) {
        LockService watcher = open_service(uris(), contention_.options());
        contention_.start(8, uris());
        const Stopwatch watch;
        int turns = 0;
        while (turns < turns_at_least || watch.elapsed() < at_least) {
            ASSERT_NO_FATAL_FAILURE(turn(watcher, turns++));
        }
        std::printf("%d turns in %.1f s: ", turns,
                    static_cast<double>(watch.elapsed().count()) / 1000);
        contention_.expect_no_violation();
    }

    /// Restarts are spaced by the guard.
    void turn(LockService& watcher, int number) {
        if (number % 5 == 2) {
            restart_all();
        } else {
            leave_three(server(number % kNodes), server((number + 2) % kNodes));
        }
        for (const auto& each : servers_) {
            ASSERT_TRUE(eventually([&] { return info_of(watcher, each->label()).ready; }, 30s));
        }
        contention_.go_on();
    }
    void leave_three(RedisServer& killed, RedisServer& frozen) {
        killed.kill9();
        contention_.go_on();
        frozen.freeze();
        contention_.go_on();
        killed.restart();
        contention_.go_on();
        frozen.resume();
    }
    /// Every lock and every counter is forgotten, while locks are held.
    void restart_all() {
        for (const auto& each : servers_) each->kill9();
        for (const auto& each : servers_) each->restart();
    }

    Contention contention_{600ms};
};

using FullContention = ContentionTest;

}  // namespace

TEST_F(ContentionTest, no_fence_twice_or_smaller_and_never_two_holders) { contend(0s, 3); }

// tools/test --full
TEST_F(FullContention, for_a_minute) { contend(60s, 1); }

}  // namespace quorumlock::testing
