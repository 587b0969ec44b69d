// quorumlock_faults: eight processes contend for locks on five real servers while these are struck
// by one fault after the other, and a table says what came of it.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "tests/integration/faults/main/print.h"
#include "tests/integration/faults/runner.h"

namespace {

using namespace quorumlock::testing::faults;

struct Plan {
    double seconds = 3;
    std::vector<std::string> only;
    bool list = false, markdown = false, json = false;
};

bool is_wanted(const Plan& plan, const FaultCase& fault) {
    return plan.only.empty() ||
           std::find(plan.only.begin(), plan.only.end(), fault.name) != plan.only.end();
}

void list() {
    for (const FaultCase& fault : all_faults()) {
        std::printf("%-16s %s\n", fault.name.c_str(), fault.what.c_str());
    }
}

std::string headline(const Plan& plan) {
    const std::time_t now = std::time(nullptr);
    char date[16];
    std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
    char text[96];
    std::snprintf(text, sizeof text,
                  "`quorumlock_faults --seconds %g --markdown`, %s:", plan.seconds, date);
    return text;
}

std::vector<Row> run_all(const Plan& plan) {
    std::vector<Row> rows;
    const auto span = std::chrono::milliseconds(static_cast<long>(plan.seconds * 1000));
    for (const FaultCase& fault : all_faults()) {
        if (!is_wanted(plan, fault)) continue;
        std::fprintf(stderr, "%s: %s\n", fault.name.c_str(), fault.what.c_str());
        rows.push_back(run(fault, span));
        for (const auto& line : rows.back().broken) std::fprintf(stderr, "  %s\n", line.c_str());
    }
    return rows;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "What faults of servers, networks and clients do to locks on five real Redis.\n"
        "Exit code 0: all bounds hold; 1: not all do."};
    Plan plan;
    std::vector<std::string> names;
    for (const FaultCase& fault : all_faults()) names.push_back(fault.name);
    app.add_option("--seconds", plan.seconds, "how long a fault lasts, at least")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    app.add_option("--only", plan.only, "these faults, joined by commas")
        ->delimiter(',')
        ->check(CLI::IsMember(names))
        ->type_name("NAME,...");
    app.add_flag("--list", plan.list, "the faults, one a line; none is run");
    auto* const markdown = app.add_flag("--markdown", plan.markdown, "the table for a document");
    app.add_flag("--json", plan.json, "all that was measured")->excludes(markdown);
    CLI11_PARSE(app, argc, argv);
    if (plan.list) return list(), 0;
    const std::vector<Row> rows = run_all(plan);
    const std::string text = plan.json       ? as_json(rows)
                             : plan.markdown ? as_markdown(rows, headline(plan))
                                             : as_text(rows);
    std::fputs(text.c_str(), stdout);
    const bool ok = std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.ok(); });
    return ok ? 0 : 1;
}
