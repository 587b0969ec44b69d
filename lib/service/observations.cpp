#include "lib/service/observations.h"

namespace quorumlock::detail {

void Observations::keep(std::string_view resource, Event event) {
    bool start = false;
    {
        const std::lock_guard lock(mutex_);
        if (pending_.size() < kMaxPending) {
            pending_.push_back({SmallBytes(resource), std::move(event)});
        } else {
            ++dropped_;
        }
        start = !std::exchange(on_its_way_, true);
    }
    if (start) runner_.call_back(delivery_, false);
}

void Observations::set(const Gauges& gauges) {
    bool start = false;
    {
        const std::lock_guard lock(mutex_);
        if (gauges.held == gauges_.held && gauges.waiting == gauges_.waiting &&
            gauges.undo_pending == gauges_.undo_pending) {
            return;
        }
        gauges_ = gauges;
        gauges_changed_ = true;
        start = !std::exchange(on_its_way_, true);
    }
    if (start) runner_.call_back(delivery_, false);
}

/// On the thread that runs callbacks. What is added from here on is told by the next delivery.
void Observations::deliver() {
    std::size_t dropped = 0;
    Gauges gauges;
    bool gauges_changed = false;
    {
        const std::lock_guard lock(mutex_);
        telling_.swap(pending_);
        dropped = std::exchange(dropped_, 0);
        gauges = gauges_;
        gauges_changed = std::exchange(gauges_changed_, false);
        on_its_way_ = false;
    }
    for (Kept& kept : telling_) tell(kept);
    telling_.clear();
    if (dropped > 0) observer_->on_dropped(dropped);
    if (gauges_changed) observer_->on_gauges(gauges);
}

void Observations::tell(Kept& kept) {
    struct Teller {
        Observer& to;
        void operator()(const AcquireEvent& event) const noexcept { to.on_acquire(event); }
        void operator()(const ExtendEvent& event) const noexcept { to.on_extend(event); }
        void operator()(const ReleaseEvent& event) const noexcept { to.on_release(event); }
        void operator()(const BreakEvent& event) const noexcept { to.on_break(event); }
        void operator()(const HoldEvent& event) const noexcept { to.on_hold_end(event); }
        void operator()(const NodeAnswerEvent& event) const noexcept { to.on_node_answer(event); }
        void operator()(const ExecuteEvent& event) const noexcept { to.on_execute(event); }
        void operator()(const NoticeEvent& event) const noexcept { to.on_notice(event); }
    };
    std::visit(
        [&](auto& event) {
            event.resource = kept.resource.view();
            event.provider = provider_;
        },
        kept.event);
    std::visit(Teller{*observer_}, kept.event);
}

}  // namespace quorumlock::detail
