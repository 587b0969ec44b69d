// The loop that nodes of others live on: nodes::Loop over the one door and its runner.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <quorumlock/error.h>
#include <quorumlock/node.h>
#include <quorumlock/node_loop.h>

#include "lib/base/list.h"
#include "lib/env/env.h"
#include "lib/env/runner.h"

namespace quorumlock::detail {

/// Appends a node by each factory, or says which one made none.
std::optional<Error> make_own_nodes(const std::vector<nodes::NodeFactory>& factories,
                                    const std::shared_ptr<nodes::Loop>& loop,
                                    std::vector<std::unique_ptr<nodes::Node>>& nodes);

class NodeLoop final : public nodes::Loop, public std::enable_shared_from_this<NodeLoop> {
  public:
    /// `kept`: the same env, where its clock goes on when the service has ended.
    NodeLoop(env::Env& env, env::Runner& runner, std::shared_ptr<env::Env> kept = nullptr)
        : kept_(std::move(kept)), env_(env), runner_(runner) {}
    ~NodeLoop() override;

    Instant now() const noexcept override { return ended_ && kept_ == nullptr ? end_ : env_.now(); }
    void post(std::function<void()> f) override;
    void after(Nanos delay, std::function<void()> f) override;

    /// Takes nothing in any more; what was taken in still runs. On the loop, which may end then.
    void close();
    /// Runs nothing any more: the nodes are about to be destroyed. When the loop is at rest.
    void end();

  private:
    struct Posted;
    struct Later;

    const std::shared_ptr<env::Env> kept_;
    // Both outlive end(), after which they are not touched unless kept.
    env::Env& env_;
    env::Runner& runner_;
    bool ended_ = false;
    Instant end_{};
    List<Later> later_;
    std::mutex gate_;  // guards closed_: a post is wholly before close(), or dropped
    bool closed_ = false;
};

}  // namespace quorumlock::detail
