// A vote on one Redis or Valkey server, over one connection: every command of this node stands in
// one line, so an undo never overtakes its acquire. Rules N1..N11 of docs/protocol.md.
//
// redis_node.cpp holds the connection's life, redis_node_asks.cpp what goes out,
// redis_node_replies.cpp what comes in, redis_node_undo.cpp what has to be undone,
// redis_node_wake.cpp what tells those who wait.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/node.h>

#include "lib/env/env.h"
#include "lib/nodes/left_open.h"
#include "lib/nodes/node_uri.h"
#include "lib/nodes/redis_backoff.h"
#include "lib/nodes/redis_commands.h"
#include "lib/nodes/redis_connection.h"
#include "lib/nodes/redis_handshake.h"
#include "lib/nodes/redis_pipeline.h"
#include "lib/nodes/redis_wakeups.h"
#include "lib/nodes/undo_debts.h"
#include "lib/resp/reader.h"

namespace quorumlock::nodes {

class RedisNode final : public Node, private ConnectionEvents, private WakeupEvents {
  public:
    /// `env` must outlive the node.
    RedisNode(NodeUri uri, const NodeOptions& options, env::Env& env);
    ~RedisNode() override;

    void open(int index, NodeEvents& events) override;
    /// False too while the node is silent or guarded.
    bool ready() const noexcept override { return phase_ == Phase::ready && !silent_ && !guarded_; }
    bool settled() const noexcept override { return settled_; }
    Abilities abilities() const noexcept override {
        return {.fence = true, .heal = true, .transfer = true};
    }
    std::uint64_t identity() const noexcept override { return identity_; }
    void prepare_wake() override;
    bool can_wake() const noexcept override { return tracking_ && ready(); }
    void lift_guard() override;
    void trust_clock(bool trust) override { clock_trusted_ = trust; }
    Ticket ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) override;
    void give_up(Ticket ticket, bool silent) override;
    void undo(std::string_view resource, const Token& token, Nanos ttl) override;
    /// Releases that were asked for count too, until the server has answered them.
    std::size_t owed() const noexcept override { return debts_.size() + pipeline_.duties(); }
    /// Answers from within this call, unlike everything else here.
    void close() override;
    NodeStatus status() const override;
    const std::string& label() const noexcept override { return uri_.label; }

  private:
    enum class Phase : std::uint8_t {
        fresh,
        waiting,      ///< for the next attempt
        connecting,   ///< look-up included
        handshaking,  ///< rule N1
        settling,     ///< the former connection is being killed: rule N6
        ready,
        closed,
    };
    /// Why the server was not asked.
    enum class Unasked : std::uint8_t { down, silent, backlog, guarded };
    struct LocalAnswer {
        AnswerEvents* to;
        std::uint32_t tag;
        Unasked why;
        Token acquire;  ///< Whose acquire it was; of other asks zeroes.
    };
    /// Calls a member later. Outlives the node when it is queued as the node ends.
    class Later final : public env::Task {
      public:
        explicit Later(RedisNode& owner) : node(&owner) {}
        void run() override;
        RedisNode* node;
    };
    class Alarm final : public env::Timer {
      public:
        Alarm(RedisNode& node, void (RedisNode::*action)()) : node_(node), action_(action) {}
        void fire() override { (node_.*action_)(); }

      private:
        RedisNode& node_;
        void (RedisNode::*action_)();
    };

    // redis_node.cpp: the connection's life
    void on_connected() override;
    void on_bytes(const char* bytes, std::size_t size) override;
    void on_disconnected(const Cause& cause) override;
    void start_attempt();
    void on_handshake_reply(const resp::Value& reply);
    bool admit();
    void become_ready(Former former);
    void attempt_failed(Cause cause);
    void wait_for_next_attempt();
    void lose(Cause cause);
    void remember_former_connection();
    void answer_all(const Cause& cause);
    void on_alarm();
    void watch();
    void become_silent();
    void notify();

    // redis_node_asks.cpp
    void ask_plain_acquire(const Ask& ask, Outstanding& entry);
    std::int64_t clock_to_start_at() const noexcept;
    void read_wall_clock();
    void write_script(Outstanding& entry, RedisCommands::By by);
    void write_caching();
    void ask_inspect(const Ask& ask, Outstanding& entry);
    Outstanding& push(Command command, Nanos ttl);
    void write(Outstanding& entry);
    void ping();
    Ticket answer_later(const Ask& ask, AnswerEvents& to, std::uint32_t tag, Unasked why);
    bool never_sent(const Token& token) const noexcept;
    void run_later();
    void answer_local(std::size_t count);
    const Cause& unasked_cause(Unasked why);
    void write_silence(std::span<char> text) const;
    void write_guard(std::span<char> text) const;
    Cause silent_cause() const;

