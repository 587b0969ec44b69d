// One vote. The quorum core combines any number of these, of any kind. This is the interface of
// those who write a kind of their own; most derive from SimpleNode (simple_node.h), which keeps the
// book that it asks for. What the steps do is in docs/protocol.md, "One node, one atomic step".
//
// Everything here happens on the loop, but for abilities(), which never change. A node never
// answers from within ask(): answers come in a later event, so a round is never changed while it is
// being asked. Nothing here may block, throw, or answer twice. testing/conformance.h checks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <quorumlock/cause.h>
#include <quorumlock/time.h>
#include <quorumlock/token.h>

namespace quorumlock::nodes {

/// The atomic steps of one node (docs/protocol.md, "One node, one atomic step").
enum class Step : std::uint8_t { acquire, raise, extend, heal, release, inspect, transfer };

enum class Outcome : std::uint8_t {
    granted,   ///< acquire, transfer: the key is ours now
    refused,   ///< acquire, transfer: another token holds it
    raised,    ///< raise: the counter is what was asked, and the key ours
    extended,  ///< extend: live for at least ttl from when the node applied it
    healed,    ///< heal: the key was absent and is ours again
    released,  ///< release: it held our token and is gone
    absent,    ///< extend, release, inspect: no such key; raise: not ours, or no counter below it
    taken,     ///< extend, heal, release: another's; inspect: this one's (Answer::text)
    failed,    ///< certainly not applied
    unknown,   ///< perhaps applied, perhaps applied later
};

struct Answer {
    Outcome outcome = Outcome::unknown;
    /// refused, and taken by an inspect: the remaining ms of the holder's key, -1 when it has no
    /// expiry or was not asked for. granted, to a transfer: 1 where the key was the giver's, 0
    /// where there was none.
    std::int64_t value = 0;
    /// inspect: the token found (any bytes). Valid during the call only.
    std::string_view text{};
    /// failed and unknown: why. Valid during the call only.
    const Cause* cause = nullptr;
    /// granted, where Ask::fence was set, and inspect: the fencing counter; 0: there is none.
    /// 1 .. 2^53 - 1.
    std::int64_t counter = 0;
    /// refused, where Ask::wake was set: NodeEvents::on_wake() will tell of the key's next change
    /// (rule W1). False: it will not.
    bool armed = false;
};

class AnswerEvents {
  public:
    /// The one answer to the ask with this tag.
    virtual void on_answer(std::uint32_t tag, const Answer& answer) = 0;

  protected:
    ~AnswerEvents() = default;
};

/// Hears nothing: for what is asked and not waited for.
AnswerEvents& nobody() noexcept;

struct Ask {
    Step step = Step::acquire;
    std::string_view resource;  ///< Copied by the node where it needs it longer than the call.
    const Token* token = nullptr;
    /// acquire, extend, heal, transfer; for a release the ttl the key was set with.
    Nanos ttl{0};
    /// acquire: a refusal should tell the holder's remaining ms (may cost a second command).
    bool want_remaining = false;
    /// acquire, transfer: count it, and answer the counter (rule F1). Only where Abilities::fence
    /// is set.
    bool fence = false;
    /// acquire: who refuses should tell of the key's next change, where the node can (rule W1).
    bool wake = false;
    /// transfer: the token that gives the lock to `token`. Only where Abilities::transfer is set.
    /// Unless it is granted or refused, given up or not, the node undoes `from` by itself, behind
    /// the transfer (rule W6): nobody else may still be there to know.
    const Token* from = nullptr;
    Nanos from_ttl{0};         ///< The ttl that its key was set with.
    std::int64_t counter = 0;  ///< raise: to this (rule F2).
};

/// Where fencing counters are kept on the nodes: no resource begins with it. Rule F6.
inline constexpr std::string_view kCounterPrefix = "quorumlock:fence:";

/// Names an ask that was taken in, of this node, until it is answered or given up. 0: none.
using Ticket = std::uint64_t;

/// What a kind of node can do, and how long it may take to say that it cannot. The service checks
/// a caller's options against it before anything is asked.
struct Abilities {
    bool extend = true;
    bool inspect = true;
    /// Keeps a fencing counter for each resource: acquire with Ask::fence, and raise.
    bool fence = false;
    /// Puts a lost key back: heal. Rule H1.
    bool heal = false;
    /// Hands a key from one token to another in one step: transfer. Rule W5.
    bool transfer = false;
    /// False: names must be UTF-8 without "||". Rule D1.
    bool any_name = true;
    /// How long a silent node is waited for where the service's options do not say; zero: rule T5.
    Nanos patience{0};
};

struct NodeStatus {
    std::string label;   ///< `?name=`, else the address. Never a password.
    std::string kind;    ///< "redis", "memory", "dapr".
    bool ready = false;  ///< It can vote now.
    Cause cause;         ///< Why not.
    std::string version, role, run_id;
    std::string app_id;          ///< dapr: whose sidecar it is.
    Nanos round_trip{0};         ///< Of the last handshake or ping; 0 when there was none.
    std::size_t backlog = 0;     ///< Commands sent and unanswered.
    std::size_t owed_undos = 0;  ///< Releases waiting for a connection.
    Nanos guarded{0};            ///< So long it has no vote yet (rule G1); 0: it is not guarded.
    std::optional<Nanos> clock_ahead{};  ///< Of this machine's wall clock, at the last handshake.
    std::string warning{};  ///< It votes, but a person should know; the observer is told it once.
    /// Written to the server since open(), but for those of connecting and of being woken; 0 too
    /// where the kind does not count them.
    std::uint64_t commands = 0;
};

/// What a server told of itself before it may vote. Valid during the call only.
struct Greeter {
    std::string_view run_id;  ///< Changes with each start of the process; empty: not told.
    /// It started at this instant at the latest; max(): not told.
    Instant started = Instant::max();
    bool restarted = false;  ///< This node has met another process here before.
    bool promoted = false;   ///< The same process follows another history than when it was met.
    std::optional<Nanos> clock_ahead{};  ///< Of this machine's wall clock.
};

/// What the service makes of it.
struct Admission {
    Cause refused{};          ///< Of a kind other than none: it has no vote, and this is why.
    Instant guarded_until{};  ///< No vote of any kind before (rule G1).
};

class NodeEvents {
  public:
    /// ready() or settled() changed.
    virtual void on_node_changed(int index) = 0;
    /// A server is connected: may it vote, and from when on? Answered at once. Rules G1, G2.
    virtual Admission on_greeting(int /*index*/, const Greeter& /*greeter*/) { return {}; }
    /// This key has changed, or may have, since an acquire that was armed by it was sent: released,
    /// expired, extended, taken by another. Empty: any key may have; what was armed is armed no
    /// more. Never from within a call of the node. Rule W1.
    virtual void on_wake(int /*index*/, std::string_view /*resource*/) {}
    /// This node cannot tell of changes as it should, and why: said once. Rule W1.
    virtual void on_wake_refused(int /*index*/, const Cause& /*why*/) {}

