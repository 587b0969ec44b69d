#include "tests/integration/faults/world.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "tests/support/service_fixture.h"

namespace quorumlock::testing::faults {

namespace {

/// Not locks: counters, and what faults fill servers with.
bool is_lock(const std::string& key) {
    return !key.empty() && key != "(nil)" && !key.starts_with("quorumlock:fence:") &&
           !key.starts_with("filler:");
}

}  // namespace

World::World(const FaultCase& fault) {
    for (int i = 0; i < kNodes; ++i) {
        const RedisOptions options = fault.options ? fault.options(*this, i) : RedisOptions{};
        passwords[static_cast<std::size_t>(i)] = options.password;
        servers_.push_back(std::make_unique<RedisServer>(options));
        uris_.push_back(servers_.back()->uri());
        if (!fault.proxied) continue;
        proxies_.push_back(std::make_unique<FaultProxy>(servers_.back()->port()));
        uris_.back() = proxies_.back()->uri();
    }
}

std::string World::ask(int i, const std::vector<std::string>& args) {
    RespClient client(server(i).port());
    const std::string& password = passwords[static_cast<std::size_t>(i)];
    if (!password.empty()) (void)client.command({"AUTH", password});
    return client.command(args);
}

void World::tell(int i, const std::vector<std::string>& args, const std::string& wanted) {
    const std::string said = ask(i, args);
    must(said.starts_with(wanted), args.front() + " is answered " + said);
}

int World::kill_clients(int i) {
    return std::atoi(ask(i, {"CLIENT", "KILL", "TYPE", "pubsub"}).c_str()) +
           std::atoi(ask(i, {"CLIENT", "KILL", "TYPE", "normal"}).c_str());
}

LockService& World::watcher() {
    if (!watcher_) {
        ServiceOptions options = patient();
        options.max_ttl = kMaxTtl;
        options.node_timeout = std::chrono::milliseconds(500);
        watcher_ = std::make_unique<LockService>(open_service(uris_, options));
    }
    return *watcher_;
}

bool World::all_ready() {
    const auto nodes = watcher().nodes().get();
    return nodes && std::all_of(nodes->begin(), nodes->end(),
                                [](const NodeInfo& node) { return node.ready; });
}

void World::expect(int i, const std::function<bool(const NodeInfo&)>& is_so,
                   const std::string& what) {
    const auto seen = [&] {
        const auto nodes = watcher().nodes().get();
        return nodes && is_so((*nodes)[static_cast<std::size_t>(i)]);
    };
    must(eventually(seen), "server " + std::to_string(i) + " is not " + what);
}

void World::expect_guarded(int i) {
    expect(
        i, [](const NodeInfo& node) { return node.guarded > Nanos{0}; }, "guarded");
}

void World::expect_out(int i) {
    expect(
        i, [](const NodeInfo& node) { return !node.ready; }, "out of use");
}

std::vector<std::string> World::left_behind() {
    std::vector<std::string> left;
    const auto look = [&left](const std::string& keys) {
        std::istringstream lines(keys);
        for (std::string key; std::getline(lines, key);) {
            if (is_lock(key)) left.push_back(key);
        }
    };
    for (int i = 0; i < kNodes; ++i) {
        if (server(i).running()) look(ask(i, {"KEYS", "*"}));
    }
    for (const auto& spare : spares) look(spare->command({"KEYS", "*"}));
    return left;
}

}  // namespace quorumlock::testing::faults
