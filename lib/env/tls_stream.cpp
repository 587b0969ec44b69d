#include "lib/env/tls_stream.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "lib/base/check.h"
#include "lib/env/uv_core.h"
#include "lib/env/uv_tls.h"

namespace quorumlock::env {

namespace {

/// A server's whole part of a handshake is smaller; what floods us is no server of ours.
constexpr std::size_t kMostArrived = 256 * 1024;

}  // namespace

TlsStream::TlsStream(UvCore& core, const Endpoint& to, StreamEvents& events)
    : tls_(&core.tls()), events_(events), server_(to.tls), lower_(core, to, *this) {
    tls_->add(*this);
}

TlsStream::~TlsStream() {
    if (gone_ != nullptr) *gone_ = true;
    say_goodbye();
    shut();
}

/// Only where nothing else waits to leave: what was not sent when its user let go of the stream
/// was called withdrawn, and must not leave after all.
void TlsStream::say_goodbye() noexcept {
    if (state_ != State::open || lower_.sent() != lower_.accepted()) return;
    filter_->end();
    lower_.flush_now();
}

void TlsStream::shut() noexcept {
    if (tls_ == nullptr) return;
    tls_->remove(*this);
    tls_->unqueue(*this);
    if (std::exchange(dirty_, false)) tls_->remove_dirty(*this);
    state_ = State::closed;
    lower_.shut();
    filter_.reset();
    tls_ = nullptr;
}

// ---- the handshake: a step of it is a task, so that many at once do not hold up the loop ----

void TlsStream::on_open() {
    state_ = State::handshaking;
    tls_->queue(*this);
}

void TlsStream::on_data(const char* bytes, std::size_t size) {
    if (state_ == State::open) return decrypt({bytes, size});
    if (state_ != State::handshaking) return;
    const std::size_t room = kMostArrived - std::min(arrived_.size(), kMostArrived);
    arrived_.append(bytes, std::min(size, room));
    tls_->queue(*this);
}

void TlsStream::on_closed(std::string_view why) {
    // What has arrived before may say why.
    cut_off_ = true;
    why_ = why;
    switch (state_) {
        case State::connecting:
            return close(why, false);
        case State::handshaking:
        case State::failed:
            return tls_->queue(*this);
        case State::open:
            return close("broken off without TLS's close_notify: " + why_, false);
        case State::closed:
            break;
    }
}

void TlsStream::run() {
    if (state_ == State::handshaking) {
        step();
    } else if (state_ == State::failed) {
        close(filter_->why(), filter_->rejected());
    }
}

bool TlsStream::prepare() {
    if (filter_) return true;
    if (std::string why = tls_->contexts().renew(*server_); !why.empty()) {
        close(why, true);
        return false;
    }
    TlsFilter::Wire& wire = *this;
    filter_.emplace(*server_, tls_->method(), wire);
    return true;
}

void TlsStream::step() {
    if (!prepare()) return;
    filter_->feed(arrived_);
    const TlsFilter::State now = filter_->handshake();
    if (now == TlsFilter::State::failed) {
        lower_.flush_now();  // the alert that tells the server why
        return close(filter_->why(), filter_->rejected());
    }
    if (now == TlsFilter::State::open) {
        const std::string behind(filter_->rest());
        arrived_ = {};
        state_ = State::open;
        bool gone = false;
        bool* const outer = std::exchange(gone_, &gone);
        events_.on_open();
        if (gone) return;
        gone_ = outer;
        if (state_ == State::open && !behind.empty()) decrypt(behind);
        return;
    }
    if (cut_off_ || now == TlsFilter::State::ended) {
        return close("closed during the TLS handshake: " + (why_.empty() ? "by the server" : why_),
                     false);
    }
    if (arrived_.size() >= kMostArrived) {
        return close("the server says too much during the TLS handshake", false);
    }
    arrived_.clear();
}

// ---- open ----

void TlsStream::put(const char* bytes, std::size_t size) { lower_.write({bytes, size}); }

void TlsStream::write(std::string_view bytes) {
    QL_CHECK(state_ != State::connecting && state_ != State::handshaking);
    accepted_ += bytes.size();
    if (state_ != State::open || bytes.empty()) return;
    plain_.append(bytes);
    if (std::exchange(dirty_, true)) return;
    tls_->add_dirty(*this);
}

void TlsStream::encrypt() {
    dirty_ = false;
    if (state_ != State::open) return;
    sent_ = sent();
    std::erase_if(marks_, [&](const Mark& mark) { return mark.plain <= sent_; });
    std::uint64_t end = accepted_ - plain_.size();
    std::string_view rest = plain_;
    while (!rest.empty()) {
        const auto record = rest.substr(0, TlsFilter::kRecordBytes);
        if (!filter_->write(record)) {
            state_ = State::failed;
            return tls_->queue(*this);
        }
        end += record.size();
        marks_.push_back({lower_.accepted(), end});
        rest.remove_prefix(record.size());
    }
    plain_.clear();
}

std::uint64_t TlsStream::sent() const noexcept {
    std::uint64_t plain = sent_;
    for (const Mark& mark : marks_) {
        if (mark.wire > lower_.sent()) break;
        plain = mark.plain;
    }
    return plain;
}

void TlsStream::decrypt(std::string_view wire) {
    bool gone = false;
    bool* const outer = std::exchange(gone_, &gone);
    filter_->feed(wire);
    while (const std::size_t got = filter_->read(tls_->buffer(), UvTls::kBufferBytes)) {
        events_.on_data(tls_->buffer(), got);
        if (gone) return;
        if (state_ != State::open) break;
    }
    gone_ = outer;
    if (state_ != State::open) return;
    if (filter_->state() == TlsFilter::State::failed) {
        close(filter_->why(), filter_->rejected());
    } else if (filter_->state() == TlsFilter::State::ended) {
        close("closed by the server", false);
    }
}

void TlsStream::close(std::string_view why, bool rejected) {
    const std::string said(why);  // It may be the filter's.
    shut();
    if (rejected) {
        events_.on_rejected(said);  // May destroy this.
    } else {
        events_.on_closed(said);
    }
}

}  // namespace quorumlock::env
