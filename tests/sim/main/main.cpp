// quorumlock_sim: runs seeds through the simulated world and says which break a rule.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tests/sim/simulation.h"

using namespace quorumlock::sim;

int main(int argc, char** argv) {
    CLI::App app{"Runs the lock service in simulated worlds."};
    std::uint64_t seeds = 1000, first = 1, replay = 0;
    double minutes = 0;
    app.add_option("--seeds", seeds, "how many");
    app.add_option("--first", first, "the first one");
    auto* const again = app.add_option("--replay", replay, "tell what happens in this one");
    app.add_option("--minutes", minutes, "for so long");
    CLI11_PARSE(app, argc, argv);
    if (*again) {
        first = replay;
        seeds = 1;
    }
    std::uint64_t violations = 0, grants = 0, operations = 0, faults = 0, hits = 0, steps = 0,
                  excused = 0;
    Time lasted = 0;
    for (std::uint64_t i = 0; i < seeds; ++i) {
        Outcome outcome = run_seed(first + i, again->count() > 0);
        std::stable_sort(outcome.lines.begin(), outcome.lines.end(),
                         [](const auto& a, const auto& b) { return a.at < b.at; });
        for (const auto& line : outcome.lines) {
            std::printf("%16.9f  %s\n", static_cast<double>(line.at) / 1e9, line.text.c_str());
        }
        if (outcome.violation) {
            ++violations;
            std::printf(
                "seed %llu: [%s] %s\n", static_cast<unsigned long long>(outcome.seed),
                outcome.violation->rule.c_str(),
                (outcome.violation->what + " at " + text_of(outcome.violation->at)).c_str());
        }
        grants += static_cast<std::uint64_t>(outcome.grants);
        operations += static_cast<std::uint64_t>(outcome.operations);
        faults += static_cast<std::uint64_t>(outcome.faults);
        hits += static_cast<std::uint64_t>(outcome.hits);
        excused += outcome.excused_time > 0 || outcome.excused_overlaps > 0 ? 1 : 0;
        lasted += outcome.lasted;
        steps += outcome.steps;
        if (again->count() > 0)
            std::printf("hash %016llx\n", static_cast<unsigned long long>(outcome.hash));
    }
    const auto n = static_cast<double>(seeds);
    std::printf(
        "per seed: %.1f grants, %.1f operations, %.1f faults, %.1f hits, %.0f steps; excused seeds "
        "%.3f\n",
        grants / n, operations / n, faults / n, hits / n, steps / n, excused / n);
    std::printf("%llu seeds, %llu violations, %llu grants, %.1f simulated hours, %llu faults\n",
                (unsigned long long)seeds, (unsigned long long)violations,
                (unsigned long long)grants, static_cast<double>(lasted) / 3.6e12,
                (unsigned long long)faults);
    return violations == 0 ? 0 : 1;
}
