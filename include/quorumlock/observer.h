// What a service tells of itself: one call for each thing that has happened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/error.h>
#include <quorumlock/time.h>

namespace quorumlock {

/// What every event says. Views are valid during the call only.
struct ObservedEvent {
    std::string_view resource;
    /// The kind of the nodes: "redis", "memory"; "mixed" where there are several.
    std::string_view provider;
    /// When it ended, on BootClock.
    Instant at{};
    /// The same on the wall clock, ns since 1970. For people and spans; nothing is decided by it.
    Nanos wall{0};
    /// From the start to the end, at least 0.
    Nanos duration{0};
    /// Why it failed; nullopt: it did not.
    std::optional<Errc> error;
};

/// One acquire has ended, with all its attempts.
struct AcquireEvent : ObservedEvent {
    Nanos ttl{0};
    Nanos waited{0};  ///< From the start to the last attempt: 0 where the first one decided.
    bool handed_over = false;  ///< By the release of another one of this service: rule W5.
    int attempts = 0;          ///< 0: it ended before the nodes were asked.
};
/// One extension has ended.
struct ExtendEvent : ObservedEvent {
    Nanos ttl{0};
    bool renewal = false;  ///< The service's own, not a call's.
};
/// One release by a call has ended.
struct ReleaseEvent : ObservedEvent {};

/// A lock was taken away from its holder by LockService::break_lock: whoever held it must find out
/// by itself. `error` is not_held where the token held nothing any more.
struct BreakEvent : ObservedEvent {
    std::string by;  ///< Who asked for it, as break_lock was told.
};

enum class HoldEnd : std::uint8_t {
    released,  ///< By a call.
    dropped,   ///< By its handle's end: it is released in the background.
    detached,  ///< Its handle let go of it; the key stays until its ttl ends.
    lost,      ///< The lease has ended, or a quorum says that it is gone: the holder must stop.
    closed,    ///< The service was closed under it.
};
const char* hold_end_name(HoldEnd end) noexcept;

/// A lock that was held is so no more. `duration`: for how long it was; `error` is `lost` for that
/// end.
struct HoldEvent : ObservedEvent {
    HoldEnd end = HoldEnd::released;
};

enum class NodeStep : std::uint8_t { acquire, raise, extend, heal, transfer, release };
const char* node_step_name(NodeStep step) noexcept;

/// One node has answered, or was given up as silent (`unknown`). `duration`: the round trip. Told
/// while somebody listens: not of undos, nor of what answers a release that is decided already.
struct NodeAnswerEvent : ObservedEvent {
    std::string_view node;  ///< Its label. Never a password.
    NodeStep step = NodeStep::acquire;
    NodeVote vote = NodeVote::unknown;
};

/// One execute() of NamedLocks has ended. `error`: an outage, f did not run.
struct ExecuteEvent : ObservedEvent {
    Nanos expiry{0};
    bool ran = false;   ///< False without an error: contended.
    bool held = false;  ///< Until f returned.
};

/// Something that a person should know once, of no one resource: `resource` holds the line.
struct NoticeEvent : ObservedEvent {};

/// How things stand after the events told before.
struct Gauges {
    std::size_t held = 0;
    std::size_t waiting = 0;       ///< Acquires that have not ended.
    std::size_t undo_pending = 0;  ///< Undos that nodes have not answered, all nodes together.
};

/// Given in ServiceOptions::observer. Called on the service's own thread (or in the caller's loop),
/// one call at a time, in the order in which things happened, and soon after: never inside the call
/// that made them happen. Must not throw (std::terminate) and should not block: callbacks and, in a
/// caller's loop, renewals wait for it. It may call the service. An observer of several services is
/// called by each one's thread. Without an observer none of this costs more than a look at a
/// pointer.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void on_acquire(const AcquireEvent&) {}
    virtual void on_extend(const ExtendEvent&) {}
    virtual void on_release(const ReleaseEvent&) {}
    virtual void on_break(const BreakEvent&) {}
    virtual void on_hold_end(const HoldEvent&) {}
    virtual void on_node_answer(const NodeAnswerEvent&) {}
    virtual void on_execute(const ExecuteEvent&) {}
    virtual void on_notice(const NoticeEvent&) {}
    virtual void on_gauges(const Gauges&) {}
    /// So many events were not kept, because 16,384 were waiting to be told.
    virtual void on_dropped(std::size_t) {}
};

/// Several observers as one, called in their order.
class Observers final : public Observer {
  public:
    explicit Observers(std::vector<std::shared_ptr<Observer>> observers);

    void on_acquire(const AcquireEvent& event) override;
    void on_extend(const ExtendEvent& event) override;
    void on_release(const ReleaseEvent& event) override;
    void on_break(const BreakEvent& event) override;
    void on_hold_end(const HoldEvent& event) override;
    void on_node_answer(const NodeAnswerEvent& event) override;
    void on_execute(const ExecuteEvent& event) override;
    void on_notice(const NoticeEvent& event) override;
    void on_gauges(const Gauges& gauges) override;
    void on_dropped(std::size_t count) override;

  private:
    std::vector<std::shared_ptr<Observer>> observers_;
};

}  // namespace quorumlock
