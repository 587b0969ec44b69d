#include "tests/support/redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/free_port.h"
#include "tests/support/resp_client.h"

namespace quorumlock::testing {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kStartLimit = std::chrono::seconds(20);

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "RedisServer: %s\n", what.c_str());
    std::abort();
}

std::string configuration(const RedisOptions& options, const TempDir& dir, std::uint16_t port) {
    std::ostringstream out;
    out << "bind 127.0.0.1\nport " << port << "\nsave \"\"\nappendonly no\ndaemonize no\ndir "
        << dir.path() << "\nlogfile " << dir.file("log")
        << "\nenable-debug-command yes\nrepl-diskless-sync yes\nrepl-diskless-sync-delay 0\n";
    if (!options.password.empty()) out << "requirepass " << options.password << "\n";
    if (options.unix_socket) out << "unixsocket " << dir.file("s") << "\n";
    if (options.replica_of != 0) out << "replicaof 127.0.0.1 " << options.replica_of << "\n";
    for (const std::string& line : options.config) out << line << "\n";
    return out.str();
}

std::string tls_configuration(const RedisTls& tls, std::uint16_t port) {
    return "tls-port " + std::to_string(port) + "\ntls-ca-cert-file " + tls.ca +
           "\ntls-cert-file " + tls.cert + "\ntls-key-file " + tls.key + "\ntls-auth-clients " +
           (tls.auth_clients ? "yes\n" : "no\n");
}

std::string log_of(const TempDir& dir) {
    std::ifstream in(dir.file("log"));
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Only async-signal-safe calls between fork and exec: other threads may be running.
pid_t run(const char* program, const char* config, const char* output) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    // A group of its own: Ctrl-C at the terminal is for the test, which then takes us along.
    ::setpgid(0, 0);
    const int in = ::open("/dev/null", O_RDONLY);
    const int out = ::open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (in < 0 || out < 0) ::_exit(127);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execlp(program, program, config, static_cast<char*>(nullptr));
    ::_exit(127);
}

}  // namespace

bool RedisServer::available(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::istringstream dirs(path != nullptr ? path : "/usr/bin:/bin");
    for (std::string dir; std::getline(dirs, dir, ':');) {
        if (::access((dir + "/" + program).c_str(), X_OK) == 0) return true;
    }
    return false;
}

RedisServer::RedisServer(RedisOptions options) : options_(std::move(options)) {
    for (int tries = 0; tries < 5; ++tries) {
        port_ = free_port();
        if (options_.tls) tls_port_ = free_port();
        if (launch()) return;
        kill9();
    }
    give_up(options_.program + " does not start: " + log_of(dir_));
}

RedisServer::~RedisServer() { kill9(); }

bool RedisServer::launch() {
    std::string text = configuration(options_, dir_, port_);
    if (options_.tls) text += tls_configuration(*options_.tls, tls_port_);
    const std::string config = dir_.write("redis.conf", text);
    const std::string output = dir_.file("log");
    pid_ = run(options_.program.c_str(), config.c_str(), output.c_str());
    if (pid_ < 0) give_up("fork failed");
    return wait_until_it_answers();
}

bool RedisServer::wait_until_it_answers() {
    const auto end = steady_clock::now() + kStartLimit;
    while (steady_clock::now() < end) {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            return false;
        }
        // Its own word is asked for: another server may have got the port first.
        const std::string said = command({"INFO", "server"});
        if (said.find("process_id:" + std::to_string(pid_) + "\r\n") != std::string::npos) {
            return true;
        }
        if (!said.starts_with("-IO") && !said.starts_with("# Server")) {
            // It answers, though with an error: some tests configure it so.
            if (said.starts_with("-")) return true;
        }
        std::this_thread::sleep_for(milliseconds(2));
    }
    return false;
}

std::string RedisServer::uri() const {
    const std::string user = options_.password.empty() ? "" : ":" + options_.password + "@";
    if (options_.unix_socket) {
        const std::string query =
            options_.password.empty()
                ? ""
                : "?password_file=" + dir_.write("password", options_.password + "\n");
        return "unix://" + socket_path() + query;
    }
    if (options_.tls) {
        const std::string& query = options_.tls->query;
        return "rediss://" + user + label() + "?" +
               (query.empty() ? "ca=" + options_.tls->ca : query);
    }
    return "redis://" + user + "127.0.0.1:" + std::to_string(port_);
}

std::string RedisServer::label() const {
    return options_.unix_socket ? socket_path()
                                : "127.0.0.1:" + std::to_string(options_.tls ? tls_port_ : port_);
}

void RedisServer::reap() {
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void RedisServer::kill9() {
    if (pid_ <= 0) return;
    // Ends a frozen server too, without giving it a moment to answer.
    ::kill(pid_, SIGKILL);
    reap();
}

void RedisServer::stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::kill(pid_, SIGCONT);
    const auto end = steady_clock::now() + std::chrono::seconds(5);
    while (steady_clock::now() < end) {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            return;
        }
        std::this_thread::sleep_for(milliseconds(2));
    }
    kill9();
}

void RedisServer::freeze() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGSTOP);
    // The signal is asynchronous: wait until the server has really stopped.
    ::siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT);
}

void RedisServer::resume() {
    if (pid_ > 0) ::kill(pid_, SIGCONT);
}

void RedisServer::restart() {
    kill9();
    for (int tries = 0; tries < 50; ++tries) {
        if (launch()) return;
        kill9();
        std::this_thread::sleep_for(milliseconds(20));
    }
    give_up("does not come back on port " + std::to_string(port_) + ": " + log_of(dir_));
}

std::string RedisServer::command(const std::vector<std::string>& args) const {
    RespClient client(port_);
    if (!options_.password.empty()) {
        const std::string said = client.command({"AUTH", options_.password});
        if (said.starts_with("-IO")) return said;
    }
    return client.command(args);
}

std::vector<std::unique_ptr<RedisServer>> start_servers(int count, const RedisOptions& options) {
    std::vector<std::unique_ptr<RedisServer>> servers;
    for (int i = 0; i < count; ++i) servers.push_back(std::make_unique<RedisServer>(options));
    return servers;
}

std::vector<std::string> uris_of(const std::vector<std::unique_ptr<RedisServer>>& servers) {
    std::vector<std::string> uris;
    for (const auto& server : servers) uris.push_back(server->uri());
    return uris;
}

}  // namespace quorumlock::testing
