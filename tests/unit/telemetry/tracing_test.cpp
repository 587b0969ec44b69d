// Events as spans.
#include <quorumlock/telemetry/tracing.h>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace quorumlock {
namespace {

using namespace std::chrono_literals;

std::string text_of(const SpanAttribute& attribute) {
    std::string text = std::string(attribute.key) + "=";
    if (const auto* words = std::get_if<std::string_view>(&attribute.value)) {
        return text + std::string(*words);
    }
    if (const auto* number = std::get_if<double>(&attribute.value)) {
        return text + std::to_string(*number);
    }
    return text + (std::get<bool>(attribute.value) ? "true" : "false");
}

class Recorder final : public Tracer {
  public:
    void on_span(const Span& span) override {
        std::string line = std::string(span.name) + " " + std::to_string(span.start.count()) +
                           ".." + std::to_string(span.end.count()) + (span.ok ? " ok" : " failed");
        for (const auto& attribute : span.attributes) line += " " + text_of(attribute);
        spans.push_back(line);
    }
    std::vector<std::string> spans;
};

template <class E>
E at(E event, std::optional<Errc> error = std::nullopt) {
    event.resource = "orders:42";
    event.provider = "redis";
    event.wall = 1000ns;
    event.duration = 300ns;
    event.error = error;
    return event;
}

class Tracing : public ::testing::Test {
  protected:
    const std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
    TracingObserver observer_{recorder_};
    std::string only() const { return recorder_->spans.size() == 1 ? recorder_->spans[0] : "?"; }
};

TEST_F(Tracing, acquire_that_succeeded) {
    AcquireEvent event;
    event.ttl = 30s;
    observer_.on_acquire(at(event));
    EXPECT_EQ(only(),
              "DistributedLock.Acquire 700..1000 ok lock.provider=redis lock.resource_id=orders:42 "
              "lock.expiry_seconds=30.000000 lock.acquired=true");
}

TEST_F(Tracing, contention_is_no_failure) {
    observer_.on_acquire(at(AcquireEvent{}, Errc::contended));
    EXPECT_EQ(only(),
              "DistributedLock.Acquire 700..1000 ok lock.provider=redis lock.resource_id=orders:42 "
              "lock.expiry_seconds=0.000000 lock.acquired=false");
}

TEST_F(Tracing, outage_is_one) {
    observer_.on_acquire(at(AcquireEvent{}, Errc::no_quorum));
    EXPECT_EQ(only(),
              "DistributedLock.Acquire 700..1000 failed lock.provider=redis "
              "lock.resource_id=orders:42 error.type=no_quorum lock.expiry_seconds=0.000000 "
              "lock.acquired=false");
}

TEST_F(Tracing, extend_and_release) {
    ExtendEvent event;
    event.ttl = 500ms;
    observer_.on_extend(at(event));
    observer_.on_release(at(ReleaseEvent{}, Errc::not_held));
    EXPECT_EQ(recorder_->spans, (std::vector<std::string>{
                                    "DistributedLock.Extend 700..1000 ok lock.provider=redis "
                                    "lock.resource_id=orders:42 lock.expiry_seconds=0.500000",
                                    "DistributedLock.Release 700..1000 failed lock.provider=redis "
                                    "lock.resource_id=orders:42 error.type=not_held"}));
}

TEST_F(Tracing, execute_tells_whether_it_ran_and_was_held) {
    ExecuteEvent event;
    event.expiry = 1s;
    event.ran = true;
    observer_.on_execute(at(event));
    EXPECT_EQ(only(),
              "DistributedLock.Execute 700..1000 ok lock.provider=redis lock.resource_id=orders:42 "
              "lock.expiry_seconds=1.000000 lock.acquired=true lock.held=false");
}

TEST_F(Tracing, execute_in_an_outage_has_every_attribute) {
    observer_.on_execute(at(ExecuteEvent{}, Errc::no_quorum));
    EXPECT_EQ(only(),
              "DistributedLock.Execute 700..1000 failed lock.provider=redis "
              "lock.resource_id=orders:42 error.type=no_quorum lock.expiry_seconds=0.000000 "
              "lock.acquired=false");
}

}  // namespace
}  // namespace quorumlock
