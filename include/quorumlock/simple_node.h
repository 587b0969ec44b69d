// The base of most nodes that users write: it keeps the book of what was asked, so that a node of
// your own is one function, which talks to your store.
//
//   class MyNode final : public SimpleNode {
//     public:
//       explicit MyNode(std::shared_ptr<Loop> loop) : SimpleNode(std::move(loop), "mine", "db1") {}
//       void perform(const Ask& ask, Reply reply) override { ...; reply({Outcome::granted}); }
//   };
//   LockService::open({}, {.nodes = {[](auto loop) { return std::make_unique<MyNode>(loop); }}});
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/cause.h>
#include <quorumlock/node.h>
#include <quorumlock/node_loop.h>
#include <quorumlock/time.h>
#include <quorumlock/token.h>

namespace quorumlock::nodes {

class SimpleNode;

/// The right to answer one step, once. Movable; destroyed without an answer it says `unknown`, so
/// no step is ever left open. Any thread, also after its node and its service are gone.
class Reply {
  public:
    Reply(Reply&& other) noexcept;
    Reply& operator=(Reply&& other) noexcept;
    ~Reply();

    /// Copies what the answer points to. From the second call on nothing happens.
    void operator()(const Answer& answer);
    /// `failed` (certainly not applied) or `unknown`, with why.
    void operator()(Outcome outcome, Cause cause);

  private:
    friend class SimpleNode;
    Reply(std::shared_ptr<Loop> loop, SimpleNode& node, Ticket ticket);

    std::shared_ptr<Loop> loop_;  ///< Null: answered, or moved from.
    SimpleNode* node_ = nullptr;  ///< Touched on its loop only, which runs nothing once it is gone.
    Ticket ticket_ = 0;
};

/// Answers come in later events; what was given up stays silent; at most 1024 steps wait for the
/// store, and one more is `failed`. An undo is a release behind the reply to its acquire, performed
/// again after 100 ms, doubling to 2 s, until the store has answered it or the lease has certainly
/// ended. Steps of one token are performed one behind the other's reply, and so is the next acquire
/// of a resource behind what ends the one before (rules A6, N5 and N7).
class SimpleNode : public Node {
  public:
    /// Steps that wait for the store.
    static constexpr std::size_t kMaxBacklog = 1024;

    ~SimpleNode() override;

    void open(int index, NodeEvents& events) override;
    bool ready() const noexcept override { return ready_; }
    bool settled() const noexcept override { return settled_; }
    Ticket ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) override;
    void give_up(Ticket ticket, bool silent) override;
    void undo(std::string_view resource, const Token& token, Nanos ttl) override;
    std::size_t owed() const noexcept override { return debts_.size(); }
    void close() override;
    NodeStatus status() const override;
    const std::string& label() const noexcept override { return label_; }

  protected:
    /// `kind`: what sort of store, one word for messages ("etcd"). `label`: which one of them.
    SimpleNode(std::shared_ptr<Loop> loop, std::string kind, std::string label);

    /// Does one step in the store, atomically, and replies; now or later, from any thread. An
    /// acquire sets the key where there is none, with an expiry of at least ask.ttl from when it is
    /// applied; an extension lengthens and never shortens (rule E2); extension and release touch
    /// the key only where it holds this very token (docs/protocol.md, "One node, one atomic step").
    /// Raise and heal come to kinds whose abilities() have them (rules F2 and H1). Never do again
    /// what the store may have done: say `unknown` (rule N2). Steps that abilities() denies do not
    /// come here. On the loop; must not block or throw. What `ask` points to is valid during the
    /// call only.
    virtual void perform(const Ask& ask, Reply reply) = 0;

    /// Called by open(): the place to start connecting, and to call set_ready() when the first
    /// attempt has ended. As it is, the node is ready at once. On the loop.
    virtual void connect() { set_ready(true); }
    /// The store can be asked from now on, or why not: what is asked is then `failed`. On the loop.
    void set_ready(bool ready, Cause why_not = {});

    const std::shared_ptr<Loop>& loop() const noexcept { return loop_; }

  private:
    friend class Reply;
    struct Open;  // a step that the store has not answered
    struct Debt;  // an undo under way

    void start_or_hold(Open& open);
    void replied(Ticket ticket, Answer answer, const std::string& text, const Cause& cause);
    bool must_wait(const Open& open) const noexcept;
    void resume();
    void pay(const std::shared_ptr<Debt>& debt);
    void pay_again(const std::shared_ptr<Debt>& debt);
    void forgive(const Open& failed);
    bool in_debt(std::string_view resource) const noexcept;
    /// Why such a step cannot be performed now; `none` where it can.
    Cause refusal(Step step) const;

    const std::shared_ptr<Loop> loop_;
    const std::string kind_;
    const std::string label_;
    NodeEvents* events_ = nullptr;
    int index_ = 0;
    bool ready_ = false;
    bool settled_ = false;
    bool closed_ = false;
    Cause cause_{CauseClass::unreachable, "the node is not open yet"};
    std::vector<Open> open_;  ///< By ticket.
    std::vector<std::shared_ptr<Debt>> debts_;
    Ticket last_ticket_ = 0;
};

}  // namespace quorumlock::nodes
