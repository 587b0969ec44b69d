#include "tests/sim/shrink.h"

#include <algorithm>
#include <utility>

namespace quorumlock::sim {

namespace {

class Shrinker {
  public:
    Shrinker(Plan plan, const std::function<bool(const Plan&)>& fails, int most_runs)
        : plan_(std::move(plan)), fails_(fails), runs_left_(most_runs) {}

    Plan run() {
        bool smaller = true;
        while (smaller && runs_left_ > 0) {
            smaller = false;
            smaller |= leave_out_faults();
            smaller |= leave_out_clients();
            smaller |= ask_for_less();
            smaller |= be_plain();
        }
        return plan_;
    }
    int runs_left() const noexcept { return runs_left_; }

  private:
    bool accept(Plan smaller) {
        if (runs_left_ <= 0) return false;
        --runs_left_;
        if (!fails_(smaller)) return false;
        plan_ = std::move(smaller);
        return true;
    }

    /// Halves, quarters, ... single ones.
    bool leave_out_faults() {
        bool any = false;
        for (std::size_t size = plan_.faults.size(); size > 0; size /= 2) {
            for (std::size_t at = 0; at < plan_.faults.size();) {
                Plan smaller = plan_;
                const auto from = smaller.faults.begin() + static_cast<std::ptrdiff_t>(at);
                const auto count = std::min(size, smaller.faults.size() - at);
                smaller.faults.erase(from, from + static_cast<std::ptrdiff_t>(count));
                if (accept(std::move(smaller))) {
                    any = true;
                } else {
                    at += size;
                }
            }
        }
        return any;
    }

    bool leave_out_clients() {
        bool any = false;
        for (std::size_t i = 0; i < plan_.clients.size(); ++i) {
            if (plan_.clients[i].operations == 0) continue;
            Plan smaller = plan_;
            smaller.clients[i].operations = 0;
            any |= accept(std::move(smaller));
        }
        if (plan_.vendors > 0) {
            Plan smaller = plan_;
            smaller.vendors = 0;
            any |= accept(std::move(smaller));
        }
        return any;
    }

    bool ask_for_less() {
        bool any = false;
        for (std::size_t i = 0; i < plan_.clients.size(); ++i) {
            for (int less = plan_.clients[i].operations / 2; less > 0; less /= 2) {
                Plan smaller = plan_;
                smaller.clients[i].operations -= less;
                any |= accept(std::move(smaller));
            }
        }
        return any;
    }

    bool be_plain() {
        bool any = false;
        for (std::size_t i = 0; i < plan_.processes.size(); ++i) {
            const ProcessPlan& process = plan_.processes[i];
            if (process.traits.longest_theft == 0 && process.longest_lag == 0) continue;
            Plan smaller = plan_;
            smaller.processes[i].traits.longest_theft = 0;
            smaller.processes[i].longest_lag = 0;
            any |= accept(std::move(smaller));
        }
        if (plan_.network.small_reads || plan_.network.window != NetworkTraits{}.window) {
            Plan smaller = plan_;
            smaller.network.small_reads = false;
            smaller.network.window = NetworkTraits{}.window;
            any |= accept(std::move(smaller));
        }
        return any;
    }

    Plan plan_;
    const std::function<bool(const Plan&)>& fails_;
    int runs_left_;
};

}  // namespace

Shrunk shrink(const Plan& plan, const std::function<bool(const Plan&)>& fails, int most_runs) {
    Shrinker shrinker(plan, fails, most_runs);
    Plan smallest = shrinker.run();
    return {std::move(smallest), most_runs - shrinker.runs_left()};
}

}  // namespace quorumlock::sim
