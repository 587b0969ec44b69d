#include "lib/env/hand_on.h"

#include "lib/base/check.h"

namespace quorumlock::env {

bool HandOn::try_lead(Leader as) noexcept {
    if (leader_ != Leader::nobody) return false;
    leader_ = as;
    taken_since_ = true;
    return true;
}

bool HandOn::line_up(Follower& follower) noexcept {
    QL_CHECK(leader_ != Leader::nobody);
    follower.in_line_ = true;
    follower.previous_ = last_;
    follower.next_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_) = &follower;
    last_ = &follower;
    return leader_ == Leader::own_thread && expected_ == 0;
}

void HandOn::leave_line(Follower& follower) noexcept {
    if (!follower.in_line_) return;
    follower.in_line_ = false;
    (follower.previous_ == nullptr ? first_ : follower.previous_->next_) = follower.next_;
    (follower.next_ == nullptr ? last_ : follower.next_->previous_) = follower.previous_;
}

HandOn::Wake HandOn::give_up() noexcept {
    QL_CHECK(leader_ == Leader::caller || leader_ == Leader::own_thread);
    leader_ = Leader::nobody;
    const bool own_rests = own_ == Own::lingering || own_ == Own::asleep;
    if (expected_ > 0 && own_rests) {
        own_ = Own::awake;
        leader_ = Leader::own_thread;
        taken_since_ = true;
        return {.own_thread = true, .follower = nullptr};
    }
    if (first_ != nullptr) {
        Follower& next = *first_;
        leave_line(next);
        next.leads = true;
        leader_ = Leader::caller;
        taken_since_ = true;
        return {.own_thread = false, .follower = &next};
    }
    // Nobody wants it now. A sleeping own thread must start to linger, or nobody ever would.
    return {.own_thread = own_ == Own::asleep, .follower = nullptr};
}

bool HandOn::expect() noexcept {
    ++expected_;
    const bool own_rests = own_ == Own::lingering || own_ == Own::asleep;
    if (leader_ != Leader::nobody || !own_rests) return false;
    own_ = Own::awake;
    leader_ = Leader::own_thread;
    taken_since_ = true;
    return true;
}

HandOn::OwnStep HandOn::own_step(bool lingered) noexcept {
    own_ = Own::awake;
    if (leader_ == Leader::own_thread) return OwnStep::lead;
    const bool undisturbed = lingered && !taken_since_;
    if (leader_ == Leader::nobody && (expected_ > 0 || undisturbed)) {
        leader_ = Leader::own_thread;
        taken_since_ = true;
        return OwnStep::lead;
    }
    if (leader_ == Leader::caller && undisturbed) {
        own_ = Own::asleep;  // one long lead: who gives it up wakes us
        return OwnStep::sleep;
    }
    taken_since_ = false;
    own_ = Own::lingering;
    return OwnStep::linger;
}

}  // namespace quorumlock::env
