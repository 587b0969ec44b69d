// A whole LockService in virtual time: the production front, core, leases and machines over
// scripted nodes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <quorumlock/lock_service.h>

#include "lib/service/service_state.h"
#include "tests/support/scripted_node.h"
#include "tests/support/serial_runner.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

class ServiceWorld {
  public:
    explicit ServiceWorld(int node_count, ServiceOptions options = {}, bool fences = false) {
        detail::ServiceState::Nodes owned;
        for (int i = 0; i < node_count; ++i) {
            auto node = std::make_unique<ScriptedNode>(env, "node" + std::to_string(i));
            node->fences = fences;
            nodes.push_back(node.get());
            owned.push_back(std::move(node));
        }
        auto made = std::make_unique<SerialRunner>(env);
        runner = made.get();
        auto settings = detail::check_options(options);
        state = std::make_shared<detail::ServiceState>(std::move(made), env, nullptr,
                                                       std::move(*settings), std::move(owned));
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

    void set_all(ScriptedNode::Mode mode) {
        for (auto* node : nodes) node->mode = mode;
    }
    int holding(const std::string& resource) const {
        int count = 0;
        for (auto* node : nodes) count += node->holds(resource) ? 1 : 0;
        return count;
    }

    FakeEnv env;
    std::vector<ScriptedNode*> nodes;
    SerialRunner* runner = nullptr;
    std::shared_ptr<detail::ServiceState> state;
    std::optional<LockService> locks;
};

}  // namespace quorumlock::testing
