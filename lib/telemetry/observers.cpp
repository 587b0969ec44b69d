#include <utility>

#include <quorumlock/observer.h>

namespace quorumlock {

const char* hold_end_name(HoldEnd end) noexcept {
    switch (end) {
        case HoldEnd::released:
            return "released";
        case HoldEnd::dropped:
            return "dropped";
        case HoldEnd::detached:
            return "detached";
        case HoldEnd::lost:
            return "lost";
        case HoldEnd::closed:
            return "closed";
    }
    return "?";
}

const char* node_step_name(NodeStep step) noexcept {
    switch (step) {
        case NodeStep::acquire:
            return "acquire";
        case NodeStep::raise:
            return "raise";
        case NodeStep::heal:
            return "heal";
        case NodeStep::transfer:
            return "transfer";
        case NodeStep::extend:
            return "extend";
        case NodeStep::release:
            return "release";
    }
    return "?";
}

Observers::Observers(std::vector<std::shared_ptr<Observer>> observers)
    : observers_(std::move(observers)) {}

void Observers::on_acquire(const AcquireEvent& event) {
    for (const auto& one : observers_) one->on_acquire(event);
}
void Observers::on_extend(const ExtendEvent& event) {
    for (const auto& one : observers_) one->on_extend(event);
}
void Observers::on_release(const ReleaseEvent& event) {
    for (const auto& one : observers_) one->on_release(event);
}
void Observers::on_break(const BreakEvent& event) {
    for (const auto& one : observers_) one->on_break(event);
}
void Observers::on_hold_end(const HoldEvent& event) {
    for (const auto& one : observers_) one->on_hold_end(event);
}
void Observers::on_node_answer(const NodeAnswerEvent& event) {
    for (const auto& one : observers_) one->on_node_answer(event);
}
void Observers::on_execute(const ExecuteEvent& event) {
    for (const auto& one : observers_) one->on_execute(event);
}
void Observers::on_notice(const NoticeEvent& event) {
    for (const auto& one : observers_) one->on_notice(event);
}
void Observers::on_gauges(const Gauges& gauges) {
    for (const auto& one : observers_) one->on_gauges(gauges);
}
void Observers::on_dropped(std::size_t count) {
    for (const auto& one : observers_) one->on_dropped(count);
}

}  // namespace quorumlock
