// One vote. The quorum core combines any number of these, of any kind.
//
// Everything here happens on the loop, but for abilities(), which never change. A node never
// answers from within ask(): answers come in a later event, so a round is never changed while it is
// being asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <quorumlock/cause.h>
#include <quorumlock/time.h>
#include <quorumlock/token.h>

namespace quorumlock::nodes {

/// The atomic steps of one node (docs/protocol.md, section 2). Raise, heal and transfer join
/// this list with the steps that need them.
enum class Step : std::uint8_t { acquire, extend, release, inspect };

enum class Outcome : std::uint8_t {
    granted,   ///< acquire: the key is ours now
    refused,   ///< acquire: another token holds it
    extended,  ///< extend: live for at least ttl from when the node applied it
    released,  ///< release: it held our token and is gone
    absent,    ///< extend, release, inspect: no such key
    taken,     ///< extend, release: another token holds it; inspect: this one (Answer::text)
    failed,    ///< certainly not applied
    unknown,   ///< perhaps applied, perhaps applied later
};

struct Answer {
    Outcome outcome = Outcome::unknown;
    /// granted: the fencing counter, 0 where there is none. refused, and taken by an inspect: the
    /// remaining ms of the holder's key, -1 when it has no expiry or was not asked for.
    std::int64_t value = 0;
    /// inspect: the token found (any bytes). Valid during the call only.
    std::string_view text{};
    /// failed and unknown: why. Valid during the call only.
    const Cause* cause = nullptr;
};

class AnswerEvents {
  public:
    /// The one answer to the ask with this tag.
    virtual void on_answer(std::uint32_t tag, const Answer& answer) = 0;

  protected:
    ~AnswerEvents() = default;
};

struct Ask {
    Step step = Step::acquire;
    std::string_view resource;  ///< Copied by the node where it needs it longer than the call.
    const Token* token = nullptr;
    Nanos ttl{0};  ///< acquire, extend; for a release the ttl the key was set with.
    /// acquire: a refusal should tell the holder's remaining ms (costs a second command).
    bool want_remaining = false;
};

/// Names an ask that was taken in, until it is answered or given up. 0: none.
using Ticket = std::uint64_t;

/// What a kind of node can do, and how long it may take to say that it cannot. The service checks
/// a caller's options against it before anything is asked.
struct Abilities {
    bool extend = true;
    bool inspect = true;
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
};

class NodeEvents {
  public:
    /// ready() or settled() changed.
    virtual void on_node_changed(int index) = 0;

  protected:
    ~NodeEvents() = default;
};

class Node {
  public:
    virtual ~Node() = default;

    /// Starts connecting. Called once.
    virtual void open(int index, NodeEvents& events) = 0;
    virtual bool ready() const noexcept = 0;
    /// The first attempt to connect has ended, well or badly; the service need not wait for it.
    virtual bool settled() const noexcept = 0;

    virtual Abilities abilities() const noexcept { return {}; }

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
    /// Stops: no reconnects, open asks are answered `unknown` or `failed` (closed).
    virtual void close() = 0;

    virtual NodeStatus status() const = 0;
    /// The label of status(), without building it all.
    virtual const std::string& label() const noexcept = 0;
};

}  // namespace quorumlock::nodes
