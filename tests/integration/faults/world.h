// Five real servers of one row, and what faults do to them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

#include "tests/integration/faults/crowd.h"
#include "tests/integration/faults/far_network.h"
#include "tests/integration/faults/fault_case.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/redis_server.h"
#include "tests/support/resp_client.h"
#include "tests/support/temp_dir.h"

namespace quorumlock::testing::faults {

/// Why a row is not run, in a few words.
struct Skip : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class World {
  public:
    static constexpr int kNodes = 5;
    /// A minority of the five.
    static constexpr int kVictims[] = {1, 3};
    /// Short, so that the guard of 1.6 s can be waited for in every row.
    static constexpr std::chrono::milliseconds kMaxTtl{600};

    explicit World(const FaultCase& fault);

    RedisServer& server(int i) { return *servers_[static_cast<std::size_t>(i)]; }
    FaultProxy& proxy(int i) { return *proxies_[static_cast<std::size_t>(i)]; }
    const TempDir& dir() const { return dir_; }
    std::vector<std::string>& uris() { return uris_; }

    /// Of server i, over a new connection; text as RespClient::command says.
    std::string ask(int i, const std::vector<std::string>& args);
    /// As above, and the answer has to be `wanted`, or begin with it.
    void tell(int i, const std::vector<std::string>& args, const std::string& wanted = "OK");
    /// Cuts all connections of clients to it, and answers how many.
    int kill_clients(int i);
    static void must(bool ok, const std::string& what) {
        if (!ok) throw std::runtime_error(what);
    }
    void for_victims(const std::function<void(int)>& f) {
        for (const int i : kVictims) f(i);
    }
    void for_all(const std::function<void(int)>& f) {
        for (int i = 0; i < kNodes; ++i) f(i);
    }

    /// A client beside the workload, with the same guard.
    LockService& watcher();
    bool all_ready();
    /// Waits until the watcher sees that server i is kept from voting after a restart.
    void expect_guarded(int i);
    /// Waits until the watcher cannot use server i, for whatever reason.
    void expect_out(int i);
    /// Names of locks that are left on any server that runs.
    std::vector<std::string> left_behind();

    /// How long the fault is to last.
    std::chrono::milliseconds span{0};
    /// The processes of the workload.
    std::vector<pid_t> contenders;
    // What faults keep from their beginning to their end.
    std::vector<std::string> passwords = std::vector<std::string>(kNodes);
    std::vector<std::unique_ptr<RespClient>> connections;
    std::vector<std::unique_ptr<RedisServer>> spares;
    std::vector<std::unique_ptr<FarServer>> far;
    std::unique_ptr<Crowd> crowd;
    int count = 0;

  private:
    /// Waits until the watcher says so of server i.
    void expect(int i, const std::function<bool(const NodeInfo&)>& is_so, const std::string& what);

    const TempDir dir_;
    std::vector<std::unique_ptr<RedisServer>> servers_;
    std::vector<std::unique_ptr<FaultProxy>> proxies_;
    std::vector<std::string> uris_;
    std::unique_ptr<LockService> watcher_;
};

/// Whom a fault strikes: f is called with each of them.
using Each = void (*)(World&, const std::function<void(int)>& f);
inline void each_victim(World& world, const std::function<void(int)>& f) { world.for_victims(f); }
inline void each_server(World& world, const std::function<void(int)>& f) { world.for_all(f); }
inline Reach reach_of(Each each) { return each == each_server ? Reach::all : Reach::minority; }

}  // namespace quorumlock::testing::faults
