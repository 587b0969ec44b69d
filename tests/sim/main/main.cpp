// quorumlock_sim: runs seeds through the simulated world and says which of them break a rule.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/sim/main/crash.h"
#include "tests/sim/main/runs.h"

namespace {

using namespace quorumlock::sim;

/// Seeds that nobody has run yet, most probably: by the time of day in microseconds.
std::uint64_t fresh_seed() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

/// One seed a line; what follows it is for people, and so are lines that begin with '#'.
std::vector<std::uint64_t> read_seeds(const std::string& path) {
    std::vector<std::uint64_t> seeds;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line.front() != '#') seeds.push_back(std::stoull(line));
    }
    return seeds;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs the lock service in simulated worlds; exit code 1 when a rule is broken."};
    std::uint64_t count = 1000, first = 1, seed_to_tell = 0;
    double minutes = 0;
    std::string file;
    bool fresh = false, twice = false;
    app.add_option("--seeds", count, "how many")->capture_default_str();
    auto* const from = app.add_option("--first", first, "the first one")->capture_default_str();
    auto* const again = app.add_option("--replay", seed_to_tell, "tell what happens in this one");
    app.add_option("--minutes", minutes, "for so long, whatever --seeds says")
        ->check(CLI::Range(0.01, 24.0 * 60));
    app.add_option("--file", file, "the seeds of this file, one a line")->check(CLI::ExistingFile);
    app.add_flag("--fresh", fresh, "begin with a seed of the time of day; it is told")
        ->excludes(from);
    app.add_flag("--twice", twice, "run every seed twice and compare the traces");
    CLI11_PARSE(app, argc, argv);
    tell_seed_on_crash();
    if (*again) return replay(seed_to_tell);
    if (fresh) {
        first = fresh_seed();
        std::printf("first seed: %llu\n", static_cast<unsigned long long>(first));
    }
    Runs runs(twice);
    if (!file.empty()) {
        for (const std::uint64_t seed : read_seeds(file)) runs.run(seed);
    } else if (minutes > 0) {
        const auto end =
            std::chrono::steady_clock::now() + std::chrono::duration<double>(60 * minutes);
        for (std::uint64_t seed = first; std::chrono::steady_clock::now() < end; ++seed)
            runs.run(seed);
    } else {
        for (std::uint64_t i = 0; i < count; ++i) runs.run(first + i);
    }
    return runs.sum_up();
}
