// A whole LockService in virtual time: the production front, core, leases and machines over
// scripted nodes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/testing/scripted_node.h>

#include "lib/service/service_state.h"
#include "lib/testing/serial_runner.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

class ServiceWorld {
  public:
    explicit ServiceWorld(int node_count, ServiceOptions options = {}, bool fences = false,
                          bool all_transfer = true)
        : scripted(node_count) {
        scripted[0].transfers = all_transfer;
        for (int i = 0; i < node_count; ++i) {
            nodes.push_back(&scripted[i]);
            scripted[i].fences = fences;
        }
        auto made = std::make_unique<SerialRunner>(env);
        runner = made.get();
        auto loop = std::make_shared<detail::NodeLoop>(env, *made);
        detail::ServiceState::Nodes owned;
        (void)detail::make_own_nodes(scripted.factories(), loop, owned);
        auto settings = detail::check_options(options);
        state = std::make_shared<detail::ServiceState>(
            std::move(made), env, nullptr, std::move(*settings), std::move(owned), loop);
    }

    ~ServiceWorld() {
        locks.reset();
        env.run();
    }

    /// Opens after the test has set its nodes up.
    LockService& open() {
        locks.emplace(detail::make_service(state));
        env.run();
        return *locks;
    }

    /// Lets `time` pass and gives the result; the operation must be done by then.
    template <class T>
    Result<T> after(Nanos time, Operation<T> operation) {
        env.run();
        if (time > Nanos{0}) env.advance(time);
        return operation.get();
    }
    Result<Lock> try_acquire(const std::string& resource, Nanos ttl = 1s) {
        return after(Nanos{0}, locks->try_acquire(resource, {.ttl = ttl}));
    }

    void set_all(ScriptedNode::Mode mode) { scripted.set_all(mode); }
    int holding(const std::string& resource) const { return scripted.holding(resource); }

    VirtualEnv env;
    ScriptedNodes scripted;
    std::vector<ScriptedNode*> nodes;
    SerialRunner* runner = nullptr;
    std::shared_ptr<detail::ServiceState> state;
    std::optional<LockService> locks;
};

}  // namespace quorumlock::testing
