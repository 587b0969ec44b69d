// A vote inside this process: for tests, for examples, and for one process that needs no server.
// It forgets everything with its service, and no other process sees it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <quorumlock/node.h>

#include "lib/env/env.h"
#include "lib/nodes/memory_counters.h"
#include "lib/nodes/memory_store.h"
#include "lib/nodes/node_uri.h"

namespace quorumlock::nodes {

class MemoryNode final : public Node {
  public:
    MemoryNode(NodeUri uri, const NodeOptions& options, env::Env& env);
    /// Answers that are still to come are dropped.
    ~MemoryNode() override;

    void open(int index, NodeEvents& events) override;
    bool ready() const noexcept override { return state_ == State::open; }
    bool settled() const noexcept override { return settled_; }
    Abilities abilities() const noexcept override {
        return {.fence = true, .heal = true, .transfer = true};
    }
    Ticket ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) override;
    void give_up(Ticket ticket, bool silent) override;
    void undo(std::string_view resource, const Token& token, Nanos ttl) override;
    std::size_t owed() const noexcept override { return 0; }
    void close() override;
    NodeStatus status() const override;
    const std::string& label() const noexcept override { return label_; }

    /// Keys in memory, expired ones included until they are swept: for tests of boundedness.
    std::size_t keys() const noexcept { return store_.size(); }

  private:
    enum class State : std::uint8_t { fresh, open, closed };

    /// The posted task. It outlives a node that is destroyed while it is queued.
    struct Delivery;

    /// A step is done when it is asked; its answer waits here for the next event.
    struct Pending {
        AnswerEvents* to;  ///< null: given up
        std::uint32_t tag;
        Outcome outcome;
        std::int64_t value;
        std::int64_t counter;
        Token holder;
    };

    Pending perform(const Ask& ask);
    void deliver();

    const std::string label_;
    env::Env& env_;
    NodeEvents* events_ = nullptr;
    int index_ = 0;
    State state_ = State::fresh;
    bool settled_ = false;
    MemoryStore store_;
    MemoryCounters counters_;
    std::vector<Pending> pending_;
    Ticket first_ticket_ = 1;  ///< of pending_.front()
    Cause cause_{CauseClass::unreachable, "the node is not open yet"};
    std::unique_ptr<Delivery> delivery_;
};

}  // namespace quorumlock::nodes
