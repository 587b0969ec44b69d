#include "tests/support/otlp_receiver.h"

#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace quorumlock::testing {

namespace {

std::vector<std::string> command(const std::vector<std::string>& answers) {
    std::vector<std::string> argv{"python3", QUORUMLOCK_OTLP_RECEIVER};
    argv.insert(argv.end(), answers.begin(), answers.end());
    return argv;
}

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "OtlpReceiver: %s\n", what.c_str());
    std::abort();
}

}  // namespace

OtlpReceiver::OtlpReceiver(const std::vector<std::string>& answers) : process_(command(answers)) {
    if (!process_.wait_for_out("\n")) give_up("it does not start: " + process_.err());
    port_ = static_cast<std::uint16_t>(std::stoi(process_.out().substr(5)));
}

std::string OtlpReceiver::endpoint() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/v1/traces";
}

std::vector<std::string> OtlpReceiver::requests() const {
    std::vector<std::string> lines;
    std::istringstream text(process_.out());
    std::string line;
    std::getline(text, line);  // its port
    while (std::getline(text, line)) lines.push_back(line);
    return lines;
}

void OtlpReceiver::freeze() {
    process_.signal(SIGSTOP);
    int status = 0;
    if (::waitpid(process_.pid(), &status, WUNTRACED) != process_.pid() || !WIFSTOPPED(status)) {
        give_up("it does not stop");
    }
}

void OtlpReceiver::resume() { process_.signal(SIGCONT); }

}  // namespace quorumlock::testing
