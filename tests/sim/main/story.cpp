#include "tests/sim/main/story.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "tests/sim/shrink.h"

namespace quorumlock::sim {

namespace {

using Printed = unsigned long long;

std::string world_of(const Plan& plan) {
    std::string text = std::to_string(plan.nodes.size()) + " nodes, clients";
    for (std::size_t i = 0; i < plan.clients.size(); ++i) {
        if (plan.clients[i].operations == 0) continue;
        text +=
            " " + std::to_string(i) + " (process " + std::to_string(plan.clients[i].process) + ")";
    }
    if (plan.vendors > 0) text += ", " + std::to_string(plan.vendors) + " of another vendor";
    return text + "; " + std::to_string(plan.faults.size()) + " faults";
}

}  // namespace

void print_violation(const Outcome& outcome) {
    std::printf("seed %llu: [%s] %s at %s\n", static_cast<Printed>(outcome.seed),
                outcome.violation->rule.c_str(), outcome.violation->what.c_str(),
                text_of(outcome.violation->at).c_str());
    std::fflush(stdout);
}

Outcome tell(const Plan& plan) {
    Outcome outcome = Simulation(plan, true).run();
    std::printf("%s\n", world_of(plan).c_str());
    // Processes have clocks of their own: what they noted is not in the world's order.
    std::stable_sort(outcome.lines.begin(), outcome.lines.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    for (const auto& line : outcome.lines) {
        std::printf("%16.9f  %s\n", static_cast<double>(line.at) / 1e9, line.text.c_str());
    }
    if (outcome.violation) print_violation(outcome);
    return outcome;
}

void tell_smallest(std::uint64_t seed) {
    const Plan plan = Plan::draw(seed);
    const Outcome outcome = Simulation(plan, false).run();
    if (!outcome.violation) {
        std::printf("seed %llu: broke a rule once and not a second time\n",
                    static_cast<Printed>(seed));
        return;
    }
    const auto breaks_it_too = [&](const Plan& smaller) {
        const Outcome again = Simulation(smaller, false).run();
        return again.violation && again.violation->rule == outcome.violation->rule;
    };
    const Shrunk smallest = shrink(plan, breaks_it_too);
    std::printf(
        "\nThe smallest of %d worlds like it that break the same rule (all of seed %llu: "
        "--replay %llu):\n",
        smallest.runs, static_cast<Printed>(seed), static_cast<Printed>(seed));
    tell(smallest.plan);
    std::printf("\n");
    std::fflush(stdout);
}

}  // namespace quorumlock::sim
