#include "lib/env/uv_core.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "lib/env/uv_http.h"
#include "lib/env/uv_lookup.h"
#include "lib/env/uv_stream.h"
#include "lib/env/uv_tls.h"

namespace quorumlock::env {

namespace {

/// Tasks that post tasks must not keep the loop from its sockets.
constexpr std::size_t kTasksPerTurn = 1000;

UvCore& core_of(const void* data) { return *static_cast<UvCore*>(const_cast<void*>(data)); }

template <class T>
void take_out(std::vector<T*>& from, T* what) noexcept {
    const auto found = std::find(from.begin(), from.end(), what);
    if (found == from.end()) return;
    *found = from.back();
    from.pop_back();
}

}  // namespace

UvCore::UvCore(UvEnv::TurnEvents& events)
    : events_(events), read_buffer_(std::make_unique<char[]>(kReadBytes)) {}

UvCore::~UvCore() {
    QL_CHECK(handles_ == 0);
    if (own_loop_ == nullptr) return;
    // A look-up that hangs in the resolver cannot be stopped, and waiting for it could take
    // minutes: then its loop, which it will report to, has to stay.
    if (uv_loop_close(own_loop_.get()) != 0) (void)own_loop_.release();
}

int UvCore::open(uv_loop_t* loop) {
    if (const int error = timer_fd_.open(); error != 0) return error;
    if (loop == nullptr) {
        auto own = std::make_unique<uv_loop_t>();
        if (const int error = uv_loop_init(own.get()); error != 0) return -error;
        own_loop_ = std::move(own);
        loop = own_loop_.get();
    }
    loop_ = loop;
    if (const int error = uv_poll_init(loop_, &timer_poll_, timer_fd_.fd()); error != 0) {
        return -error;
    }
    // None of these can fail on a loop that is initialised.
    QL_CHECK(uv_async_init(loop_, &async_, [](uv_async_t* h) { core_of(h->data).event(); }) == 0);
    QL_CHECK(uv_prepare_init(loop_, &prepare_) == 0);
    QL_CHECK(uv_check_init(loop_, &check_) == 0);
    QL_CHECK(uv_idle_init(loop_, &idle_) == 0);
    timer_poll_.data = async_.data = prepare_.data = check_.data = idle_.data = this;
    opened(reinterpret_cast<uv_handle_t*>(&timer_poll_));
    opened(reinterpret_cast<uv_handle_t*>(&async_));
    opened(reinterpret_cast<uv_handle_t*>(&prepare_));
    opened(reinterpret_cast<uv_handle_t*>(&check_));
    opened(reinterpret_cast<uv_handle_t*>(&idle_));
    keep_alive(true);
    uv_prepare_start(&prepare_, [](uv_prepare_t* h) { core_of(h->data).before_wait(); });
    uv_check_start(&check_, [](uv_check_t* h) { core_of(h->data).after_wait(); });
    uv_poll_start(&timer_poll_, UV_READABLE, [](uv_poll_t* h, int, int) {
        UvCore& core = core_of(h->data);
        core.event();
        if (core.closing_) return;
        core.timer_fd_.drain();
        core.timers_due_ = true;
    });
    return 0;
}

void UvCore::turn(bool wait) {
    QL_CHECK(own_loop_ != nullptr && !in_turn_ && !closing_);
    in_turn_ = true;
    uv_run(loop_, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    in_turn_ = false;
}

Instant UvCore::event_now() noexcept {
    if (!std::exchange(event_now_known_, true)) event_now_ = boot_now();
    return event_now_;
}

void UvCore::before_wait() {
    new_event();
    events_.before_wait();
    tasks_.run(kTasksPerTurn);
    const bool steps_wait = tls_ != nullptr && tls_->run_steps();
    flush();
    if (closing_) return;
    bool stay_awake = steps_wait || !tasks_.empty();
    if (!timers_.empty() && !timer_fd_.wakes_by(timers_.next())) {
        if (timers_.next() <= boot_now()) {
            timers_due_ = stay_awake = true;
        } else {
            timer_fd_.wake_by(timers_.next());
        }
    }
    if (events_.about_to_wait()) stay_awake = true;
    waiting_ = true;
    if (stay_awake) uv_idle_start(&idle_, [](uv_idle_t*) {});
}

void UvCore::event() {
    new_event();
    if (!waiting_) return;
    waiting_ = false;
    events_.woke();
}

void UvCore::after_wait() {
    event();
    if (closing_) return;
    uv_idle_stop(&idle_);
    // Behind the sockets: an answer that has arrived counts, also when its time limit has passed
    // while this process was not running.
    if (std::exchange(timers_due_, false)) timers_.fire_due(event_now());
}

void UvCore::flush() {
    if (tls_ != nullptr) tls_->encrypt();
    for (UvStream* const stream : dirty_) stream->flush();
    dirty_.clear();
}

void UvCore::arm(Timer& timer, Instant when) {
    if (!closing_) timers_.arm(timer, when);
}

void UvCore::post(Task& task) noexcept {
    if (!closing_) tasks_.push(task);
}

void UvCore::keep_alive(bool yes) {
    // One handle speaks for all: a loop is alive while it has one that is referenced.
    auto* const handle = reinterpret_cast<uv_handle_t*>(&async_);
    if (yes || own_loop_ != nullptr) {
        uv_ref(handle);
    } else {
        uv_unref(handle);
    }
}

void UvCore::opened(uv_handle_t* handle) noexcept {
    uv_unref(handle);
    ++handles_;
}

void UvCore::gone() {
    if (--handles_ != 0 || !closing_) return;
    if (auto done = std::exchange(done_, nullptr)) done();  // May destroy this.
}

void UvCore::close_handle(uv_handle_t* handle) {
    uv_close(handle, [](uv_handle_t* h) { core_of(h->data).gone(); });
}

void UvCore::close(std::function<void()> done) {
    QL_CHECK(!closing_ && !in_turn_);
    closing_ = true;
    if (tls_ != nullptr) tls_->shut();
    while (!streams_.empty()) streams_.back()->shut();
    while (!lookups_.empty()) lookups_.back()->shut();
    if (http_ != nullptr) http_->shut();
    tasks_.clear();
    timers_.clear();
    close_handle(reinterpret_cast<uv_handle_t*>(&timer_poll_));
    timer_fd_.close();
    close_handle(reinterpret_cast<uv_handle_t*>(&async_));
    close_handle(reinterpret_cast<uv_handle_t*>(&prepare_));
    close_handle(reinterpret_cast<uv_handle_t*>(&check_));
    close_handle(reinterpret_cast<uv_handle_t*>(&idle_));
    if (own_loop_ == nullptr) {
        done_ = std::move(done);  // The handles close in turns to come.
        return;
    }
    run_until_closed();
    if (done) done();
}

void UvCore::run_until_closed() {
    while (handles_ != 0) uv_run(loop_, UV_RUN_NOWAIT);
    // Look-ups that had not started yet are reported once more, as cancelled.
    uv_run(loop_, UV_RUN_NOWAIT);
}

UvHttp& UvCore::http() {
    if (http_ == nullptr) http_ = std::make_unique<UvHttp>(*this);
    return *http_;
}

UvTls& UvCore::tls() {
    if (tls_ == nullptr) tls_ = std::make_unique<UvTls>();
    return *tls_;
}

void UvCore::remove(UvStream& stream) noexcept { take_out(streams_, &stream); }

void UvCore::remove(UvLookup& lookup) noexcept { take_out(lookups_, &lookup); }

void UvCore::remove_dirty(UvStream& stream) noexcept { take_out(dirty_, &stream); }

}  // namespace quorumlock::env
