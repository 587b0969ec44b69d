#include "tests/integration/faults/runner.h"

#include <algorithm>
#include <thread>

#include "tests/integration/faults/long_leases.h"
#include "tests/integration/faults/world.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing::faults {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr long kGrants = 10;

class Run {
  public:
    Run(const FaultCase& fault, milliseconds span, Row& row)
        : fault_(fault), span_(span), row_(row), world_(fault) {
        world_.span = span;
    }

    void run() {
        call(fault_.prepare);
        wait_until_all_vote("before");
        Workload workload(world_.uris(), World::kMaxTtl, fault_.votes);
        world_.contenders = workload.pids();
        LongLeases leases(world_.uris());
        const Instant start = now();
        workload.go_on(span_ / 2, kGrants);
        const std::vector<long> memory = workload.memory();
        const Instant begin = now();
        call(fault_.begin);
        workload.go_on(span_, fault_.reach == Reach::all ? 0 : kGrants, during());
        const Instant end = now();
        call(fault_.end);
        wait_until_all_vote("after");
        workload.go_on(span_ / 2, kGrants);
        const Instant stop = now();
        row_.memory_growth = growth(memory, workload.memory());
        row_.machine_late = workload.machine_late();
        row_.took = workload.end();
        look_for_keys(leases);
        measure(workload.ledger(), start, begin, end, stop);
        judge(row_, fault_.reach, workload.ledger().verdict());
    }

  private:
    void call(const std::function<void(World&)>& step) {
        if (step) step(world_);
    }
    std::function<void()> during() {
        if (!fault_.during) return nullptr;
        return [this, last = Instant{}]() mutable {
            if (now() - last < kAgain) return;
            fault_.during(world_);
            last = now();
        };
    }
    void wait_until_all_vote(const std::string& when) {
        World::must(eventually([&] { return world_.all_ready(); }, 30s),
                    "not all servers can vote " + when + " the fault");
    }
    static long growth(const std::vector<long>& before, const std::vector<long>& after) {
        long most = 0;
        for (std::size_t i = 0; i < before.size(); ++i) most = std::max(most, after[i] - before[i]);
        return most;
    }
    void look_for_keys(LongLeases& leases) {
        World::must(leases.grants() > 0, "no long lease was granted");
        if (const std::string said = leases.close(); !said.empty()) row_.broken.push_back(said);
        const auto left = [this] { return static_cast<long>(world_.left_behind().size()); };
        row_.left_at_once = left();
        (void)eventually([&] { return left() == 0; }, bounds::kUndoTime);
        row_.left = left();
    }
    void measure(GrantLedger& ledger, Instant start, Instant begin, Instant end, Instant stop) {
        row_.before = ledger.grants_between(start, begin);
        row_.during = ledger.grants_between(begin, end);
        row_.after = ledger.grants_between(end, stop);
        row_.lasted = end - begin;
        row_.longest_pause = ledger.longest_pause(start, stop);
        row_.on_after_begin = ledger.first_asked_from(begin).value_or(stop) - begin;
        row_.on_after_end = ledger.first_asked_from(end).value_or(stop) - end;
    }

    const FaultCase& fault_;
    const milliseconds span_;
    Row& row_;
    World world_;
};

}  // namespace

Row run(const FaultCase& fault, milliseconds span) {
    Row row;
    row.name = fault.name;
    row.what = fault.what;
    std::thread([&] {
        try {
            Run(fault, span, row).run();
        } catch (const Skip& skip) {
            row.skipped = skip.what();
        } catch (const std::exception& error) {
            row.broken.push_back(error.what());
        }
    }).join();
    return row;
}

}  // namespace quorumlock::testing::faults