    // redis_node_replies.cpp: about the oldest command, pipeline_.front()
    void on_reply(const resp::Value& reply);
    void on_acquire_reply(const resp::Value& reply);
    void on_script_reply(const resp::Value& reply);
    void on_raise_reply(const resp::Value& reply);
    void on_heal_reply(const resp::Value& reply);
    void on_extend_reply(const resp::Value& reply);
    void on_release_reply(const resp::Value& reply);
    void on_inspect_reply(const resp::Value& reply);
    void on_ping_reply(const resp::Value& reply);
    bool still_armed(const Outstanding& entry) const noexcept;
    void on_error_reply(std::string_view text);
    void on_bad_reply();
    void spare_undo(const Token& token);
    bool repeat_by_text();
    void tell_unarmed();
    void deliver(Answer answer);
    void finish(const Answer& answer);

    // redis_node_wake.cpp
    void on_subscribed(std::int64_t client_id) override;
    void on_unsubscribed() override;
    void on_wakeups_refused(const Cause& why) override;
    void on_wakeup(std::string_view resource) override;
    void on_tracking_reply(const resp::Value& reply);
    void on_caching_reply(const resp::Value& reply);
    void on_arming_refused(std::string_view said, std::uint32_t subscription);
    void start_wakeups();
    void stop_wakeups();

    // redis_node_undo.cpp
    void begin_settling();
    void on_kill_reply(const resp::Value& reply);
    UndoPlan fresh_plan(const Token& token) const;
    void write_undo(Command command, std::string_view resource, const Token& token, Nanos ttl,
                    const UndoPlan& plan);
    void owe(std::string_view resource, const Token& token, Nanos ttl, const UndoPlan& plan,
             Instant due);
    void duty_answered(const Outstanding& entry);
    void duty_not_executed(const Outstanding& entry);
    void pay_debts();
    void clear_giver(const Outstanding& entry);
    void arm_debts();
    void arm_debts_by(Instant at);

    const NodeUri uri_;
    const NodeOptions options_;
    const Nanos limit_;  ///< Of commands whose asker is gone, and of pings.
    env::Env& env_;
    NodeEvents* events_ = nullptr;
    int index_ = 0;

    Phase phase_ = Phase::fresh;
    bool settled_ = false;
    bool silent_ = false;
    bool notify_ = false;
    bool guarded_ = false;        ///< Until guard_alarm_ fires.
    bool clock_trusted_ = false;  ///< Rule F5
    Cause cause_;                 ///< Why not ready; of the last attempt or the lost connection.
    Cause attempt_cause_;         ///< The most telling one of this attempt's addresses.
    std::string password_;
    RedisConnection connection_;
    RedisHandshake handshake_;
    std::unique_ptr<resp::Reader> reader_;
    Greeting greeting_;
    std::string kill_note_;
    RedisCommands commands_;
    RedisPipeline pipeline_;
    std::string inspected_;  ///< The token found by the oldest INSPECT.

    std::uint64_t connection_count_ = 0;  ///< Changes when a connection ends.
    std::uint64_t heard_ = 0;             ///< Times that bytes came.
    std::uint64_t heard_before_ = 0;      ///< The same, when this connection was made.
    std::uint64_t lost_sent_ = 0;         ///< sent() of the connection that ended.
    Instant quiet_since_{};               ///< Last heard, or last begun to wait for an answer.
    Instant asked_at_{};                  ///< The handshake's or ping's instant.
    Nanos round_trip_{0};

    UndoDebts debts_;
    std::int64_t to_kill_ = 0;  ///< The former connection, of former_run_id_; 0: none.
    std::string former_run_id_;
    std::string met_run_id_, met_replication_id_;  ///< Of the server admitted last.
    std::optional<Nanos> clock_ahead_;
    Nanos wall_base_{0};       ///< What this machine's wall clock is ahead of event_now().
    bool unkillable_ = false;  ///< A former connection's id is not known, or CLIENT KILL refused.
    LeftOpen left_open_;
    Instant ready_since_{};

    std::uint64_t identity_ = 0;  ///< Of the run_id.
    bool watched_ = false;
    std::unique_ptr<RedisWakeups> wakeups_;  ///< Once somebody waits.
    std::uint32_t subscriptions_ = 0;        ///< How many there were; numbers the present one.
    bool tracking_ = false;                  ///< The server knows of the present one.
    std::string wake_note_;

    RedisBackoff unreachable_backoff_;
    RedisBackoff rejected_backoff_;
    Alarm alarm_{*this, &RedisNode::on_alarm};
    Alarm debts_alarm_{*this, &RedisNode::pay_debts};
    Alarm guard_alarm_{*this, &RedisNode::lift_guard};
    Later* later_;
    std::vector<LocalAnswer> local_;
    std::uint64_t local_first_ = 0;  ///< Running number of local_[0].
    Cause local_causes_[4];          ///< By Unasked.
    bool local_cause_fresh_[4] = {};
};

}  // namespace quorumlock::nodes
