#include "tools/cli/cluster_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <thread>
#include <vector>

#include "tools/cli/run_child.h"
#include "tools/cli/signals.h"

namespace quorumlock::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool port_is_free(std::uint16_t port) {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;  // As the server does: connections that linger are no hindrance.
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool ended_within(pid_t pid, milliseconds limit) {
    const auto last = steady_clock::now() + limit;
    while (::kill(pid, 0) == 0) {
        if (steady_clock::now() >= last) return false;
        std::this_thread::sleep_for(milliseconds(10));
    }
    return true;
}

}  // namespace

ClusterServer::ClusterServer(const std::string& dir, std::uint16_t port)
    : dir_(dir + "/" + std::to_string(port)), port_(port) {}

std::string ClusterServer::uri() const { return "redis://127.0.0.1:" + std::to_string(port_); }

pid_t ClusterServer::pid() const {
    const pid_t pid = std::atoi(content(dir_ + "/redis.pid").c_str());
    if (pid <= 1) return 0;
    const std::string process = "/proc/" + std::to_string(pid);
    // The server names itself "redis-server 127.0.0.1:7101" and works in its directory.
    const std::string title = content(process + "/cmdline");
    if (title.find("redis-server") == std::string::npos ||
        title.find(":" + std::to_string(port_)) == std::string::npos) {
        return 0;
    }
    std::error_code error;
    return fs::equivalent(fs::read_symlink(process + "/cwd", error), dir_, error) ? pid : 0;
}

Error ClusterServer::cannot_start(const std::string& why) const {
    return Error(Errc::no_quorum,
                 "redis-server on port " + std::to_string(port_) + " cannot be started: " + why);
}

Result<void> ClusterServer::start() {
    if (!port_is_free(port_)) {
        return cannot_start("the port is in use by another program; choose another with --port");
    }
    std::error_code error;
    fs::create_directories(dir_, error);
    if (error) return cannot_start(dir_ + ": " + error.message());
    (void)::chmod(dir_.c_str(), 0700);

    ChildSpec spec;
    spec.command = {"redis-server",
                    "--port",
                    std::to_string(port_),
                    "--bind",
                    "127.0.0.1",
                    "--dir",
                    dir_,
                    "--daemonize",
                    "yes",
                    "--pidfile",
                    dir_ + "/redis.pid",
                    "--logfile",
                    dir_ + "/redis.log",
                    "--save",
                    "",
                    "--appendonly",
                    "no"};
    sigemptyset(&spec.mask);
    const Child child = start_child(spec);
    int status = 0;
    while (child.pid > 0 && ::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    const int exec_error = exec_failure(child);
    if (exec_error == ENOENT) {
        return cannot_start("it is not installed; on Debian: apt-get install redis-server");
    }
    if (child.pid < 0 || exec_error != 0) {
        return cannot_start(std::strerror(exec_error != 0 ? exec_error : errno));
    }
    const auto last = steady_clock::now() + seconds(10);
    while (pid() == 0 || !answers_ping()) {
        if (steady_clock::now() >= last || status != 0) {
            return cannot_start("it does not answer; see " + dir_ + "/redis.log");
        }
        std::this_thread::sleep_for(milliseconds(5));
    }
    return {};
}

bool ClusterServer::answers_ping() const {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{1, 0};
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const sockaddr_in address = loopback(port_);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return false;
    }
    constexpr std::string_view kPing = "PING\r\n";
    std::array<char, 16> answer{};
    return ::send(socket.get(), kPing.data(), kPing.size(), MSG_NOSIGNAL) > 0 &&
           ::recv(socket.get(), answer.data(), answer.size() - 1, 0) >= 5 &&
           std::string_view(answer.data()).starts_with("+PONG");
}

bool ClusterServer::stop() {
    const pid_t process = pid();
    if (process != 0) {
        (void)::kill(process, SIGTERM);
        if (!ended_within(process, seconds(5)) && pid() == process) {
            (void)::kill(process, SIGKILL);
            (void)ended_within(process, seconds(1));
        }
    }
    // Only what a server of ours leaves; anything else keeps the directory.
    std::error_code error;
    for (const char* name : {"redis.pid", "redis.log"}) fs::remove(dir_ + "/" + name, error);
    fs::remove(dir_, error);
    return process != 0;
}

}  // namespace quorumlock::cli
