#include <quorumlock/telemetry/tracing.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

namespace quorumlock {

namespace {

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

/// The attributes of one span, without the heap.
class SpanOf {
  public:
    SpanOf(std::string_view name, const ObservedEvent& event) {
        span_.name = name;
        span_.start = event.wall - event.duration;
        span_.end = event.wall;
        add("lock.provider", event.provider);
        add("lock.resource_id", event.resource);
        if (!event.error || *event.error == Errc::contended) return;
        span_.ok = false;
        add("error.type", std::string_view(errc_name(*event.error)));
    }
    template <class T>
    SpanOf& add(std::string_view key, T value) {
        attributes_[count_++] = {key, value};
        return *this;
    }
    void tell(Tracer& tracer) {
        span_.attributes = std::span(attributes_).first(count_);
        tracer.on_span(span_);
    }

  private:
    Span span_;
    std::array<SpanAttribute, 6> attributes_{};
    std::size_t count_ = 0;
};

}  // namespace

TracingObserver::TracingObserver(std::shared_ptr<Tracer> tracer) : tracer_(std::move(tracer)) {}

void TracingObserver::on_acquire(const AcquireEvent& event) {
    SpanOf("DistributedLock.Acquire", event)
        .add("lock.expiry_seconds", seconds(event.ttl))
        .add("lock.acquired", !event.error)
        .tell(*tracer_);
}

void TracingObserver::on_extend(const ExtendEvent& event) {
    SpanOf("DistributedLock.Extend", event)
        .add("lock.expiry_seconds", seconds(event.ttl))
        .tell(*tracer_);
}

void TracingObserver::on_release(const ReleaseEvent& event) {
    SpanOf("DistributedLock.Release", event).tell(*tracer_);
}

void TracingObserver::on_break(const BreakEvent& event) {
    SpanOf("DistributedLock.Break", event)
        .add("lock.broken_by", std::string_view(event.by))
        .tell(*tracer_);
}

void TracingObserver::on_execute(const ExecuteEvent& event) {
    SpanOf span("DistributedLock.Execute", event);
    span.add("lock.expiry_seconds", seconds(event.expiry)).add("lock.acquired", event.ran);
    if (event.ran) span.add("lock.held", event.held);
    span.tell(*tracer_);
}

}  // namespace quorumlock
