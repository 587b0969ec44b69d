// What UvEnv, its streams and its look-ups share: the loop's handles, the queues, and the order
// of things within a turn. Internal to lib/env; everything but wake() belongs to the loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <uv.h>

#include "lib/env/env.h"
#include "lib/env/task_queue.h"
#include "lib/env/timer_queue.h"
#include "lib/env/uv_env.h"
#include "lib/env/uv_timer_fd.h"

namespace quorumlock::env {

class UvHttp;
class UvStream;
class UvLookup;
class UvTls;

class UvCore {
  public:
    explicit UvCore(UvEnv::TurnEvents& events);
    UvCore(const UvCore&) = delete;
    UvCore& operator=(const UvCore&) = delete;
    ~UvCore();

    /// `loop` null: makes its own. 0, or an errno value; then nothing is left behind.
    int open(uv_loop_t* loop);
    uv_loop_t* loop() noexcept { return loop_; }

    void turn(bool wait);
    void flush();
    void wake() noexcept { uv_async_send(&async_); }
    void keep_alive(bool yes);
    /// The instant of what the loop is doing now: read at the first question after new_event().
    Instant event_now() noexcept;
    void new_event() noexcept { event_now_known_ = false; }
    void close(std::function<void()> done);
    bool closing() const noexcept { return closing_; }
    bool owns_loop() const noexcept { return own_loop_ != nullptr; }

    void arm(Timer& timer, Instant when);
    void disarm(Timer& timer) noexcept { timers_.disarm(timer); }
    void post(Task& task) noexcept;
    void unpost(Task& task) noexcept { tasks_.remove(task); }

    /// To be called by every event from the loop before anything else: the loop has stopped
    /// waiting.
    void event();
    /// One more handle in the loop, which does not keep it alive; gone() is to follow its close.
    void opened(uv_handle_t* handle) noexcept;
    void gone();

    // Who is to be told of the close, and whose bytes are to leave.
    void add(UvStream& stream) { streams_.push_back(&stream); }
    void remove(UvStream& stream) noexcept;
    void add(UvLookup& lookup) { lookups_.push_back(&lookup); }
    void remove(UvLookup& lookup) noexcept;
    void add_dirty(UvStream& stream) { dirty_.push_back(&stream); }
    void remove_dirty(UvStream& stream) noexcept;
    /// Made when it is first asked for: most services have no use for it.
    UvHttp& http();
    UvTls& tls();

    /// For one read at a time: what is in it is valid during the on_data() it is passed to.
    static constexpr std::size_t kReadBytes = 64 * 1024;
    char* read_buffer() noexcept { return read_buffer_.get(); }

  private:
    void before_wait();
    void after_wait();
    void close_handle(uv_handle_t* handle);
    void run_until_closed();

    UvEnv::TurnEvents& events_;
    std::unique_ptr<uv_loop_t> own_loop_;
    uv_loop_t* loop_ = nullptr;
    uv_prepare_t prepare_{};
    uv_check_t check_{};
    uv_idle_t idle_{};  ///< Started: the loop must not wait.
    uv_async_t async_{};
    uv_poll_t timer_poll_{};
    TimerFd timer_fd_;
    TimerQueue timers_;
    TaskQueue tasks_;
    std::vector<UvStream*> streams_;
    std::vector<UvStream*> dirty_;
    std::vector<UvLookup*> lookups_;
    std::unique_ptr<char[]> read_buffer_;
    std::function<void()> done_;
    std::size_t handles_ = 0;
    Instant event_now_{};
    bool event_now_known_ = false;
    bool in_turn_ = false;
    bool waiting_ = false;
    bool timers_due_ = false;
    bool closing_ = false;
    std::unique_ptr<UvTls> tls_;
    std::unique_ptr<UvHttp> http_;  ///< Goes first: it uses the rest.
};

}  // namespace quorumlock::env
