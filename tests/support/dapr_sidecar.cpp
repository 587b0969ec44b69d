#include "tests/support/dapr_sidecar.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "tests/support/free_port.h"
#include "tests/support/http_client.h"

namespace quorumlock::testing {

namespace {

using std::chrono::milliseconds;

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "DaprSidecar: %s\n", what.c_str());
    std::abort();
}

std::string component(const DaprOptions& options) {
    std::ostringstream out;
    out << "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: "
        << DaprSidecar::kStore << "\nspec:\n  type: lock.redis\n  version: v1\n  metadata:\n"
        << "    - name: redisHost\n      value: \"127.0.0.1:" << options.redis_port << "\"\n";
    if (!options.redis_password.empty()) {
        out << "    - name: redisPassword\n      value: \"" << options.redis_password << "\"\n";
    }
    if (!options.key_prefix.empty()) {
        out << "    - name: keyPrefix\n      value: \"" << options.key_prefix << "\"\n";
    }
    return out.str();
}

}  // namespace

std::string DaprSidecar::program() {
    const char* path = std::getenv("QUORUMLOCK_DAPRD");
    return path != nullptr ? path : QUORUMLOCK_DAPRD_PATH;
}

bool DaprSidecar::available() { return ::access(program().c_str(), X_OK) == 0; }

DaprSidecar::DaprSidecar(DaprOptions options) : options_(std::move(options)) {
    if (options_.redis_port != 0) (void)dir_.write("lockstore.yaml", component(options_));
    for (int tries = 0; tries < 5; ++tries) {
        port_ = free_port();
        if (launch()) return;
    }
    give_up("it does not start: " + log());
}

bool DaprSidecar::launch() {
    const auto port = [](std::uint16_t number) { return std::to_string(number); };
    std::vector<std::string> argv{program(),
                                  "--app-id",
                                  options_.app_id,
                                  "--dapr-http-port",
                                  port(port_),
                                  "--dapr-grpc-port",
                                  port(free_port()),
                                  "--dapr-internal-grpc-port",
                                  port(free_port()),
                                  "--dapr-listen-addresses",
                                  "127.0.0.1",
                                  "--dapr-internal-grpc-listen-address",
                                  "127.0.0.1",
                                  "--enable-metrics=false",
                                  "--dapr-graceful-shutdown-seconds",
                                  "1",
                                  "--resources-path",
                                  dir_.path()};
    if (options_.unix_socket) {
        argv.insert(argv.end(), {"--unix-domain-socket", dir_.path()});
    }
    ProcessOptions how;
    how.environment = {{"DAPR_API_TOKEN", options_.api_token}};
    process_ = std::make_unique<Process>(argv, how);
    return wait_until_well();
}

bool DaprSidecar::wait_until_well() {
    for (int i = 0; i < 4000 && process_->running(); ++i) {
        const HttpResult said = options_.unix_socket
                                    ? http_request_on(socket_path(), "GET", "/v1.0/healthz")
                                    : http_request(port_, "GET", "/v1.0/healthz");
        if (said.status == 204) return true;
        std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
}

std::string DaprSidecar::uri(const std::string& query) const {
    if (options_.unix_socket) {
        return "dapr+unix://" + socket_path() + "?store=" + kStore +
               (query.empty() ? "" : "&" + query.substr(1));
    }
    return "dapr://" + label() + query;
}

std::string DaprSidecar::label() const {
    return "127.0.0.1:" + std::to_string(port_) + "/" + kStore;
}

std::string DaprSidecar::socket_path() const {
    return dir_.file("dapr-" + options_.app_id + "-http.socket");
}

std::string DaprSidecar::key(const std::string& resource) const {
    return "lock||" + options_.app_id + "||" + resource;
}

void DaprSidecar::kill9() { process_.reset(); }

void DaprSidecar::freeze() {
    process_->signal(SIGSTOP);
    // Its threads stop one after the other; until the last has, it may answer.
    int status = 0;
    if (::waitpid(process_->pid(), &status, WUNTRACED) != process_->pid() || !WIFSTOPPED(status)) {
        give_up("it does not stop: " + log());
    }
}

void DaprSidecar::resume() { process_->signal(SIGCONT); }

void DaprSidecar::restart() {
    process_.reset();
    if (!launch()) give_up("it does not come back: " + log());
}

std::string DaprSidecar::log() const {
    return process_ == nullptr ? "" : process_->out() + process_->err();
}

}  // namespace quorumlock::testing
