// A client whose leases outlast the row by far: whatever it does not clean up is found in the end.
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include <quorumlock/lock_service.h>

namespace quorumlock::testing::faults {

/// Takes locks of its own, keeps each for a while, and lets go of them in every way there is, in a
/// thread of its own.
class LongLeases {
  public:
    static constexpr const char* kNames = "long";  ///< What its resources begin with.

    explicit LongLeases(const std::vector<std::string>& uris);
    ~LongLeases();
    LongLeases(const LongLeases&) = delete;
    LongLeases& operator=(const LongLeases&) = delete;

    long grants() const { return grants_; }
    /// Ends the client when it reaches all servers again. Its last word where that says that
    /// something may remain, else empty.
    std::string close();

  private:
    void run();
    void take(int number);
    void let_go(int number);

    LockService service_;
    std::deque<Lock> held_;
    std::atomic<long> grants_{0};
    std::atomic<bool> ended_{false};
    std::thread thread_;
};

}  // namespace quorumlock::testing::faults
