// Spans of what was done, for whatever tracing the program has.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include <quorumlock/observer.h>

namespace quorumlock {

struct SpanAttribute {
    std::string_view key;
    std::variant<std::string_view, double, bool> value;
};

/// One span, told when it has ended. Views are valid during the call only.
struct Span {
    std::string_view
        name;        ///< "DistributedLock.Acquire", "... .Extend", "... .Release", "... .Break",
                     ///< "... .Execute"
    Nanos start{0};  ///< Wall clock, ns since 1970.
    Nanos end{0};
    /// lock.provider, lock.resource_id; lock.expiry_seconds but for Release and
    /// Break; lock.broken_by for Break; lock.acquired for
    /// Acquire and Execute; lock.held for Execute that ran; error.type, an Errc's name, where it
    /// failed.
    std::span<const SpanAttribute> attributes;
    /// False: it failed. Contention is no failure: then lock.acquired is false.
    bool ok = true;
};

/// What the program implements over its tracing library.
class Tracer {
  public:
    virtual ~Tracer() = default;
    /// On the service's own thread; must not throw, should not block. Spans have no parent: they
    /// are told after the fact, in a thread that knows of no request.
    virtual void on_span(const Span& span) = 0;
};

/// Turns events into spans: give it to ServiceOptions::observer. A service's own renewals are
/// Extend spans too.
class TracingObserver final : public Observer {
  public:
    explicit TracingObserver(std::shared_ptr<Tracer> tracer);

    void on_acquire(const AcquireEvent& event) override;
    void on_extend(const ExtendEvent& event) override;
    void on_release(const ReleaseEvent& event) override;
    void on_break(const BreakEvent& event) override;
    void on_execute(const ExecuteEvent& event) override;

  private:
    std::shared_ptr<Tracer> tracer_;
};

}  // namespace quorumlock
