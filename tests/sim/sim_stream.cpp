#include "tests/sim/sim_stream.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

namespace {

/// What may stand before an ACQUIRE, in the same write.
constexpr std::string_view kCaching = "*3\r\n$6\r\nCLIENT\r\n$7\r\nCACHING\r\n$3\r\nYES\r\n";

/// Does this piece begin with a command of a round? `*6\r\n$3\r\nSET...`, `*10\r\n$7\r\nEVALSHA...`
bool begins_round(std::string_view bytes) {
    if (bytes.starts_with(kCaching)) bytes.remove_prefix(kCaching.size());
    if (!bytes.starts_with('*')) return false;
    for (int line = 0; line < 2; ++line) {  // how many words, how long the first one is
        bytes.remove_prefix(std::min(bytes.find('\n'), bytes.size() - 1) + 1);
        if (bytes.empty()) return false;
    }
    return bytes.starts_with("SET\r") || bytes.starts_with("EVAL");
}

/// Anything but a release, which goes to silent nodes too: `*5\r\n$7\r\nEVALSHA`.
bool is_ask(std::string_view bytes) { return !bytes.starts_with("*5\r") && begins_round(bytes); }

}  // namespace

SimStream::SimStream(SimProcess& process, env::StreamEvents& events)
    : process_(process), events_(events) {
    process_.add(*this);
}

SimStream::~SimStream() {
    cut_off();
    process_.remove(*this);
}

void SimStream::cut_off() {
    if (Link* const link = std::exchange(link_, nullptr)) link->client_closes();
    open_ = false;
}

void SimStream::start(const env::Endpoint& to) {
    link_ = &process_.network().connect(process_, to, *this);
}

void SimStream::write(std::string_view bytes) {
    QL_CHECK(open_ || link_ == nullptr);
    accepted_ += bytes.size();
    if (link_ == nullptr || bytes.empty()) return;
    buffer_.append(bytes);
    const std::int64_t now = process_.reading();
    if (is_ask(bytes)) note_ask(now);
    if (written_.empty() || written_.back().at != now) {
        written_.push_back({accepted_, now});
    } else {
        written_.back().end = accepted_;
    }
    if (!std::exchange(dirty_, true)) process_.add_dirty(*this);
}

void SimStream::note_ask(std::int64_t now) {
    // What the server has not read it cannot have answered.
    process_.note_backlog(++asks_ - link_->asks);
    if (!unheard_) {
        unheard_ = Unheard{now, process_.stolen()};
        return;
    }
    // The own clock may be the faster one, by less than a quarter.
    const Time stolen = process_.stolen() - unheard_->stolen;
    process_.note_silence(now - unheard_->since - stolen - stolen / 4);
}

void SimStream::flush() {
    dirty_ = false;
    if (link_ == nullptr) return;
    std::size_t done = 0;
    std::size_t i = 0;
    for (; i < written_.size(); ++i) {
        const auto left = static_cast<std::size_t>(written_[i].end - sent_);
        const bool round = begins_round(std::string_view(buffer_).substr(done));
        const std::size_t size = link_->takes(left, round);
        if (size == 0) break;
        const std::string_view piece = std::string_view(buffer_).substr(done, size);
        process_.trace_sent(*link_, piece);
        if (begins_round(piece)) process_.network().round_sent(*link_);
        link_->send(piece, written_[i].at);
        sent_ += size;
        done += size;
        if (size < left) break;
    }
    written_.erase(written_.begin(), written_.begin() + static_cast<std::ptrdiff_t>(i));
    buffer_.erase(0, done);
    if (!buffer_.empty()) link_->starve();
}

void SimStream::opened() {
    open_ = true;
    process_.trace_event(*link_, Mark::open, "is connected");
    events_.on_open();
}

void SimStream::received(std::string_view bytes) {
    unheard_.reset();
    process_.new_event();  // These bytes are in hand now.
    events_.on_data(bytes.data(), bytes.size());
}

void SimStream::closed(const char* why) {
    process_.trace_event(*link_, Mark::closed, why);
    link_ = nullptr;
    open_ = false;
    events_.on_closed(why);
}

}  // namespace quorumlock::sim
