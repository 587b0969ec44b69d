// A vote through a Dapr sidecar's lock API, over HTTP. Section "A Dapr sidecar" of
// docs/protocol.md: rules D1..D6.
//
// dapr_node.cpp holds the sidecar's state, dapr_node_asks.cpp what is asked and answered,
// dapr_node_undo.cpp what has to be undone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <quorumlock/node.h>

#include "lib/base/small_bytes.h"
#include "lib/env/env.h"
#include "lib/nodes/dapr_messages.h"
#include "lib/nodes/node_uri.h"
#include "lib/nodes/redis_backoff.h"
#include "lib/nodes/undo_debts.h"

namespace quorumlock::nodes {

class DaprNode final : public Node, private env::LookupEvents {
  public:
    /// `env` must outlive the node.
    DaprNode(NodeUri uri, const NodeOptions& options, env::Env& env);
    ~DaprNode() override;

    void open(int index, NodeEvents& events) override;
    /// False too while the sidecar's lock store does not answer.
    bool ready() const noexcept override { return phase_ == Phase::ready && !store_down_; }
    bool settled() const noexcept override { return settled_; }
    Abilities abilities() const noexcept override;
    Ticket ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) override;
    void give_up(Ticket ticket, bool silent) override;
    void undo(std::string_view resource, const Token& token, Nanos ttl) override;
    /// Without the repetitions that follow an answered undo of a refused acquire.
    std::size_t owed() const noexcept override;
    /// Answers from within this call, unlike everything else here.
    void close() override;
    NodeStatus status() const override;
    const std::string& label() const noexcept override { return uri_.label; }

  private:
    enum class Phase : std::uint8_t { fresh, waiting, looking_up, asking, ready, closed };

    /// A request that belongs to the node alone: health and metadata.
    struct Probe final : env::HttpEvents {
        explicit Probe(DaprNode& n) : node(n) {}
        void on_answer(const env::HttpAnswer& answer) override { node.on_probe(answer); }
        DaprNode& node;
        bool metadata = false;
        std::unique_ptr<env::HttpCall> call;
    };
    /// Who waits for an answer.
    struct Asker {
        Ticket ticket = 0;
        AnswerEvents* to = nullptr;  ///< Null: nobody listens (any more).
        std::uint32_t tag = 0;
    };
    struct Acquire final : env::HttpEvents {
        explicit Acquire(DaprNode& n) : node(n) {}
        void on_answer(const env::HttpAnswer& answer) override { node.on_lock(*this, answer); }
        DaprNode& node;
        Asker asker;
        Asker releaser;  ///< Of a release asked for meanwhile: it goes out behind this.
        SmallBytes resource;
        Token token{};
        Nanos ttl{0};
        bool undo_wanted = false;             ///< As soon as its outcome is known.
        std::unique_ptr<env::HttpCall> call;  ///< Null: behind an undo of the same resource.
    };
    /// What made an undo necessary.
    enum class Origin : std::uint8_t {
        granted,  ///< The key was ours: one answered unlock settles it.
        unknown,  ///< It may be applied later: repeated.
        refused,  ///< Very likely another's, and may be a lie: repeated, and not counted for long.
    };
    /// An undo, or a release asked for. Rules D4 and D5.
    struct Undo final : env::HttpEvents {
        explicit Undo(DaprNode& n) : node(n) {}
        void on_answer(const env::HttpAnswer& answer) override { node.on_unlock(*this, answer); }
        DaprNode& node;
        Asker asker;
        SmallBytes resource;
        Token token{};
        Nanos ttl{0};
        Origin origin = Origin::granted;
        UndoPlan plan{};
        Instant due{};
        bool tried = false;
        std::unique_ptr<env::HttpCall> call;  ///< Null: not asked now.
    };
    struct LocalAnswer {
        Asker asker;
        Cause cause;
        Outcome outcome = Outcome::failed;
    };
    /// Calls a member later. Outlives the node when it is queued as the node ends.
    class Later final : public env::Task {
      public:
        explicit Later(DaprNode& owner) : node(&owner) {}
        void run() override;
        DaprNode* node;
    };
    class Alarm final : public env::Timer {
      public:
        Alarm(DaprNode& node, void (DaprNode::*action)()) : node_(node), action_(action) {}
        void fire() override { (node_.*action_)(); }

