#include "lib/env/timer_queue.h"

#include "lib/base/check.h"

namespace quorumlock::env {

namespace {
/// Marks the slot of a timer that is held back: the rest is its index there.
constexpr std::size_t kHeldBack = ~(~std::size_t{0} >> 1);
}  // namespace

TimerQueue::~TimerQueue() {
    QL_CHECK(!firing_);
    clear();
}

void TimerQueue::clear() noexcept {
    for (const Entry& entry : heap_) entry.timer->owner_ = nullptr;
    for (Timer* timer : held_back_) timer->owner_ = nullptr;
    heap_.clear();
    held_back_.clear();
}

bool TimerQueue::before(const Entry& a, const Entry& b) noexcept {
    return a.when != b.when ? a.when < b.when : a.timer->order_ < b.timer->order_;
}

void TimerQueue::place(std::size_t slot, const Entry& entry) noexcept {
    heap_[slot] = entry;
    entry.timer->slot_ = slot;
}

void TimerQueue::sift_up(std::size_t slot) noexcept {
    const Entry entry = heap_[slot];
    while (slot != 0) {
        const std::size_t parent = (slot - 1) / 2;
        if (!before(entry, heap_[parent])) break;
        place(slot, heap_[parent]);
        slot = parent;
    }
    place(slot, entry);
}

void TimerQueue::sift_down(std::size_t slot) noexcept {
    const Entry entry = heap_[slot];
    for (;;) {
        std::size_t child = 2 * slot + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
        if (!before(heap_[child], entry)) break;
        place(slot, heap_[child]);
        slot = child;
    }
    place(slot, entry);
}

void TimerQueue::push(Timer* timer) {
    heap_.push_back({timer->when_, timer});
    sift_up(heap_.size() - 1);
}

void TimerQueue::arm(Timer& timer, Instant when) {
    if (timer.owner_ != nullptr) {
        QL_CHECK(timer.owner_ == this);
        disarm(timer);
    }
    timer.when_ = when;
    timer.order_ = order_++;
    timer.owner_ = this;
    if (firing_ && when <= firing_at_) {
        timer.slot_ = kHeldBack | held_back_.size();
        held_back_.push_back(&timer);
    } else {
        push(&timer);
    }
}

void TimerQueue::disarm(Timer& timer) noexcept {
    if (timer.owner_ == nullptr) return;
    QL_CHECK(timer.owner_ == this);
    timer.owner_ = nullptr;
    if ((timer.slot_ & kHeldBack) != 0) {
        const std::size_t slot = timer.slot_ & ~kHeldBack;
        held_back_[slot] = held_back_.back();
        held_back_[slot]->slot_ = kHeldBack | slot;
        held_back_.pop_back();
        return;
    }
    const std::size_t slot = timer.slot_;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (last.timer == &timer) return;
    place(slot, last);
    sift_up(slot);
    sift_down(last.timer->slot_);
}

void TimerQueue::fire_due(Instant now) {
    QL_CHECK(!firing_);
    firing_ = true;
    firing_at_ = now;
    while (!heap_.empty() && heap_.front().when <= now) {
        Timer* const timer = heap_.front().timer;
        disarm(*timer);
        timer->fire();
    }
    firing_ = false;
    for (Timer* timer : held_back_) push(timer);
    held_back_.clear();
}

}  // namespace quorumlock::env
