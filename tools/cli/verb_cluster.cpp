// cluster: local redis-server processes for trying out.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/cli/cluster_server.h"
#include "tools/cli/output.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct ClusterFlags {
    int count = 5;
    int port = 7101;
    std::string dir;
};

std::string default_dir() {
    const char* base = std::getenv("XDG_RUNTIME_DIR");
    if (base == nullptr || *base != '/') base = "/tmp";
    return std::string(base) + "/quorumlock-cluster-" + std::to_string(::getuid());
}

/// The cluster's directory, made if need be. It must be ours alone: servers are started and ended
/// after files in it.
Result<std::string> own_dir(const ClusterFlags& flags, bool make) {
    std::error_code error;
    const fs::path path = fs::absolute(flags.dir.empty() ? default_dir() : flags.dir, error);
    const std::string dir = path.lexically_normal().string();
    if (make && fs::create_directories(dir, error)) (void)::chmod(dir.c_str(), 0700);
    struct stat found {};
    if (::lstat(dir.c_str(), &found) != 0) {
        if (!make) return dir;
        return Error(Errc::invalid_argument,
                     "--dir " + dir + ": cannot be made: " + error.message());
    }
    if (!S_ISDIR(found.st_mode) || found.st_uid != ::getuid()) {
        return Error(Errc::invalid_argument, "--dir " + dir + ": is not a directory of yours");
    }
    return dir;
}

/// The servers whose directories are there, by port.
std::vector<ClusterServer> servers_in(const std::string& dir) {
    std::vector<int> ports;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(dir, error)) {
        const std::string name = entry.path().filename().string();
        const int port = std::atoi(name.c_str());
        if (port > 0 && port <= 65535 && std::to_string(port) == name) ports.push_back(port);
    }
    std::sort(ports.begin(), ports.end());
    std::vector<ClusterServer> servers;
    servers.reserve(ports.size());
    for (const int port : ports) servers.emplace_back(dir, static_cast<std::uint16_t>(port));
    return servers;
}

ordered_json describe(const std::string& dir, const std::vector<ClusterServer>& servers) {
    ordered_json object{{"dir", dir}, {"nodes", ordered_json::array()}};
    std::string list;
    for (const ClusterServer& server : servers) {
        const pid_t pid = server.pid();
        ordered_json node{{"node", server.uri()}, {"running", pid != 0}};
        if (pid != 0) {
            node["pid"] = pid;
            list += (list.empty() ? "" : ",") + server.uri();
        }
        object["nodes"].push_back(std::move(node));
    }
    if (!list.empty()) object["export"] = "export QUORUMLOCK_NODES=" + list;
    return object;
}

int print(const Context& context, const ordered_json& object, int code) {
    if (print_json(object)) return code;
    return context.fail("cluster", Error(Errc::closed, "stdout cannot be written"));
}

int run_up(const Context& context, const ClusterFlags& flags) {
    auto dir = own_dir(flags, true);
    if (!dir) return context.fail("cluster up", dir.error());
    if (flags.port + flags.count - 1 > 65535) {
        return context.usage("cluster up", "--port plus --count is beyond port 65535");
    }
    std::vector<ClusterServer> servers;
    servers.reserve(static_cast<std::size_t>(flags.count));
    for (int i = 0; i < flags.count; ++i) {
        servers.emplace_back(*dir, static_cast<std::uint16_t>(flags.port + i));
    }
    std::vector<ClusterServer> started;
    for (ClusterServer& server : servers) {
        if (server.pid() != 0) continue;
        auto result = server.start();
        started.push_back(server);
        if (result) continue;
        for (ClusterServer& ours : started) (void)ours.stop();
        std::error_code ignored;
        fs::remove(*dir, ignored);  // Only when nothing is in it.
        return context.fail("cluster up", result.error());
    }
    return print(context, describe(*dir, servers), kOk);
}

int run_status(const Context& context, const ClusterFlags& flags) {
    auto dir = own_dir(flags, false);
    if (!dir) return context.fail("cluster status", dir.error());
    const std::vector<ClusterServer> servers = servers_in(*dir);
    const auto running = [](const ClusterServer& server) { return server.pid() != 0; };
    const bool all = !servers.empty() && std::all_of(servers.begin(), servers.end(), running);
    return print(context, describe(*dir, servers), all ? kOk : kNoQuorum);
}

int run_down(const Context& context, const ClusterFlags& flags) {
    auto dir = own_dir(flags, false);
    if (!dir) return context.fail("cluster down", dir.error());
    ordered_json object{{"dir", *dir}, {"ended", ordered_json::array()}};
    for (ClusterServer& server : servers_in(*dir)) {
        if (server.stop()) object["ended"].push_back(server.uri());
    }
    std::error_code ignored;
    fs::remove(*dir, ignored);  // Only when nothing is in it.
    return print(context, object, kOk);
}

}  // namespace

void add_cluster(CLI::App& app, Context& context) {
    auto flags = std::make_shared<ClusterFlags>();
    CLI::App* verb = app.add_subcommand("cluster", "Local redis-server processes for trying out");
    verb->require_subcommand(1);
    verb->add_option("--dir", flags->dir,
                     "where they live [quorumlock-cluster-UID in $XDG_RUNTIME_DIR or /tmp]")
        ->type_name("DIR");
    const auto add = [&](const char* name, const char* what, auto run) {
        CLI::App* sub = verb->add_subcommand(name, what);
        sub->callback([&context, flags, run] {
            context.action = [&context, flags, run] { return run(context, *flags); };
        });
        return sub;
    };
    CLI::App* up = add("up",
                       "Start them, print them as JSON with a line for the shell; what runs "
                       "already is left alone",
                       run_up);
    up->add_option("--count", flags->count, "how many [5]")->check(CLI::Range(1, 32));
    up->add_option("--port", flags->port, "of the first; the others follow [7101]")
        ->check(CLI::Range(1, 65535));
    add("status", "Which run; exit code 69 unless all do", run_status);
    add("down", "End those that `up` started in this directory, and no others", run_down);
}

}  // namespace quorumlock::cli
