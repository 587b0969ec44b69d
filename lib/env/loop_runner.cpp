#include "lib/env/loop_runner.h"

#include <pthread.h>
#include <signal.h>

#include "lib/base/check.h"

namespace quorumlock::env {

namespace {

/// How long a lead that a caller gave up may stay with nobody.
constexpr auto kLinger = std::chrono::microseconds(200);
/// Callbacks run in one go in a caller's loop, so that they cannot starve its other handles.
constexpr int kCallbacksPerTurn = 1000;

}  // namespace

Result<std::unique_ptr<LoopRunner>> LoopRunner::create(uv_loop_s* callers_loop) {
    std::unique_ptr<LoopRunner> runner(new LoopRunner(callers_loop != nullptr));
    auto env = UvEnv::create(callers_loop, *runner);
    if (!env) return std::move(env).error();
    runner->env_ = std::move(*env);
    if (callers_loop != nullptr) runner->own_thread_id_ = std::this_thread::get_id();
    return runner;
}

LoopRunner::~LoopRunner() {
    // In a forked child the thread does not exist: its handle is let go, not joined.
    if (thread_.joinable()) thread_.detach();
}

void LoopRunner::start() {
    if (callers_loop_) {
        keep_alive(false);
        return;
    }
    // The host's signals are the host's: this thread takes none.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { own_thread(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void LoopRunner::stop(std::shared_ptr<void> owner) {
    if (callers_loop_ || !thread_.joinable()) return;
    const bool from_inside = std::this_thread::get_id() == thread_.get_id();
    {
        Lock lock(mutex_);
        stopping_ = true;
        owner_ = owner;
        if (from_inside) last_ = std::move(owner);
        // The own thread needs the lead once more, and keeps it for ever.
        (void)hand_on_.expect();
        own_wakes_.notify_one();
        if (polling_) env_->wake();
    }
    if (from_inside) {
        thread_.detach();
    } else {
        thread_.join();
    }
}

bool LoopRunner::on_callback_thread() const noexcept {
    const auto self = std::this_thread::get_id();
    return own_thread_id_.load(std::memory_order_relaxed) == self || is_leader();
}

void LoopRunner::run_in_loop(Task& task) {
    Lock lock(mutex_);
    if (ended_) {
        inbox_.push(task);
        lock.unlock();
        drain();
        return;
    }
    // The own thread leads as soon as its callbacks are done: one turn for all that they start.
    const bool own = own_thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    if (own || !hand_on_.try_lead(HandOn::Leader::caller)) {
        queue(task, inbox_, lock);
        return;
    }
    leader_thread_ = std::this_thread::get_id();
    env_->new_event();
    // Behind what was queued before: tasks of one thread keep their order.
    drain_inbox(lock);
    lock.unlock();
    task.run();
    env_->flush();
    lock.lock();
    if (!inbox_.empty()) {  // others came while this one ran
        drain_inbox(lock);
        lock.unlock();
        env_->flush();
        lock.lock();
    }
    hand_on(lock);
}

void LoopRunner::run_later(Task& task) {
    Lock lock(mutex_);
    QL_CHECK(!ended_);
    // A lead that nobody has is taken by the own thread, which may be lingering.
    if (hand_on_.leader() == HandOn::Leader::nobody) own_wakes_.notify_one();
    queue(task, later_, lock);
}

/// For whoever leads, or for the own thread. Unlocks.
void LoopRunner::queue(Task& task, TaskQueue& where, Lock& lock) {
    where.push(task);
    const bool wake = polling_;
    if (own_thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
        settle_alive();
    }
    lock.unlock();
    if (wake) env_->wake();
}

/// Gives up the lead and wakes who has to know. Unlocks.
void LoopRunner::hand_on(Lock& lock) {
    leader_thread_ = std::thread::id{};
    leader_signal_ = nullptr;
    const HandOn::Wake wake = hand_on_.give_up();
    if (wake.own_thread) own_wakes_.notify_one();
    lock.unlock();
    if (wake.follower != nullptr) wake.follower->parker.unpark();
}

bool LoopRunner::wait(Signal& signal) {
    if (signal.is_set()) return true;
    if (on_callback_thread()) return false;
    Follower self;
    Lock lock(mutex_);
    if (signal.is_set()) return true;
    if (hand_on_.try_lead(HandOn::Leader::caller)) {
        lead_until(signal, lock);
        return true;
    }
    waiter(signal) = &self;
    const bool interrupt = hand_on_.line_up(self) && polling_;
    lock.unlock();
    if (interrupt) env_->wake();
    self.parker.park();
    if (!self.leads) return true;
    lock.lock();
    waiter(signal) = nullptr;
    lead_until(signal, lock);
    return true;
}

void LoopRunner::lead_until(Signal& signal, Lock& lock) {
    leader_thread_ = std::this_thread::get_id();
    leader_signal_ = &signal;
    lock.unlock();
    while (!signal.is_set()) env_->turn(true);
    lock.lock();
    hand_on(lock);
}

void LoopRunner::set(Signal& signal) {
    Follower* sleeper = nullptr;
    {
        Lock lock(mutex_);
        mark(signal);
        sleeper = waiter(signal);
        if (sleeper != nullptr) {
            waiter(signal) = nullptr;
            hand_on_.leave_line(*sleeper);
        }
    }
    if (sleeper != nullptr) sleeper->parker.unpark();
}

void LoopRunner::call_back(Task& task, bool expected) {
    Lock lock(mutex_);
    callbacks_.push(task);
    if (expected) hand_on_.expected_done();
    if (ended_) {
        lock.unlock();
        drain();
        return;
    }
    if (!callers_loop_ && hand_on_.own_is_resting()) {
        own_wakes_.notify_one();
        return;
    }
    // Somebody else's event while the one who runs callbacks waits in the loop.
    const bool wake = polling_ && !is_leader();
    if (is_leader()) settle_alive();
    lock.unlock();
    if (wake) env_->wake();
}

void LoopRunner::expect_callback() {
    Lock lock(mutex_);
    if (hand_on_.expect()) own_wakes_.notify_one();
}

void LoopRunner::keep_alive(bool yes) {
    if (!callers_loop_) return;
    const Lock lock(mutex_);
    wanted_alive_ = yes;
    settle_alive();
}

/// A caller's loop must not end before what is queued for it has run.
void LoopRunner::settle_alive() {
    if (!callers_loop_) return;
    env_->keep_alive(wanted_alive_ || !callbacks_.empty() || has_work());
}

void LoopRunner::before_wait() {
    Lock lock(mutex_);
    if (callers_loop_) {
        leader_thread_ = std::this_thread::get_id();
        run_callbacks(lock);
        env_->new_event();  // they may have taken long
    }
    drain_inbox(lock);
    // Once a turn: what these put there again waits for the next.
    if (!later_.empty()) run_all(later_, lock);
    settle_alive();
}

/// All that is in there now, in order, with the mutex let go once.
void LoopRunner::run_all(TaskQueue& queue, Lock& lock) {
    TaskQueue batch;
    queue.move_to(batch);
    lock.unlock();
    while (Task* task = batch.pop()) task->run();
    lock.lock();
}

void LoopRunner::drain_inbox(Lock& lock) {
    while (!inbox_.empty()) run_all(inbox_, lock);
}

bool LoopRunner::about_to_wait() {
    Lock lock(mutex_);
    if (has_work()) return true;
    if (leader_signal_ != nullptr && leader_signal_->is_set()) return true;
    if (hand_on_.leader() != HandOn::Leader::caller) {
        if (!callbacks_.empty() || stopping_) return true;
        if (!callers_loop_ && !hand_on_.keep_leading()) return true;
    }
    polling_ = true;
    return false;
}

void LoopRunner::woke() {
    Lock lock(mutex_);
    polling_ = false;
}

void LoopRunner::run_callbacks(Lock& lock) {
    for (int i = 0; i < kCallbacksPerTurn; ++i) {
        Task* task = callbacks_.pop();
        if (task == nullptr) return;
        lock.unlock();
        task->run();
        lock.lock();
    }
}

void LoopRunner::drain() {
    std::shared_ptr<void> owner;
    Lock lock(mutex_);
    if (draining_) return;
    owner = owner_.lock();
    draining_ = true;
    // What a callback waits for here could be done by nobody but this thread.
    leader_thread_ = std::this_thread::get_id();
    while (!callbacks_.empty() || has_work()) {
        run_callbacks(lock);
        drain_inbox(lock);
        run_all(later_, lock);
    }
    leader_thread_ = std::thread::id{};
    draining_ = false;
    lock.unlock();
    // Destroying `owner` may destroy this runner: nothing of it is touched from here on.
}

void LoopRunner::end_in_callers_loop(std::weak_ptr<void> owner) {
    {
        const Lock lock(mutex_);
        ended_ = true;
        owner_ = std::move(owner);
    }
    drain();
}

void LoopRunner::own_thread() {
    own_thread_id_ = std::this_thread::get_id();
    Lock lock(mutex_);
    bool lingered = false;
    while (!ended_) {
        if (!callbacks_.empty()) {
            // A callback may wait for a mutex that a blocked caller holds: never keep the lead.
            hand_on_.own_woke();
            if (hand_on_.leader() == HandOn::Leader::own_thread) {
                hand_on(lock);
                lock.lock();
            }
            run_all(callbacks_, lock);
            lingered = false;
            continue;
        }
        // Started by callbacks, or left behind by a caller who led: nobody else would do it now.
        if (has_work() && hand_on_.try_lead(HandOn::Leader::own_thread)) {
            hand_on_.own_woke();
            lead_as_own_thread(lock);
            lingered = false;
            continue;
        }
        switch (hand_on_.own_step(lingered)) {
            case HandOn::OwnStep::lead:
                // Nobody is inside the loop, and with the lead kept nobody will be.
                if (stopping_) {
                    ended_ = true;
                } else {
                    lead_as_own_thread(lock);
                }
                lingered = false;
                break;
            case HandOn::OwnStep::linger:
                lingered = own_wakes_.wait_for(lock, kLinger) == std::cv_status::timeout;
                break;
            case HandOn::OwnStep::sleep:
                own_wakes_.wait(lock);
                lingered = false;
                break;
        }
    }
    own_thread_id_ = std::thread::id{};
    const std::shared_ptr<void> last = std::move(last_);
    lock.unlock();
    drain();
    // Destroying `last` may destroy this runner: nothing of it is touched from here on.
}

void LoopRunner::lead_as_own_thread(Lock& lock) {
    leader_thread_ = std::this_thread::get_id();
    do {
        lock.unlock();
        env_->turn(true);
        lock.lock();
    } while (callbacks_.empty() && !stopping_ && hand_on_.keep_leading());
    hand_on(lock);
    lock.lock();
}

}  // namespace quorumlock::env
