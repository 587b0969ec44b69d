// A LockService in virtual time over scripted nodes that greet as servers do: with a run id and the
// instant of their start, so that rules G1 and G2 have something to go by.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/testing/scripted_node.h>

#include "lib/service/service_state.h"
#include "lib/testing/serial_runner.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

/// What a server tells of itself when it is met, until it is met again.
struct ServerTold {
    std::string run_id;
    Instant started{};
    bool restarted = false;
};

/// Greets when the script makes it ready, and does what it is then told: it is refused, or has no
/// vote before the guard ends. Everything else is the scripted node's.
class GreetingNode final : public nodes::Node, private nodes::NodeEvents, private env::Timer {
  public:
    GreetingNode(ScriptedNode& script, const ServerTold& told, env::Env& env)
        : script_(script), told_(told), env_(env) {}
    ~GreetingNode() override { env_.disarm(*this); }

    void open(int index, nodes::NodeEvents& events) override {
        index_ = index;
        events_ = &events;
        script_.open(index, *this);
    }
    bool ready() const noexcept override { return script_.ready() && !refused_ && !guarded(); }
    bool settled() const noexcept override { return script_.settled(); }
    void lift_guard() override {
        guarded_until_ = Instant{};
        env_.disarm(*this);
        events_->on_node_changed(index_);
    }
    nodes::Ticket ask(const nodes::Ask& ask, nodes::AnswerEvents& to, std::uint32_t tag) override {
        if (!ready() && script_.ready()) {
            script_.cause = refused_ ? Cause{CauseClass::rejected, "is refused"}
                                     : Cause{CauseClass::busy, "is guarded"};
            script_.next.push_front(ScriptedNode::Mode::fail);
        }
        return script_.ask(ask, to, tag);
    }
    void give_up(nodes::Ticket ticket, bool silent) override { script_.give_up(ticket, silent); }
    void undo(std::string_view resource, const Token& token, Nanos ttl) override {
        script_.undo(resource, token, ttl);
    }
    std::size_t owed() const noexcept override { return script_.owed(); }
    void close() override {
        env_.disarm(*this);
        script_.close();
    }
    nodes::NodeStatus status() const override { return script_.status(); }
    const std::string& label() const noexcept override { return script_.label(); }

  private:
    void on_node_changed(int) override {
        if (script_.is_ready) greet();
        events_->on_node_changed(index_);
    }
    void greet() {
        const nodes::Admission admission = events_->on_greeting(
            index_,
            {.run_id = told_.run_id, .started = told_.started, .restarted = told_.restarted});
        refused_ = admission.refused.kind != CauseClass::none;
        guarded_until_ = admission.guarded_until;
        if (guarded()) env_.arm(*this, guarded_until_);
    }
    bool guarded() const noexcept { return env_.now() < guarded_until_; }
    void fire() override { events_->on_node_changed(index_); }

    ScriptedNode& script_;
    const ServerTold& told_;
    env::Env& env_;
    int index_ = 0;
    nodes::NodeEvents* events_ = nullptr;
    bool refused_ = false;
    Instant guarded_until_{};
};

/// Three nodes that nobody has met yet; their servers have run for a day.
class GreetingWorld {
  public:
    GreetingWorld() {
        for (int i = 0; i < scripted.size(); ++i) {
            scripted[i].is_ready = scripted[i].is_settled = false;
            servers.push_back({.run_id = "run" + std::to_string(i), .started = env.now() - 24h});
        }
    }
    ~GreetingWorld() {
        locks.reset();
        env.run();
    }

    void open(const ServiceOptions& options) {
        auto runner = std::make_unique<SerialRunner>(env);
        auto loop = std::make_shared<detail::NodeLoop>(env, *runner);
        detail::ServiceState::Nodes nodes;
        for (int i = 0; i < scripted.size(); ++i) {
            scripted[i].live_on(loop);
            nodes.push_back(std::make_unique<GreetingNode>(
                scripted[i], servers[static_cast<std::size_t>(i)], env));
        }
        state = std::make_shared<detail::ServiceState>(std::move(runner), env, nullptr,
                                                       *detail::check_options(options),
                                                       std::move(nodes), loop);
        locks.emplace(detail::make_service(state));
        env.run();
    }
    /// The service reaches the server of this node, for the first time or again.
    void meet(int node) {
        scripted[node].change(true, true);
        env.run();
    }
    void meet_all() {
        for (int i = 0; i < scripted.size(); ++i) meet(i);
    }

    VirtualEnv env;
    ScriptedNodes scripted{3};
    std::vector<ServerTold> servers;
    std::shared_ptr<detail::ServiceState> state;
    std::optional<LockService> locks;
};

}  // namespace quorumlock::testing
