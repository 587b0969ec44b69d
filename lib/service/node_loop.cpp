#include "lib/service/node_loop.h"

#include <string>
#include <utility>

namespace quorumlock::detail {

std::optional<Error> make_own_nodes(const std::vector<nodes::NodeFactory>& factories,
                                    const std::shared_ptr<nodes::Loop>& loop,
                                    std::vector<std::unique_ptr<nodes::Node>>& nodes) {
    for (std::size_t i = 0; i < factories.size(); ++i) {
        auto node = factories[i] ? factories[i](loop) : nullptr;
        if (node == nullptr) {
            return Error(Errc::invalid_argument,
                         "nodes[" + std::to_string(i) + "] of the options made no node");
        }
        nodes.push_back(std::move(node));
    }
    return std::nullopt;
}

struct NodeLoop::Posted final : env::Task {
    Posted(std::shared_ptr<NodeLoop> l, std::function<void()> what)
        : loop(std::move(l)), f(std::move(what)) {}
    void run() override {
        const std::unique_ptr<Posted> self(this);
        if (!loop->ended_) f();
    }
    std::shared_ptr<NodeLoop> loop;
    std::function<void()> f;
};

struct NodeLoop::Later final : env::Timer, ListHook<Later> {
    Later(NodeLoop& l, std::function<void()> what) : loop(l), f(std::move(what)) {}
    void fire() override {
        const std::unique_ptr<Later> self(this);
        loop.later_.remove(*this);
        f();
    }
    NodeLoop& loop;
    std::function<void()> f;
};

NodeLoop::~NodeLoop() = default;

void NodeLoop::post(std::function<void()> f) {
    auto posted = std::make_unique<Posted>(shared_from_this(), std::move(f));
    const std::lock_guard lock(gate_);
    if (closed_) return;
    runner_.run_later(*posted.release());
}

void NodeLoop::after(Nanos delay, std::function<void()> f) {
    auto later = std::make_unique<Later>(*this, std::move(f));
    {
        const std::lock_guard lock(gate_);
        if (closed_) return;
    }
    later_.push_back(*later);
    env_.arm(*later, env_.event_now() + delay);
    (void)later.release();
}

void NodeLoop::close() {
    const std::lock_guard lock(gate_);
    closed_ = true;
}

void NodeLoop::end() {
    close();
    end_ = env_.now();
    ended_ = true;
    while (Later* later = later_.first()) {
        later_.remove(*later);
        delete later;
    }
}

}  // namespace quorumlock::detail
