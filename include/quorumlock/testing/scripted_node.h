// Nodes that do what a test says: they grant, refuse, fail, hang or lose the key, each by its own
// script. In virtual time (virtual_time.h), or with a real service where the script is set before
// it is opened. Link quorumlock::testing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/cause.h>
#include <quorumlock/node.h>
#include <quorumlock/node_loop.h>
#include <quorumlock/options.h>
#include <quorumlock/time.h>
#include <quorumlock/token.h>

namespace quorumlock::testing {

/// One node. Undos are always done, as a connection that comes back would do them, unless
/// undo_hangs. Not thread-safe: used where its loop runs, which in virtual time is the test.
class ScriptedNode final : public nodes::Node {
  public:
    enum class Mode : std::uint8_t {
        normal,          ///< Keeps keys, with their expiry, and tells the truth.
        refuse,          ///< As if another held it: refused, or taken. Nothing is applied.
        fail,            ///< Certainly not applied; says so, with `cause`.
        unknown,         ///< Not applied, but says that it may have been, with `cause`.
        hang,            ///< Not applied, no answer before wake(): a frozen server.
        apply_and_hang,  ///< Applied, no answer before wake(): the reply is lost.
        lose,            ///< Loses its keys first, as a server that restarts without its data.
    };

    explicit ScriptedNode(std::string label);
    ~ScriptedNode() override;

    // ---- the script ----
    Mode mode = Mode::normal;
    std::deque<Mode> next;  ///< Of the next asks, one each; `mode` is for all behind them.
    Cause cause{CauseClass::unreachable, "connection refused"};
    bool is_ready = true;
    bool is_settled = true;
    bool undo_hangs = false;
    /// Keeps fencing counters. All nodes of a service must, for Lock::fence() to be other than 0.
    /// Set before the service is opened.
    bool fences = false;
    /// Hands a key over in one step (rule W5). Set likewise.
    bool transfers = true;
    /// A refusal promises to tell of the key's next change (rule W1); tell() keeps the promise.
    bool tells = false;

    /// Changes ready() and settled(), and tells the service.
    void change(bool ready_now, bool settled_now);
    /// Becomes normal, and answers all that hung, as of now.
    void wake();
    /// Tells the service that this key has changed; empty: that any may have.
    void tell(const std::string& resource);
    /// The key vanishes: evicted, deleted by hand, or the server restarted without it.
    void forget(const std::string& resource) { keys.erase(resource); }

    // ---- what there is to see ----
    struct Key {
        std::string token;
        Instant until;
    };
    std::map<std::string, Key> keys;  ///< By resource; the expired ones may still be here.
    bool holds(const std::string& resource) const;
    std::map<std::string, std::int64_t> counters;  ///< The fencing counters, by resource.
    std::vector<std::string> log;     ///< "acquire", "undo", ... in the order of arrival.
    std::vector<std::string> tokens;  ///< Of every acquire.
    std::size_t count(const std::string& step) const;
    std::size_t given_up = 0;
    std::size_t given_up_silent = 0;
    std::size_t owed_undos = 0;
    bool watched = false;  ///< Somebody waits, or did.

    /// Where its time comes from; set by the service that is opened over it.
    void live_on(std::shared_ptr<nodes::Loop> loop);

    void open(int index, nodes::NodeEvents& events) override;
    bool ready() const noexcept override { return is_ready && !closed_; }
    bool settled() const noexcept override { return is_settled; }
    nodes::Abilities abilities() const noexcept override {
        return {.fence = fences, .heal = true, .transfer = transfers};
    }
    void prepare_wake() override { watched = true; }
    bool can_wake() const noexcept override { return tells && ready(); }
    nodes::Ticket ask(const nodes::Ask& ask, nodes::AnswerEvents& to, std::uint32_t tag) override;
    void give_up(nodes::Ticket ticket, bool silent) override;
    void undo(std::string_view resource, const Token& token, Nanos ttl) override;
    std::size_t owed() const noexcept override { return owed_undos; }
    void close() override;
    nodes::NodeStatus status() const override;
    const std::string& label() const noexcept override { return label_; }

  private:
    struct Asked {
        nodes::Ticket ticket;
        nodes::AnswerEvents* to;  ///< Null: given up.
        std::uint32_t tag;
        nodes::Step step;
        std::string resource, token, from;
        Nanos ttl;
        bool fence;
        bool wake;
        std::int64_t counter;
        nodes::Answer answer{};
        std::string found{};  ///< inspect: the holder's token.
    };

    Mode take_mode();
    nodes::Answer apply(const Asked& asked);
    void clear_giver(const Asked& asked);
    nodes::Answer grant(const Asked& asked, bool given);
    nodes::Answer inspect(const Asked& asked) const;
    nodes::Answer refusal(const Asked& asked) const;
    void answer_later(Asked asked, const nodes::Answer& answer);
    void deliver();
    bool remove(const std::string& resource, std::string_view token);

    const std::string label_;
    std::shared_ptr<nodes::Loop> loop_;
    int index_ = 0;
    nodes::NodeEvents* events_ = nullptr;
    bool closed_ = false;
    const Cause closed_cause_{CauseClass::closed, "the service is closed"};
    nodes::Ticket last_ticket_ = 0;
    std::deque<Asked> hanging_, answers_, answers_now_;
};

/// The nodes of one service: "node0", "node1", ... They outlive it as long as this does.
class ScriptedNodes {
  public:
    explicit ScriptedNodes(int count);

    /// For ServiceOptions::nodes of one service.
    std::vector<nodes::NodeFactory> factories() const;

    ScriptedNode& operator[](int i) const { return *nodes_[static_cast<std::size_t>(i)]; }
    int size() const noexcept { return static_cast<int>(nodes_.size()); }
    /// All of them.
    void set_all(ScriptedNode::Mode mode) const;
    void forget(const std::string& resource) const;
    /// On how many nodes the resource is held now.
    int holding(const std::string& resource) const;

  private:
    std::vector<std::shared_ptr<ScriptedNode>> nodes_;
};

}  // namespace quorumlock::testing
