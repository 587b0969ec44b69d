#include "tests/support/service_fixture.h"

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

namespace quorumlock::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

ServiceOptions patient() {
    ServiceOptions options;
    options.node_timeout = seconds(10);
    options.connect_timeout = seconds(20);
    return options;
}

LockService open_service(const std::vector<std::string>& uris, ServiceOptions options) {
    auto service = LockService::open(uris, std::move(options));
    if (!service) {
        std::fprintf(stderr, "open_service: %s\n", text_of(service).c_str());
        std::abort();
    }
    return std::move(service).value();
}

::testing::AssertionResult says(const Error& error, const std::vector<std::string>& words) {
    const std::string text = error.to_string();
    for (const std::string& word : words) {
        if (text.find(word) == std::string::npos) {
            return ::testing::AssertionFailure() << "\"" << word << "\" is not in: " << text;
        }
    }
    return ::testing::AssertionSuccess();
}

bool eventually(const std::function<bool()>& is_so, milliseconds limit) {
    const Stopwatch watch;
    while (!is_so()) {
        if (watch.elapsed() > limit) return false;
        std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
}

int nodes_holding(LockService& service, std::string_view resource) {
    auto said = service.inspect(resource).get();
    if (!said) {
        ADD_FAILURE() << text_of(said);
        return -1;
    }
    int holding = 0;
    for (const NodeInspection& node : said->nodes) holding += node.present ? 1 : 0;
    return holding;
}

::testing::AssertionResult nothing_left(LockService& service, std::string_view resource) {
    int holding = -1;
    if (eventually([&] { return (holding = nodes_holding(service, resource)) == 0; })) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << holding << " nodes still hold it";
}

}  // namespace quorumlock::testing
