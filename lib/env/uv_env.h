// Env on libuv (loop, poll, look-up), timerfd (BOOTTIME), OpenSSL (RAND_bytes), libcurl (HTTP). One
// per loop.
#pragma once

#include <functional>
#include <memory>

#include <quorumlock/result.h>

#include "lib/env/env.h"

struct uv_loop_s;

namespace quorumlock::env {

class UvEnv final : public Env {
  public:
    /// What the runner wants to be told in each turn; both on the loop.
    class TurnEvents {
      public:
        /// Before the buffered bytes leave and the loop waits: take in what other threads
        /// queued. Called in every turn, also in a caller's loop.
        virtual void before_wait() = 0;
        /// After the bytes left, immediately before the loop waits. True: do not wait, another
        /// thread has queued something meanwhile.
        virtual bool about_to_wait() = 0;
        /// The loop has stopped waiting (the first event of the turn, or none came).
        virtual void woke() = 0;

      protected:
        ~TurnEvents() = default;
    };

    /// `loop` null: a loop of our own, driven by turn(). Otherwise the caller's, which he runs.
    static Result<std::unique_ptr<UvEnv>> create(uv_loop_s* loop, TurnEvents& events);
    ~UvEnv() override;

    /// One turn of the own loop: waits for events when `wait`, handles them, fires timers.
    void turn(bool wait);
    /// Hands all buffered bytes to the kernel now, without a turn.
    void flush();
    /// Makes a waiting turn return, or a caller's loop make one. Any thread, any time before
    /// close_handles().
    void wake() noexcept;
    /// In a caller's loop: keeps that loop alive (true) or lets it end when only we are left.
    void keep_alive(bool yes);
    /// Closes the handles. Own loop: runs it until they are gone. A caller's loop: asynchronous,
    /// `done` is called from it when the last handle is gone; then this object may be destroyed.
    void close_handles(std::function<void()> done);

    /// What follows in this thread is an event of its own: event_now() is read anew. On the loop.
    void new_event() noexcept;

    Instant now() const noexcept override;
    Instant event_now() noexcept override;
    Nanos wall_now() const noexcept override;
    void arm(Timer& timer, Instant when) override;
    void disarm(Timer& timer) noexcept override;
    void post(Task& task) override;
    bool random_bytes(std::span<std::uint8_t> out) noexcept override;
    std::uint64_t random_u64() noexcept override;
    std::unique_ptr<Lookup> look_up(const std::string& host, LookupEvents& events) override;
    std::unique_ptr<Stream> connect(const Endpoint& to, StreamEvents& events) override;
    std::unique_ptr<HttpCall> request(const HttpRequest& request, HttpEvents& events) override;
    FileContent variable(const std::string& name) override;
    FileContent file(const std::string& path) override;

  private:
    struct Impl;
    explicit UvEnv(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace quorumlock::env
