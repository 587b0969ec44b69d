#include "tests/sim/main/runs.h"

#include <algorithm>
#include <cstdio>

#include "tests/sim/main/crash.h"
#include "tests/sim/main/story.h"

namespace quorumlock::sim {

namespace {

using Printed = unsigned long long;

}  // namespace

void Runs::run(std::uint64_t seed) {
    note_seed(seed);
    const Outcome outcome = run_seed(seed);
    ++seeds_;
    if (outcome.violation) {
        ++violations_;
        print_violation(outcome);
        // Of the others a line is enough.
        if (violations_ == 1) tell_smallest(seed);
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
    strict_ += outcome.strict ? 1 : 0;
    excused_ += outcome.excused_time > 0 || outcome.excused_overlaps > 0 ? 1 : 0;
    lasted_ += outcome.lasted;
}

int Runs::sum_up() const {
    const auto n = static_cast<double>(std::max<std::uint64_t>(seeds_, 1));
    const auto mean = [n](std::uint64_t sum) { return static_cast<double>(sum) / n; };
    std::printf(
        "a seed: %.1f grants, %.1f operations, %.1f faults, of which %.1f hit an open round, %.0f "
        "steps\n",
        mean(grants_), mean(operations_), mean(faults_), mean(hits_), mean(steps_));
    std::printf(
        "of the seeds: %.1f %% draw no fault that excuses two holders, %.1f %% excuse one\n",
        100 * mean(strict_), 100 * mean(excused_));
    std::printf("trace of all: %016llx\n", static_cast<Printed>(hash_));
    std::printf("%llu seeds, %llu violations, %llu grants, %.1f simulated hours, %llu faults\n",
                static_cast<Printed>(seeds_), static_cast<Printed>(violations_),
                static_cast<Printed>(grants_), static_cast<double>(lasted_) / 3.6e12,
                static_cast<Printed>(faults_));
    return violations_ == 0 ? 0 : 1;
}

int replay(std::uint64_t seed) {
    note_seed(seed);
    const Plan plan = Plan::draw(seed);
    const Outcome outcome = tell(plan);
    std::printf("trace: %016llx\n", static_cast<Printed>(outcome.hash));
    std::printf("1 seeds, %d violations, %d grants, %.3f simulated hours, %d faults\n",
                outcome.violation ? 1 : 0, outcome.grants,
                static_cast<double>(outcome.lasted) / 3.6e12, outcome.faults);
    return outcome.violation ? 1 : 0;
}

}  // namespace quorumlock::sim
