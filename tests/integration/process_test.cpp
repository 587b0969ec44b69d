// What a library must not do to its process: signals, descriptors, forked children.
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

#include <quorumlock/named_locks.h>

#include "tests/integration/five_redis.h"
#include "tests/support/process.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

using ProcessTest = FiveRedis;

namespace {

/// Runs `body` in a forked child; its answer is the exit code. -signal when one ended it.
int in_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_F(ProcessTest, in_a_forked_child_every_call_answers_closed) {
    LockService service = open_service(uris());
    auto lock = service.acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(lock));
    const std::string token(lock->token());
    const auto closed = [](const auto& result) {
        return !result && result.error().code() == Errc::closed;
    };
    const int wrong = in_child([&] {
        int bits = 0;
        bits |= closed(service.acquire("x").get()) ? 0 : 1;
        bits |= closed(service.try_acquire("x").get()) ? 0 : 2;
        bits |= closed(service.extend("r", token, 10s).get()) ? 0 : 4;
        bits |= closed(service.release("r", token).get()) ? 0 : 8;
        bits |= closed(service.inspect("r").get()) ? 0 : 16;
        bits |= closed(service.nodes().get()) ? 0 : 32;
        bits |= closed(lock->extend(10s).get()) && closed(lock->release().get()) ? 0 : 64;
        return bits;
    });
    EXPECT_EQ(wrong, 0);
    EXPECT_TRUE(lock->held());
    EXPECT_TRUE(is_ok(lock->extend(40s).get()));
    EXPECT_EQ(server(0).command({"EXISTS", "x"}), "0");
    EXPECT_TRUE(is_ok(lock->release().get()));
    EXPECT_TRUE(clean("r"));
}

TEST_F(ProcessTest, in_a_forked_child_locks_by_name_are_closed_and_left_alone) {
    std::optional<NamedLocks> locks(NamedLocks::open(uris(), patient()).value());
    ASSERT_TRUE(locks->try_acquire("r", kLongTtl).get().value());
    const auto closed = [](const auto& result) {
        return !result && result.error().code() == Errc::closed;
    };
    const int wrong = in_child([&] {
        int bits = 0;
        bits |= closed(locks->try_acquire("x").get()) ? 0 : 1;
        bits |= closed(locks->try_acquire("r").get()) ? 0 : 2;
        bits |= closed(locks->extend("r").get()) ? 0 : 4;
        bits |= closed(locks->release("r").get()) ? 0 : 8;
        bits |= closed(locks->execute("x", [] {})) ? 0 : 16;
        bits |= closed(locks->execute_async("x", [] {}).get()) ? 0 : 32;
        locks.reset();
        return bits;
    });
    EXPECT_EQ(wrong, 0);
    EXPECT_TRUE(locks->extend("r", 40s).get().value());
    EXPECT_TRUE(locks->release("r").get().value());
    EXPECT_TRUE(clean("r"));
}

TEST_F(ProcessTest, a_forked_childs_destructors_do_not_touch_the_parents_lock) {
    std::optional<LockService> service(open_service(uris()));
    auto got = service->acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(got));
    std::optional<Lock> lock(std::move(got).value());
    EXPECT_EQ(in_child([&] {
                  const bool held = lock->held();
                  lock.reset();
                  service.reset();
                  return held ? 1 : 0;
              }),
              0)
        << "a child must not think that it holds its parent's lock";
    EXPECT_TRUE(lock->held());
    EXPECT_GE(holding("r"), 3);
    EXPECT_TRUE(is_ok(lock->extend(40s).get()));
    EXPECT_TRUE(is_ok(service->try_acquire("other").get()));
}

TEST_F(ProcessTest, a_child_may_open_a_service_of_its_own) {
    EXPECT_EQ(in_child([&] {
                  LockService service = open_service(uris());
                  return service.try_acquire("r", {.ttl = 30s}).get() ? 0 : 1;
              }),
              0);
    EXPECT_TRUE(clean("r"));
}

// With the default disposition SIGPIPE ends the process.
TEST_F(ProcessTest, servers_that_die_under_our_writes_raise_no_sigpipe) {
    int go[2];
    ASSERT_EQ(::pipe(go), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        ::signal(SIGPIPE, SIG_DFL);
        LockService service = open_service(uris());
        bool ok = service.try_acquire("r").get().has_value();
        ok = ::write(go[1], "x", 1) == 1 && ok;
        // All servers die meanwhile: every write of the last rounds meets a closed connection.
        const bool lost = eventually([&] {
            for (int i = 0; i < 20; ++i) (void)service.try_acquire("r", {.ttl = 30s});
            return !service.try_acquire("r").get().has_value();
        });
        for (int i = 0; i < 100; ++i) (void)service.try_acquire("r").get();
        ::_exit(ok && lost ? 0 : 1);
    }
    char byte = 0;
    ASSERT_EQ(::read(go[0], &byte, 1), 1);
    for (int i = 0; i < kNodes; ++i) server(i).kill9();
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_FALSE(WIFSIGNALED(status)) << "signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    ::close(go[0]);
    ::close(go[1]);
}

TEST_F(ProcessTest, descriptors_are_not_inherited_by_programs_we_start) {
    const std::vector<std::string> list = {"sh", "-c", "ls /proc/self/fd | wc -l"};
    Process before(list);
    ASSERT_TRUE(before.wait());
    LockService service = open_service(uris());
    auto lock = service.acquire("r", {.ttl = kLongTtl}).get();
    ASSERT_TRUE(is_ok(lock));
    Process after(list);
    ASSERT_TRUE(after.wait());
    EXPECT_EQ(after.out(), before.out());
    EXPECT_FALSE(after.out().empty());
}

TEST_F(ProcessTest, a_closed_service_gives_its_descriptors_and_threads_back) {
    const auto count = [](const char* dir) {
        int entries = 0;
        DIR* open = ::opendir(dir);
        while (open != nullptr && ::readdir(open) != nullptr) ++entries;
        if (open != nullptr) ::closedir(open);
        return entries;
    };
    const auto use_one = [&] {
        LockService service = open_service(uris());
        EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
    };
    use_one();  // the first one also starts what the whole process keeps, e.g. for look-ups
    const int descriptors = count("/proc/self/fd");
    const int threads = count("/proc/self/task");
    for (int i = 0; i < 10; ++i) use_one();
    EXPECT_EQ(count("/proc/self/fd"), descriptors);
    EXPECT_TRUE(eventually([&] { return count("/proc/self/task") <= threads; }));
}

}  // namespace quorumlock::testing