      private:
        DaprNode& node_;
        void (DaprNode::*action_)();
    };

    // dapr_node.cpp: the sidecar's state
    void start_attempt();
    void on_addresses(std::span<const std::string> addresses, std::string_view why) override;
    void probe(bool metadata);
    void on_probe(const env::HttpAnswer& answer);
    void become_ready();
    void attempt_failed(Cause cause);
    void on_alarm();
    void lose(const Cause& cause);
    void store_fell_silent(const Cause& cause);
    void store_answers();
    void judge(const dapr::Reply& reply);
    void notify();
    std::string where() const;
    dapr::Context context(const Token* token) const;

    // dapr_node_asks.cpp
    std::unique_ptr<env::HttpCall> post(const std::string& target, const std::string& body,
                                        env::HttpEvents& events);
    Cause why_not_ready() const;
    void release(const Ask& ask, const Asker& asker);
    void send(Acquire& acquire);
    void send_waiting();
    bool behind_an_undo(const Acquire& acquire) const noexcept;
    void on_lock(Acquire& acquire, const env::HttpAnswer& answer);
    void settle(const Acquire& acquire, Outcome outcome);
    void answer_later(const Asker& asker, Cause cause, Outcome outcome = Outcome::failed);
    Asker fresh_asker(AnswerEvents& to, std::uint32_t tag) noexcept {
        return {++last_ticket_, &to, tag};
    }
    std::unique_ptr<Acquire> take(const Acquire& acquire);
    void run_later();
    void answer_local(std::size_t count);

    // dapr_node_undo.cpp
    Undo& owe(std::string_view resource, const Token& token, Nanos ttl, Origin origin);
    Origin origin_of(const Token& token);
    void remember_unknown(const Token& token);
    void on_unlock(Undo& undo, const env::HttpAnswer& answer);
    /// False: it is done with.
    bool plan_next(Undo& undo, const dapr::Reply& reply);
    void remove(const Undo& undo);
    void pay();
    void send(Undo& undo);
    void arm_undos();
    bool any_undo_asked() const noexcept;

    NodeUri uri_;
    const NodeOptions options_;
    env::Env& env_;
    const Cause wrong_environment_;
    const std::string lock_target_, unlock_target_;
    const std::string host_;  ///< For the Host header.
    NodeEvents* events_ = nullptr;
    int index_ = 0;

    Phase phase_ = Phase::fresh;
    bool settled_ = false;
    bool notify_ = false;
    Cause cause_;  ///< Why not ready.
    std::vector<std::string> headers_;
    std::string token_;
    std::unique_ptr<env::Lookup> lookup_;
    std::vector<std::string> addresses_;
    std::size_t address_ = 0;  ///< The one in use.
    Probe probe_{*this};
    Instant asked_at_{};
    Nanos round_trip_{0};
    dapr::Metadata metadata_;

    bool store_down_ = false;
    Cause store_cause_;
    Instant next_probe_{};  ///< Of the store, while it is down, by an undo.

    Ticket last_ticket_ = 0;
    std::vector<std::unique_ptr<Acquire>> acquires_;
    std::vector<std::unique_ptr<Undo>> undos_;
    std::vector<Token> unknown_;  ///< Acquires that may be applied, not yet undone.
    RedisBackoff unreachable_backoff_, rejected_backoff_, store_backoff_;
    Alarm alarm_{*this, &DaprNode::on_alarm};
    Alarm undo_alarm_{*this, &DaprNode::pay};
    Later* later_;
    std::vector<LocalAnswer> local_;
};

}  // namespace quorumlock::nodes
