// Who waits in one process hands the lock on; processes take turns.
#include <memory>
#include <thread>

#include "tests/integration/cli_program.h"
#include "tests/integration/wait_support.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

using WaitHandOverTest = WaitFixture;

TEST_F(WaitHandOverTest, threads_of_a_process_need_one_script_a_node_and_turn) {
    constexpr int kThreads = 8;
    constexpr int kTurns = 25;
    LockService service = open_service(uris());
    ASSERT_TRUE(is_ok(service.nodes().get()));
    const std::vector<long> before = of_each([this](int i) { return scripts(i); });
    std::uint64_t last_fence = 0;  // Guarded by the lock alone.
    int turns = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kThreads; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < kTurns; ++n) {
                    auto lock = service.acquire("r", waiting()).get();
                    ASSERT_TRUE(is_ok(lock));
                    EXPECT_GT(lock->fence(), last_fence) << "turn " << turns;
                    last_fence = lock->fence();
                    ++turns;
                    EXPECT_TRUE(is_ok(lock->release().get()));
                }
            });
        }
    }
    EXPECT_EQ(turns, kThreads * kTurns);
    EXPECT_TRUE(clean("r"));
    const std::vector<long> after = of_each([this](int i) { return scripts(i); });
    for (int i = 0; i < kNodes; ++i) {
        const auto n = static_cast<std::size_t>(i);
        const double each = static_cast<double>(after[n] - before[n]) / turns;
        std::printf("server %d: %.3f scripts a turn\n", i, each);
        // An acquire and a release are two; handed over, they are one.
        EXPECT_LT(each, 1.5) << "server " << i;
        EXPECT_GE(each, 0.5) << "server " << i;
    }
}

// mkdir fails where another is inside.
TEST_F(WaitHandOverTest, eight_processes_are_never_two_inside_and_none_starves) {
    const TempDir dir;
    const std::string script =
        "for turn in 1 2 3; do \"$0\" run r --wait 100s --ttl 20s --nodes \"$1\" -- "
        "sh -c 'mkdir \"$0\" && rmdir \"$0\"' \"$2\" || exit 1; done";
    std::vector<std::unique_ptr<Process>> processes;
    for (int i = 0; i < 8; ++i) {
        processes.push_back(
            std::make_unique<Process>(std::vector<std::string>{"sh", "-c", script, cli_path(),
                                                               joined(uris()), dir.file("inside")},
                                      cli_options()));
    }
    for (auto& one : processes) {
        const auto end = one->wait(100s);
        ASSERT_TRUE(end);
        EXPECT_EQ(end->text(), "exit code 0") << one->err();
    }
    EXPECT_TRUE(clean("r"));
}

TEST_F(WaitHandOverTest, eight_processes_that_never_rest_all_get_some) {
    const CliEnd end =
        cli({"bench", "--contended", "--processes", "8", "--workers", "4", "--seconds", "3",
             "--warmup", "5", "--wait", "60s", "--json", "--nodes", joined(uris())});
    EXPECT_EQ(end.how, "exit code 0") << end.err;
    const auto said = end.json();
    EXPECT_EQ(said["clean"], true);
    EXPECT_GT(said["fair_share_min"], 0) << end.out;
}

}  // namespace quorumlock::testing
