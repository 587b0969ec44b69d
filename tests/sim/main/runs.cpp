#include "tests/sim/main/runs.h"

#include <algorithm>
#include <cstdio>

namespace quorumlock::sim {

namespace {

using Printed = unsigned long long;

void print_violation(const Outcome& outcome) {
    std::printf("seed %llu: [%s] %s at %s\n", static_cast<Printed>(outcome.seed),
                outcome.violation->rule.c_str(), outcome.violation->what.c_str(),
                text_of(outcome.violation->at).c_str());
    std::fflush(stdout);
}

}  // namespace

void Runs::run(std::uint64_t seed) {
    const Outcome outcome = run_seed(seed);
    ++seeds_;
    if (outcome.violation) {
        ++violations_;
        print_violation(outcome);
    }
    if (twice_ && run_seed(seed).hash != outcome.hash) {
        ++violations_;
        std::printf("seed %llu: [determinism] a second run went another way\n",
                    static_cast<Printed>(seed));
    }
    // Of all traces together, in order: two programs that print the same have done the same.
    hash_ = (hash_ ^ outcome.hash) * 0x100000001b3U;
    grants_ += static_cast<std::uint64_t>(outcome.grants);
    operations_ += static_cast<std::uint64_t>(outcome.operations);
    faults_ += static_cast<std::uint64_t>(outcome.faults);
    hits_ += static_cast<std::uint64_t>(outcome.hits);
    steps_ += outcome.steps;
    excused_ += outcome.excused_time > 0 || outcome.excused_overlaps > 0 ? 1 : 0;
    lasted_ += outcome.lasted;
}

int Runs::sum_up() const {
    const auto n = static_cast<double>(std::max<std::uint64_t>(seeds_, 1));
    const auto mean = [n](std::uint64_t sum) { return static_cast<double>(sum) / n; };
    std::printf(
        "a seed: %.1f grants, %.1f operations, %.1f faults, of which %.1f hit an open round, %.0f "
        "steps; excused in %.1f %% of the seeds\n",
        mean(grants_), mean(operations_), mean(faults_), mean(hits_), mean(steps_),
        100 * mean(excused_));
    std::printf("trace of all: %016llx\n", static_cast<Printed>(hash_));
    std::printf("%llu seeds, %llu violations, %llu grants, %.1f simulated hours, %llu faults\n",
                static_cast<Printed>(seeds_), static_cast<Printed>(violations_),
                static_cast<Printed>(grants_), static_cast<double>(lasted_) / 3.6e12,
                static_cast<Printed>(faults_));
    return violations_ == 0 ? 0 : 1;
}

int tell(std::uint64_t seed) {
    Outcome outcome = run_seed(seed, true);
    // Processes have clocks of their own: what they noted is not in the world's order.
    std::stable_sort(outcome.lines.begin(), outcome.lines.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    for (const auto& line : outcome.lines) {
        std::printf("%16.9f  %s\n", static_cast<double>(line.at) / 1e9, line.text.c_str());
    }
    std::printf("trace: %016llx\n", static_cast<Printed>(outcome.hash));
    if (outcome.violation) print_violation(outcome);
    std::printf("1 seeds, %d violations, %d grants, %.3f simulated hours, %d faults\n",
                outcome.violation ? 1 : 0, outcome.grants,
                static_cast<double>(outcome.lasted) / 3.6e12, outcome.faults);
    return outcome.violation ? 1 : 0;
}

}  // namespace quorumlock::sim
