#include "lib/env/uv_stream.h"

#include <cerrno>
#include <memory>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/env/socket.h"
#include "lib/env/uv_core.h"

namespace quorumlock::env {

namespace {

/// One stream's flood must not keep the others waiting.
constexpr int kReadsPerEvent = 4;
/// From here on, what has left is cut off the buffer's front rather than kept until all has left.
constexpr std::size_t kCutBytes = 64 * 1024;

}  // namespace

UvStream::UvStream(UvCore& core, const Endpoint& to, StreamEvents& events)
    : core_(&core), events_(events) {
    core_->add(*this);
    if (core_->closing()) {
        shut();
    } else {
        start(to);
    }
}

UvStream::~UvStream() { shut(); }

void UvStream::start(const Endpoint& to) {
    Connecting connecting = start_connect(to);
    fd_ = connecting.fd;
    if (fd_ < 0) return fail_later(std::move(connecting.why));
    if (const int error = make_watch(); error != 0) return fail_later(error_words(error));
    if (connecting.open) {
        state_ = State::connected;
        core_->post(*this);
    } else {
        watch();
    }
}

int UvStream::make_watch() {
    auto made = std::make_unique<Watch>();
    if (const int error = uv_poll_init(core_->loop(), &made->poll, fd_); error != 0) return -error;
    watch_ = made.release();
    watch_->core = core_;
    watch_->stream = this;
    watch_->poll.data = watch_;
    core_->opened(reinterpret_cast<uv_handle_t*>(&watch_->poll));
    return 0;
}

void UvStream::watch() {
    const int events = state_ == State::connecting ? UV_WRITABLE
                       : full_                     ? UV_READABLE | UV_WRITABLE
                                                   : UV_READABLE;
    QL_CHECK(uv_poll_start(&watch_->poll, events, on_poll) == 0);
}

void UvStream::on_poll(uv_poll_t* poll, int status, int events) {
    auto* const watch = static_cast<Watch*>(poll->data);
    watch->core->event();
    if (watch->stream != nullptr) watch->stream->on_ready(status, events);
}

void UvStream::on_ready(int status, int events) {
    if (state_ == State::connecting) return finish_connect();
    // The socket has an error pending; libuv has stopped watching it.
    if (status < 0) return read_after_error();
    if ((events & UV_WRITABLE) != 0) flush();
    if (state_ == State::open && (events & UV_READABLE) != 0) read_ready();
}

void UvStream::finish_connect() {
    const int error = take_socket_error(fd_);
    if (error != 0) return close_now(error_words(error));
    if (connected_to_itself(fd_)) return close_now(error_words(ECONNREFUSED));
    state_ = State::open;
    watch();
    events_.on_open();
}

void UvStream::run() {
    if (state_ == State::connected) return finish_connect();
    // What the server said before it broke the connection may tell why.
    if (watch_ == nullptr || read_rest()) close_now(std::move(why_));
}

void UvStream::write(std::string_view bytes) {
    QL_CHECK(state_ != State::connecting && state_ != State::connected);
    accepted_ += bytes.size();
    if (state_ != State::open || bytes.empty()) return;
    if (buffer_sent_ >= kCutBytes && buffer_sent_ >= buffer_.size() / 2) {
        buffer_.erase(0, std::exchange(buffer_sent_, 0));
    }
    buffer_.append(bytes);
    if (dirty_ || full_) return;
    dirty_ = true;
    core_->add_dirty(*this);
}

void UvStream::flush() {
    dirty_ = false;
    if (state_ != State::open || buffer_.empty()) return;
    const ssize_t left = send(fd_, buffer_.data() + buffer_sent_, buffer_.size() - buffer_sent_,
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (left < 0 && errno != EAGAIN && errno != EINTR) return fail_later(error_words(errno));
    if (left > 0) {
        sent_ += static_cast<std::uint64_t>(left);
        buffer_sent_ += static_cast<std::size_t>(left);
    }
    const bool was_full = full_;
    full_ = buffer_sent_ != buffer_.size();
    if (!full_) {
        buffer_.clear();
        buffer_sent_ = 0;
    }
    if (full_ != was_full) watch();
}

void UvStream::flush_now() {
    if (dirty_ && core_ != nullptr) core_->remove_dirty(*this);
    flush();
}

long UvStream::receive() noexcept {
    const ssize_t got = recv(fd_, core_->read_buffer(), UvCore::kReadBytes, MSG_DONTWAIT);
    core_->new_event();  // these bytes are in hand now, whatever was read before them
    return got >= 0 ? got : -errno;
}

void UvStream::read_ready() {
    const Watch* const watched = watch_;
    for (int round = 0; round < kReadsPerEvent; ++round) {
        const long got = receive();
        if (got == -EAGAIN || got == -EINTR) return;
        if (got == 0) return close_now("closed by the server");
        if (got < 0) return close_now(error_words(static_cast<int>(-got)));
        events_.on_data(core_->read_buffer(), static_cast<std::size_t>(got));
        if (watched->stream == nullptr) return;
        if (static_cast<std::size_t>(got) < UvCore::kReadBytes) return;
    }
}

/// Everything that has arrived. False: the stream has gone meanwhile. why_ is set where the
/// end of the stream says more than what is known.
bool UvStream::read_rest() {
    const Watch* const watched = watch_;
    for (;;) {
        const long got = receive();
        if (got == -EINTR) continue;
        if (got <= 0) {
            if (why_.empty() && got == 0) why_ = "closed by the server";
            if (why_.empty() && got != -EAGAIN) why_ = error_words(static_cast<int>(-got));
            return true;
        }
        events_.on_data(core_->read_buffer(), static_cast<std::size_t>(got));
        if (watched->stream == nullptr) return false;
    }
}

void UvStream::read_after_error() {
    if (!read_rest()) return;
    if (why_.empty()) {
        const int error = take_socket_error(fd_);
        if (error == 0) return watch();
        why_ = error_words(error);
    }
    close_now(std::move(why_));
}

void UvStream::fail_later(std::string why) {
    state_ = State::failed;
    why_ = std::move(why);
    if (watch_ != nullptr) uv_poll_stop(&watch_->poll);
    core_->post(*this);
}

void UvStream::close_now(std::string why) {
    let_go();
    state_ = State::closed;
    events_.on_closed(why);  // May destroy this.
}

void UvStream::let_go() noexcept {
    core_->unpost(*this);
    if (std::exchange(dirty_, false)) core_->remove_dirty(*this);
    if (watch_ != nullptr) {
        watch_->stream = nullptr;
        uv_close(reinterpret_cast<uv_handle_t*>(&watch_->poll), [](uv_handle_t* handle) {
            auto* const watch = static_cast<Watch*>(handle->data);
            UvCore* const core = watch->core;
            delete watch;
            core->gone();
        });
        watch_ = nullptr;
    }
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void UvStream::shut() noexcept {
    if (core_ == nullptr) return;
    let_go();
    state_ = State::closed;
    core_->remove(*this);
    core_ = nullptr;
}

}  // namespace quorumlock::env
