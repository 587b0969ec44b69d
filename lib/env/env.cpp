#include "lib/env/env.h"

#include "lib/base/check.h"
#include "lib/env/timer_queue.h"

namespace quorumlock::env {

Timer::~Timer() {
    if (owner_ != nullptr) owner_->disarm(*this);
}

Task::~Task() { QL_CHECK(!queued); }

}  // namespace quorumlock::env
