#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace quorumlock::testing {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::vector<std::string> merged(const std::map<std::string, std::string>& added) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
    }
    for (const auto& [name, value] : added) all.push_back(name + "=" + value);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

struct Launch {
    std::vector<char*> argv, environment;
    std::string in, out, err;
    bool own_group;
};

/// In the child: only async-signal-safe calls, other threads may be running in the parent.
[[noreturn]] void run(const Launch& launch, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    if (launch.own_group) ::setpgid(0, 0);
    const int in = ::open(launch.in.c_str(), O_RDONLY);
    const int out = ::open(launch.out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int err = ::open(launch.err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (in < 0 || out < 0 || err < 0) ::_exit(127);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::close(in);
    ::close(out);
    ::close(err);
    ::execvpe(launch.argv[0], launch.argv.data(), launch.environment.data());
    ::_exit(127);
}

}  // namespace

std::string ProcessEnd::text() const {
    return signal != 0 ? "signal " + std::to_string(signal) : "exit code " + std::to_string(code);
}

Process::Process(const std::vector<std::string>& argv, ProcessOptions options)
    : own_group_(options.own_group) {
    std::vector<std::string> args = argv;
    std::vector<std::string> environment = merged(options.environment);
    const std::string input =
        options.input_path.empty() ? dir_.write("in", options.input) : options.input_path;
    const Launch launch{pointers(args),   pointers(environment), input,
                        dir_.file("out"), dir_.file("err"),      own_group_};
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) {
        std::perror("fork");
        std::abort();
    }
    if (pid_ == 0) run(launch, parent);
    // Both sides set the group, so that it is there for whoever comes first.
    if (own_group_) ::setpgid(pid_, pid_);
}

Process::~Process() {
    if (end_) return;
    signal(SIGCONT);
    signal(SIGKILL);
    wait();
}

bool Process::running() { return !wait(milliseconds(0)); }

void Process::signal(int number) {
    if (!end_) ::kill(pid_, number);
}

void Process::signal_group(int number) {
    if (own_group_) ::kill(-pid_, number);
}

std::optional<ProcessEnd> Process::wait(milliseconds limit) {
    const auto last = steady_clock::now() + limit;
    while (!end_) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            end_ = ProcessEnd{WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                              WIFSIGNALED(status) ? WTERMSIG(status) : 0};
            break;
        }
        if (steady_clock::now() >= last) return std::nullopt;
        std::this_thread::sleep_for(milliseconds(1));
    }
    return end_;
}

std::string Process::out() const { return content(dir_.file("out")); }
std::string Process::err() const { return content(dir_.file("err")); }

bool Process::wait_for_out(const std::string& text, milliseconds limit) {
    const auto last = steady_clock::now() + limit;
    while (out().find(text) == std::string::npos) {
        if (steady_clock::now() >= last) return false;
        std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
}

}  // namespace quorumlock::testing
