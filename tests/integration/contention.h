// Processes that contend for locks while a test does things to the servers, and what came of it.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <quorumlock/options.h>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"
#include "tests/support/grant_ledger.h"
#include "tests/support/process.h"

namespace quorumlock::testing {

class Contention {
  public:
    explicit Contention(std::chrono::milliseconds max_ttl) : max_ttl_(max_ttl) {}

    std::chrono::milliseconds max_ttl() const { return max_ttl_; }
    /// For services beside them: the same guard.
    ServiceOptions options() const {
        ServiceOptions options = patient();
        options.max_ttl = max_ttl_;
        options.node_timeout = std::chrono::milliseconds(500);
        return options;
    }
    /// More of them. Returns when they have been granted something.
    void start(int count, const std::vector<std::string>& uris) {
        for (int i = 0; i < count; ++i) {
            running_.push_back(std::make_unique<Process>(
                std::vector<std::string>{QUORUMLOCK_CONTENDER, dir_.file("ledger"), joined(uris),
                                         std::to_string(max_ttl_.count()), kResources},
                cli_options()));
        }
        go_on(10 * count);
    }
    /// So many grants more, whatever is wrong with the servers now.
    void go_on(long grants = 20) {
        const long before = ledger_.grants();
        const auto ended = [](const auto& process) { return !process->running(); };
        const bool went_on = eventually(
            [&] {
                return ledger_.grants() >= before + grants ||
                       std::any_of(running_.begin(), running_.end(), ended);
            },
            std::chrono::seconds(30));
        EXPECT_TRUE(went_on) << "no locks are granted any more";
    }
    /// The `count` oldest end.
    void end(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) running_[i]->signal(SIGTERM);
        for (; count > 0; --count, running_.pop_front()) {
            const auto end = running_.front()->wait();
            EXPECT_TRUE(end && end->code == 0)
                << (end ? end->text() : "still running") << ": " << running_.front()->err();
        }
    }
    /// All end, and the ledger is looked at.
    void expect_no_violation() {
        end(running_.size());
        const Verdict v = ledger_.verdict();
        EXPECT_EQ(v.violations, 0) << v.first_violation;
        EXPECT_EQ(v.unordered, 0) << "a fence is smaller than one that was complete before";
        EXPECT_EQ(v.disordered, 0) << "a fence is smaller than that of a former holder";
        EXPECT_EQ(v.overlapping, 0) << "two held at once";
        EXPECT_GT(v.held, 0);
        std::printf("%ld grants, %ld held to the end, %ld came too late and were refused\n",
                    v.grants, v.held, v.refused);
    }

  private:
    static constexpr const char* kResources = "3";
    const std::chrono::milliseconds max_ttl_;
    const TempDir dir_;
    GrantLedger ledger_{dir_.file("ledger")};
    std::deque<std::unique_ptr<Process>> running_;
};

}  // namespace quorumlock::testing
