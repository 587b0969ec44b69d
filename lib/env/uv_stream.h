// A Stream on a socket of our own, watched by uv_poll: uv_write raises SIGPIPE in a host process
// that has not ignored it, and this costs fewer instructions too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <uv.h>

#include "lib/env/env.h"

namespace quorumlock::env {

class UvCore;

class UvStream final : public Stream, private Task {
  public:
    UvStream(UvCore& core, const Endpoint& to, StreamEvents& events);
    ~UvStream() override;

    void write(std::string_view bytes) override;
    std::uint64_t accepted() const noexcept override { return accepted_; }
    std::uint64_t sent() const noexcept override { return sent_; }

    /// Sends what is buffered, as far as the kernel takes it, in one call. Never calls back.
    void flush();
    /// The same, before the loop's turn comes to it.
    void flush_now();
    /// Closes at once and stays silent; the loop is going away.
    void shut() noexcept;

  private:
    /// What libuv knows of; it outlives the stream until libuv has let go of it.
    struct Watch {
        uv_poll_t poll{};
        UvCore* core = nullptr;
        UvStream* stream = nullptr;  ///< Null once the stream is silent.
    };
    enum class State : std::uint8_t {
        connecting,
        connected,  ///< on_open() is to come.
        open,
        failed,  ///< on_closed() is to come.
        closed,
    };

    static void on_poll(uv_poll_t* poll, int status, int events);
    void start(const Endpoint& to);
    void run() override;
    void on_ready(int status, int events);
    void finish_connect();
    int make_watch();
    void watch();
    long receive() noexcept;
    void read_ready();
    void read_after_error();
    bool read_rest();
    void fail_later(std::string why);
    void close_now(std::string why);
    void let_go() noexcept;

    UvCore* core_;
    StreamEvents& events_;
    Watch* watch_ = nullptr;
    int fd_ = -1;
    State state_ = State::connecting;
    bool dirty_ = false;
    bool full_ = false;  ///< The kernel's buffer is: what is buffered waits for WRITABLE.
    std::string buffer_;
    std::size_t buffer_sent_ = 0;  ///< Of buffer_, what has left already.
    std::uint64_t accepted_ = 0;
    std::uint64_t sent_ = 0;
    std::string why_;
};

}  // namespace quorumlock::env
