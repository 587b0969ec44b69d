// Servers that may not tell of changes: waiters ask again in time, and a person is told once.
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <quorumlock/observer.h>

#include "tests/integration/wait_support.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

class Notices final : public Observer {
  public:
    void on_notice(const NoticeEvent& event) override {
        const std::lock_guard guard(mutex_);
        lines_.emplace_back(event.resource);
    }
    std::vector<std::string> with(const std::string& text) const {
        const std::lock_guard guard(mutex_);
        std::vector<std::string> found;
        for (const auto& line : lines_) {
            if (line.find(text) != line.npos) found.push_back(line);
        }
        return found;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

class WaitRefusedTest : public WaitFixture, public ::testing::WithParamInterface<const char*> {
  protected:
    /// As a user who may do all but this.
    std::vector<std::string> restricted_uris() {
        std::vector<std::string> all;
        for (const auto& one : servers_) {
            EXPECT_EQ(one->command({"ACL", "SETUSER", "locker", "on", ">pw", "~*", "&*", "+@all",
                                    GetParam()}),
                      "OK");
            all.push_back("redis://locker:pw@" + one->label());
        }
        return all;
    }
};

}  // namespace

TEST_P(WaitRefusedTest, waiters_ask_again_and_a_person_is_told_once_for_each_server) {
    const auto notices = std::make_shared<Notices>();
    ServiceOptions options = patient();
    options.observer = notices;
    const std::vector<std::string> restricted = restricted_uris();
    LockService waiters = open_service(restricted, options);
    for (int round = 0; round < 3; ++round) {
        LockService holders = open_service(uris());
        auto held = holders.acquire("r", {.ttl = kLongTtl}).get();
        ASSERT_TRUE(is_ok(held));
        auto waiter = waiters.acquire("r", waiting()).as_future();
        const std::vector<long> before = of_each([this](int i) { return scripts(i); });
        // It asks, and asks again.
        ASSERT_TRUE(eventually([&] {
            long asked = 0;
            for (int i = 0; i < kNodes; ++i) {
                asked += scripts(i) - before[static_cast<std::size_t>(i)];
            }
            return asked >= 10;
        }));
        EXPECT_TRUE(is_ok(held->release().get()));
        expect_granted(waiter, 20s);
    }
    const std::string line = "waiters ask ";
    ASSERT_TRUE(eventually([&] { return notices->with(line).size() >= kNodes; }));
    for (const auto& one : servers_) {
        const auto about_it = notices->with(line + one->label());
        ASSERT_EQ(about_it.size(), 1U) << one->label();
        EXPECT_NE(about_it[0].find("NOPERM"), std::string::npos) << about_it[0];
        EXPECT_NE(info_of(waiters, one->label()).cause.find("waiters ask"), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(Rights, WaitRefusedTest,
                         ::testing::Values("-subscribe", "-client|tracking", "-client|id"),
                         [](const auto& tested) {
                             std::string name(tested.param + 1);
                             for (char& c : name) c = c == '|' ? '_' : c;
                             return name;
                         });

}  // namespace quorumlock::testing