  protected:
    ~NodeEvents() = default;
};

class Node {
  public:
    virtual ~Node() = default;

    /// Starts connecting. Called once, before all else; `events` outlives the node, and hears of
    /// it by this index.
    virtual void open(int index, NodeEvents& events) = 0;
    /// It can vote now. Asked all the same when it is not: see ask().
    virtual bool ready() const noexcept = 0;
    /// The first attempt to connect has ended, well or badly; the service need not wait for it.
    virtual bool settled() const noexcept = 0;

    /// The same for the node's whole life. Any thread.
    virtual Abilities abilities() const noexcept { return {}; }
    /// The same for all processes that ask this node, so that they agree on an order of the nodes
    /// (rule W4); 0: it has nothing to tell it by.
    virtual std::uint64_t identity() const noexcept { return 0; }
    /// Somebody waits: prepares what Ask::wake needs, from now on. Rule W1.
    virtual void prepare_wake() {}
    /// An acquire that is asked now with Ask::wake will be armed where it is refused.
    virtual bool can_wake() const noexcept { return false; }
    /// The guard of the last Admission was in vain: it may vote at once (rule G1, a cold start).
    virtual void lift_guard() {}
    /// Rule F5: other servers' clocks agree with this one's, so that it is the client's that is
    /// off; its counters may start from it.
    virtual void trust_clock(bool /*trust*/) {}

    /// Asks one step; `to` hears the answer once, unless the ticket is given up before. A writing
    /// command is sent at most once. Where the node cannot be asked at all (not connected,
    /// silent, backlog full) the answer is `failed`, in a later event like any other.
    virtual Ticket ask(const Ask& ask, AnswerEvents& to, std::uint32_t tag) = 0;
    /// The time limit of this ask has passed, or nobody wants the answer any more: `to` hears
    /// nothing of it. `silent`: the limit passed, so the node may have to be probed. What was
    /// asked stays asked: an acquire may be applied still, and needs an undo.
    virtual void give_up(Ticket ticket, bool silent) = 0;

    /// Undo: makes sure that `token` does not hold `resource` here, whatever became of its
    /// acquire. Never fails and is never cancelled: it stands behind the acquire on the same
    /// connection, survives reconnects (rule N6), and ends when the node has answered or the
    /// lease has certainly ended. Exactly one undo or release follows every acquire that was
    /// answered granted or unknown, or was given up.
    virtual void undo(std::string_view resource, const Token& token, Nanos ttl) = 0;

    /// Undos not yet known to be done; close() waits for this to be 0, within its limit.
    virtual std::size_t owed() const noexcept = 0;
    /// Called once. Stops: no reconnects, open asks are answered `unknown` or `failed` (closed),
    /// and so is what is asked later. The node is destroyed afterwards, with the loop at rest, in
    /// any thread.
    virtual void close() = 0;

    virtual NodeStatus status() const = 0;
    /// The label of status(), without building it all.
    virtual const std::string& label() const noexcept = 0;
};

}  // namespace quorumlock::nodes
