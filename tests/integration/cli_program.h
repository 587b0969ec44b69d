// The quorumlock program, run as its users run it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/process.h"

namespace quorumlock::testing {

inline std::string cli_path() {
    const char* path = std::getenv("QUORUMLOCK_CLI");
    return path != nullptr ? path : QUORUMLOCK_CLI_PATH;
}

inline std::vector<std::string> cli_argv(const std::vector<std::string>& args) {
    std::vector<std::string> argv{cli_path()};
    argv.insert(argv.end(), args.begin(), args.end());
    return argv;
}

/// Nodes come from the test alone, whatever the environment of the test says.
inline ProcessOptions cli_options(std::map<std::string, std::string> environment = {}) {
    environment.emplace("QUORUMLOCK_NODES", "");
    return {.environment = std::move(environment)};
}

struct CliEnd {
    std::string how;  ///< "exit code 64".
    std::string out, err;

    nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
    std::size_t lines_of_err() const {
        return static_cast<std::size_t>(std::count(err.begin(), err.end(), '\n'));
    }
};

inline CliEnd end_of(Process& process) {
    const auto end = process.wait();
    return {end ? end->text() : "still running", process.out(), process.err()};
}

/// Runs it to its end.
inline CliEnd cli(const std::vector<std::string>& args,
                  std::map<std::string, std::string> environment = {}) {
    Process process(cli_argv(args), cli_options(std::move(environment)));
    return end_of(process);
}

/// Ended, whether or not somebody has waited for it.
inline bool is_gone(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string stat{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::size_t name_end = stat.rfind(") ");
    return name_end == std::string::npos || stat[name_end + 2] == 'Z';
}

inline bool is_gone_within(pid_t pid, std::chrono::milliseconds limit) {
    const auto last = std::chrono::steady_clock::now() + limit;
    while (!is_gone(pid)) {
        if (std::chrono::steady_clock::now() >= last) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

/// The number behind `label` in what a process has written; waits for the whole line.
inline pid_t pid_from(Process& process, const std::string& label) {
    for (int i = 0; i < 5000; ++i) {
        const std::string out = process.out();
        const std::size_t at = out.find(label);
        if (at != std::string::npos && out.find('\n', at) != std::string::npos) {
            return std::atoi(out.c_str() + at + label.size());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return -1;
}

inline std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += (all.empty() ? "" : ",") + text;
    return all;
}

}  // namespace quorumlock::testing
