#include "tests/sim/sim_link.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_process.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/sim_stream.h"

namespace quorumlock::sim {

namespace {

/// As the real sockets are set up: TCP_USER_TIMEOUT.
constexpr Time kUserTimeout = 30 * kSecond;

}  // namespace

Link::Link(Network& network, SimProcess& process, SimServer* server, std::uint32_t number,
           SimStream& stream, bool silent)
    : network_(network),
      process_(process),
      server_(server),
      number_(number),
      stream_(&stream),
      silent_(silent) {
    network_.world().arm(opening_, process_.time() + network_.delay(*this, Way::up));
}

int Link::node() const noexcept { return server_ == nullptr ? -1 : server_->index(); }

bool Link::passes(Way way) { return !network_.blocked(*this, way); }

void Link::stuck(Event& event) {
    World& world = network_.world();
    retransmit_ = std::min(retransmit_ == 0 ? network_.first_retransmit() : 2 * retransmit_,
                           network_.longest_retransmit());
    world.arm(event, world.now() + retransmit_);
    if (!give_up_.armed() && &event != &down_event_)
        world.arm(give_up_, world.now() + kUserTimeout);
}

// ---- opening ----

void Link::on_opening() {
    if (dead_ || stream_ == nullptr) return;
    if (syn_arrived_) {  // The answer has come.
        if (!passes(Way::down)) return stuck(opening_);
        network_.world().disarm(give_up_);
        retransmit_ = 0;
        (peer_ == Peer::none ? refused_ : opened_) = true;
        return tell_client();
    }
    if (silent_) return;
    if (server_ != nullptr && (!passes(Way::up) || server_->host_is_down())) {
        return stuck(opening_);
    }
    syn_arrived_ = true;
    if (server_ != nullptr && server_->listens()) {
        peer_ = Peer::backlog;
        server_->readable(*this);
    }
    network_.world().arm(opening_, network_.world().now() + network_.delay(*this, Way::down));
}

// ---- bytes ----

std::size_t Link::room() const noexcept {
    const std::size_t used = up_.size();
    return used >= network_.window() ? 0 : network_.window() - used;
}

std::size_t Link::takes(std::size_t size, bool round) {
    if (half_reset_) return 0;
    const std::size_t most = std::min(size, room());
    return most > 0 && round && cut_client > 0 && cut_short ? network_.part_of(most) : most;
}

bool Link::clogged(Time now) const noexcept {
    return starved_ || 2 * up_.size() > network_.window() || up_.last_at() > now + 50 * kMilli;
}

void Link::push(Pipe& pipe, Way way, std::string_view bytes, std::int64_t written) {
    Time at =
        (way == Way::up ? process_.time() : network_.world().now()) + network_.delay(*this, way);
    const std::size_t most = network_.piece_size(*this, way);
    while (bytes.size() > most) {
        pipe.push(bytes.substr(0, most), at, written);
        bytes.remove_prefix(most);
        at += network_.trickle_gap(*this, way);
    }
    pipe.push(bytes, at, written);
}

void Link::schedule_up() {
    if (up_.under_way() && !up_event_.armed()) {
        network_.world().arm(up_event_, up_.next_under_way().at);
    }
}

void Link::schedule_down() {
    if (down_.under_way() && !down_event_.armed()) {
        network_.world().arm(down_event_, down_.next_under_way().at);
    }
}

void Link::send(std::string_view bytes, std::int64_t written) {
    push(up_, Way::up, bytes, written);
    schedule_up();
    if (cut_client > 0 && round_open) break_for_client(std::exchange(cut_client, 0));
}

void Link::on_up() {
    World& world = network_.world();
    if (dead_ || server_ == nullptr || !passes(Way::up) || server_->host_is_down()) {
        return stuck(up_event_);
    }
    if (give_up_.armed()) world.disarm(give_up_);
    retransmit_ = 0;
    while (up_.under_way() && up_.next_under_way().at <= world.now()) up_.arrive();
    if (peer_ == Peer::backlog || peer_ == Peer::talking) {
        server_->readable(*this);
    } else {
        up_.clear();
        // Nobody is there (any more): the kernel says so.
        down_.end(Ending::reset, world.now() + network_.delay(*this, Way::down));
        schedule_down();
    }
    schedule_up();
}

void Link::reply(std::string_view bytes) {
    push(down_, Way::down, bytes, 0);
    schedule_down();
}

void Link::on_down() {
    World& world = network_.world();
    if (dead_ || !passes(Way::down)) return stuck(down_event_);
    while (down_.under_way() && down_.next_under_way().at <= world.now()) down_.arrive();
    if (stream_ != nullptr) {
        tell_client();
    } else {
        down_.clear();
    }
    schedule_down();
}

void Link::drained() {
    if (starved_ && stream_ != nullptr) tell_client();
}

// ---- the client ----

void Link::tell_client() { process_.input(*this); }

void Link::deliver() {
    if (std::exchange(refused_, false)) return close_client("connection refused");
    if (state_ == State::opening && gave_up_ != nullptr) return close_client(gave_up_);
    if (std::exchange(opened_, false)) {
        state_ = State::open;
        stream_->opened();
    }
    while (stream_ != nullptr && state_ == State::open && down_.arrived()) {
        const Ending ending = down_.front().ending;
        if (ending != Ending::none) {
            down_.take(0);
            return close_client(ending == Ending::fin ? "closed by the server"
                                                      : "connection reset by peer");
        }
        round_open = false;
        const std::string_view piece = down_.front_bytes();
        const std::string_view read = piece.substr(0, network_.read_size(*this));
        process_.trace_received(*this, read);
        std::string& copy = network_.scratch();
        copy.assign(read);
        down_.take(copy.size());
        stream_->received(copy);
    }
    if (stream_ == nullptr) return;
    if (gave_up_ != nullptr) return close_client(gave_up_);
    if (std::exchange(starved_, false)) stream_->flush();
}

void Link::close_client(const char* why) {
    state_ = State::closed;
    SimStream* const stream = std::exchange(stream_, nullptr);
    // A reset, or the answer to one: nothing is sent any more.
    if (!up_.ended() && !half_reset_) up_.clear();
    stream->closed(why);
}

void Link::client_closes() {
    stream_ = nullptr;
    process_.forget(*this);
    World& world = network_.world();
    if (dead_) return;
    if (state_ == State::opening && peer_ == Peer::none) {
        world.disarm(opening_);
        world.disarm(give_up_);
        return;
    }
    // What was not read makes it a reset, which does not wait for what was sent before it.
    const bool unread = down_.arrived();
    if (unread && network_.chance(1, 2)) up_.lose_under_way();
    up_.end(unread ? Ending::reset : Ending::fin, process_.time() + network_.delay(*this, Way::up));
    schedule_up();
}

void Link::on_gave_up() {
    // TCP_USER_TIMEOUT has passed: the client's kernel retransmits no more.
    go_dead();
    if (stream_ == nullptr) return;
    gave_up_ = "connection timed out";
    tell_client();
}

// ---- the server ----

void Link::server_closes(Ending ending) {
    peer_ = Peer::gone;
    up_.clear();
    if (dead_) return;
    down_.end(ending, network_.world().now() + network_.delay(*this, Way::down));
    schedule_down();
}

// ---- faults ----

void Link::break_now() {
    if (peer_ == Peer::backlog || peer_ == Peer::talking) server_->lost(*this);
    peer_ = Peer::gone;
    up_.clear();
    down_.lose_under_way();
    down_.end(Ending::reset, network_.world().now() + network_.delay(*this, Way::down));
    schedule_down();
}

void Link::break_for_client(Time later) {
    World& world = network_.world();
    if (dead_ || state_ != State::open) return;
    up_.postpone(later);
    if (up_event_.armed()) world.disarm(up_event_);
    schedule_up();
    down_.lose_under_way();
    down_.end(Ending::reset, world.now() + network_.delay(*this, Way::down));
    schedule_down();
    half_reset_ = true;
}

void Link::go_dead() {
    dead_ = true;
    World& world = network_.world();
    if (up_.under_way() && !give_up_.armed()) world.arm(give_up_, world.now() + kUserTimeout);
    up_.lose_under_way();
    down_.lose_under_way();
    world.disarm(opening_);
    world.disarm(up_event_);
    world.disarm(down_event_);
}

}  // namespace quorumlock::sim
