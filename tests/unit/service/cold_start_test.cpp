// The first connections to servers that have just started: rule G1 does not make them slower.
#include <gtest/gtest.h>

#include "tests/support/service_world.h"

namespace quorumlock::testing {
namespace {

/// A server that started when it was reached. Everything else is the scripted node's.
class YoungNode final : public nodes::Node, private nodes::NodeEvents {
  public:
    YoungNode(ScriptedNode& script, env::Env& env) : script_(script), env_(env) {}

    void open(int index, nodes::NodeEvents& events) override {
        index_ = index;
        events_ = &events;
        script_.open(index, *this);
    }
    bool ready() const noexcept override { return script_.ready() && !guarded_; }
    bool settled() const noexcept override { return script_.settled(); }
    void lift_guard() override {
        guarded_ = false;
        events_->on_node_changed(index_);
    }
    nodes::Ticket ask(const nodes::Ask& ask, nodes::AnswerEvents& to, std::uint32_t tag) override {
        return script_.ask(ask, to, tag);
    }
    void give_up(nodes::Ticket ticket, bool silent) override { script_.give_up(ticket, silent); }
    void undo(std::string_view resource, const Token& token, Nanos ttl) override {
        script_.undo(resource, token, ttl);
    }
    std::size_t owed() const noexcept override { return script_.owed(); }
    void close() override { script_.close(); }
    nodes::NodeStatus status() const override { return script_.status(); }
    const std::string& label() const noexcept override { return script_.label(); }

  private:
    void on_node_changed(int) override {
        if (script_.is_ready) {
            const nodes::Greeter greeter{.run_id = label(), .started = env_.event_now()};
            const auto admission = events_->on_greeting(index_, greeter);
            guarded_ = admission.guarded_until > env_.event_now();
        }
        events_->on_node_changed(index_);
    }

    ScriptedNode& script_;
    env::Env& env_;
    int index_ = 0;
    nodes::NodeEvents* events_ = nullptr;
    bool guarded_ = false;
};

class ColdStart : public ::testing::TestWithParam<RestartGuard> {
  protected:
    ColdStart() {
        auto runner = std::make_unique<SerialRunner>(env);
        auto loop = std::make_shared<detail::NodeLoop>(env, *runner);
        detail::ServiceState::Nodes nodes;
        for (int i = 0; i < scripted.size(); ++i) {
            scripted[i].is_ready = scripted[i].is_settled = false;
            scripted[i].live_on(loop);
            nodes.push_back(std::make_unique<YoungNode>(scripted[i], env));
        }
        ServiceOptions options;
        options.restart_guard = GetParam();
        locks.emplace(detail::make_service(std::make_shared<detail::ServiceState>(
            std::move(runner), env, nullptr, *detail::check_options(options), std::move(nodes),
            loop)));
        env.run();
    }
    ~ColdStart() override {
        locks.reset();
        env.run();
    }

    VirtualEnv env;
    ScriptedNodes scripted{3};
    std::optional<LockService> locks;
};

TEST_P(ColdStart, a_node_that_hangs_costs_a_grace_unless_nobody_may_vote) {
    auto operation = locks->try_acquire("r", {.ttl = 1s});
    scripted[0].change(true, true);
    scripted[1].change(true, true);
    env.advance(99ms);
    EXPECT_FALSE(operation.done());
    env.advance(1ms);
    const bool votes = GetParam() != RestartGuard::strict;
    EXPECT_EQ(operation.done(), votes);
    if (votes) {
        EXPECT_TRUE(operation.get());
    }
}

INSTANTIATE_TEST_SUITE_P(, ColdStart,
                         ::testing::Values(RestartGuard::automatic, RestartGuard::strict,
                                           RestartGuard::off),
                         [](const auto& mode) {
                             return mode.param == RestartGuard::automatic ? "automatic"
                                    : mode.param == RestartGuard::strict  ? "strict"
                                                                          : "off";
                         });

}  // namespace
}  // namespace quorumlock::testing
