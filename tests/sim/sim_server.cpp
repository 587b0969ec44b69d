#include "tests/sim/sim_server.h"

#include <algorithm>
#include <utility>

#include "lib/resp/writer.h"

namespace quorumlock::sim {

namespace {

/// Replies that are no replies: whoever listens there does not speak Redis, or no longer does.
/// None of them may be taken for the answer to a command.
constexpr std::string_view kGarbage[] = {
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "\x15\x03\x01\x00\x02\x02\x50",
    "$1073741824\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    "*-5\r\n",
    "*2147483647\r\n",
    "$abc\r\n",
    "*0\r\n",
};

bool is_round_command(std::string_view bytes) {
    return bytes.find("\r\nSET\r\n") != bytes.npos || bytes.find("\r\nEVAL") != bytes.npos;
}

/// What rule N7 bounds: of a round, and no release, which has five words.
bool is_ask(const std::vector<std::string_view>& words) {
    return words[0] == "SET" || (words[0].starts_with("EVAL") && words.size() != 5);
}

/// Exactly one whole reply of one line.
bool is_single_reply(std::string_view reply) { return reply.find('\n') + 1 == reply.size(); }

}  // namespace

SimServer::SimServer(World& world, std::uint64_t seed, int index, const ServerTraits& traits,
                     ServerEvents& events)
    : world_(world),
      index_(index),
      traits_(traits),
      events_(events),
      clock_(traits.wall * kMicro, traits.ppm),
      luck_(seed, Luck::server, static_cast<std::uint64_t>(index)),
      redis_(luck_.next(), traits.wall - traits.uptime, this),
      service_(traits.service) {}

// ---- the truth ----

void SimServer::on_command(ClientId, const std::vector<std::string_view>& words) {
    // The handshake ends with four scripts.
    if (serving_ != nullptr && !serving_->greeted && words[0] == "SCRIPT") {
        serving_->greeted = ++serving_->scripts == 4;
        if (serving_->greeted) events_.on_greeted(*serving_);
    }
    if (serving_ != nullptr && words[0] == "SUBSCRIBE") serving_->subscribes = true;
    if (serving_ != nullptr && is_ask(words)) ++serving_->asks;
    events_.on_command(*this, serving_, written_, words);
}

void SimServer::on_key_set(std::string_view key, std::string_view value, WallMicros expires,
                           ClientId) {
    events_.on_key_set(*this, serving_, key, value, expires);
}

void SimServer::on_key_gone(std::string_view key, std::string_view value, Gone why, ClientId) {
    events_.on_key_gone(*this, serving_, key, value, why);
}

// ---- serving ----

void SimServer::readable(Link& link) {
    if (std::exchange(link.queued_at_server, true)) return;
    ready_.push_back(&link);
    schedule();
}

void SimServer::schedule() {
    if (ready_.empty() || frozen_ > 0 || process_down_ || serve_.armed()) return;
    world_.arm(serve_, std::max(world_.now(), busy_until_) + service_);
}

void SimServer::serve() {
    serving_now_.swap(ready_);
    for (Link* const link : serving_now_) {
        link->queued_at_server = false;
        serve_link(*link);
    }
    serving_now_.clear();
    send_pushes();
    busy_until_ = world_.now();
    schedule();
}

void SimServer::serve_link(Link& link) {
    if (link.peer() == Link::Peer::backlog) {
        link.accepted(redis_.accept(wall()));
        links_.push_back(&link);
    } else if (link.peer() != Link::Peer::talking) {
        return;
    }
    const bool talking = feed(link);
    // A command of this client may have ended others.
    for (std::size_t i = 0; i < links_.size();) {
        Link& other = *links_[i];
        if (&other != &link && redis_.closing(other.client_id)) {
            close(other, Ending::reset);
        } else {
            ++i;
        }
    }
    if (talking) answer(link);
}

/// False: the link has ended.
bool SimServer::feed(Link& link) {
    Pipe& up = link.up();
    bool took = false;
    while (up.arrived()) {
        if (up.front().ending != Ending::none) {
            lost(link);
            link.server_closes(Ending::fin);
            return false;
        }
        const std::string_view bytes = up.front_bytes();
        const bool round = link.greeted && is_round_command(bytes);
        if (round && std::exchange(link.cut_request, false)) {
            link.break_now();
            return false;
        }
        serving_ = &link;
        written_ = up.front().written;
        redis_.receive(link.client_id, bytes, wall());
        serving_ = nullptr;
        up.take(bytes.size());
        took = true;
        if (round && std::exchange(link.cut_reply, false)) {
            link.break_now();
            return false;
        }
        if (redis_.closing(link.client_id)) break;
    }
    if (took) link.drained();
    return true;
}

void SimServer::answer(Link& link) {
    std::string& output = redis_.output(link.client_id);
    if (!output.empty()) {
        if (link.spoil != 0 && (link.greeted || link.subscribes)) {
            const std::uint8_t kind = std::exchange(link.spoil, std::uint8_t{0});
            if (kind > std::size(kGarbage)) {
                // A proxy in between: what was done is told as an error.
                if (is_single_reply(output)) output = "-ERR upstream has gone away\r\n";
            } else {
                output = kGarbage[kind - 1];
            }
        }
        world_.trace().note(world_.now(), Mark::replied, link.number(), output, [&] {
            return name() + " answers #" + std::to_string(link.number()) + ": " + in_words(output);
        });
        link.reply(output);
        output.clear();
    }
    if (redis_.closing(link.client_id)) {
        close(link, link.up().arrived() ? Ending::reset : Ending::fin);
    }
}

void SimServer::close(Link& link, Ending ending) {
    lost(link);
    link.server_closes(ending);
}

void SimServer::touch(std::string_view key) {
    if (process_down_) return;
    redis_.touch(key);
    send_pushes();
}

/// What others are told because of a command, or of an expiry: it leaves with the replies.
void SimServer::send_pushes() {
    if (frozen_ > 0 || process_down_) return;
    for (const ClientId id : redis_.take_pushed()) {
        Link* const link = link_of(id);
        if (link == nullptr) continue;
        if (std::exchange(link->cut_reply, false)) {
            link->break_now();
        } else {
            answer(*link);
        }
    }
    await_expiry();
}

/// A server looks for what has expired some ten times a second, and between its commands.
void SimServer::await_expiry() {
    constexpr Time kLongest = 150 * kMilli;
    if (expire_.armed() || !redis_.waits_for_expiry()) return;
    world_.arm(expire_, world_.now() + 1 + static_cast<Time>(luck_.below(kLongest)));
}

void SimServer::expire() {
    const SimRedisState& state = redis_.state;
    if (!state.busy && !state.loading) redis_.expire(wall());
    send_pushes();
}

Link* SimServer::link_of(ClientId id) noexcept {
    const auto found = std::find_if(links_.begin(), links_.end(),
                                    [id](const Link* link) { return link->client_id == id; });
    return found == links_.end() ? nullptr : *found;
}

void SimServer::lost(Link& link) {
    if (link.peer() != Link::Peer::talking) return;
    redis_.disconnect(link.client_id);
    links_.erase(std::remove(links_.begin(), links_.end(), &link), links_.end());
}

// ---- faults ----

void SimServer::freeze() {
    if (frozen_++ > 0) return;
    world_.disarm(serve_);
    world_.disarm(expire_);
}

void SimServer::thaw() {
    if (--frozen_ > 0) return;
    // Which connection a server reads first after a long stop is anybody's guess.
    for (std::size_t i = ready_.size(); i > 1; --i) {
        const std::size_t other = luck_.below(i);
        std::swap(ready_[i - 1], ready_[other]);
    }
    send_pushes();
    schedule();
}

void SimServer::crash(bool host) {
    process_down_ = true;
    host_down_ = host;
    world_.disarm(serve_);
    world_.disarm(expire_);
    for (Link* const link : ready_) {
        link->queued_at_server = false;
        if (link->peer() != Link::Peer::backlog) continue;
        host ? link->forget_server() : link->server_closes(Ending::reset);
    }
    ready_.clear();
    std::vector<Link*> ended;
    ended.swap(links_);
    for (Link* const link : ended) {
        if (host) {
            link->forget_server();
        } else {
            link->server_closes(link->up().arrived() ? Ending::reset : Ending::fin);
        }
    }
}

void SimServer::start_again(bool keep_data) {
    process_down_ = false;
    host_down_ = false;
    busy_until_ = world_.now();
    redis_.restart(keep_data, luck_.next(), wall());
    schedule();
}

void SimServer::flush_all() {
    redis_.flush_all(wall());
    send_pushes();
}

void SimServer::jump(std::int64_t micros) {
    clock_.jump(world_.now(), micros * kMicro);
    events_.on_clock_changed(*this, micros > 0);
}

void SimServer::set_rate(std::int64_t ppm) {
    clock_.set_rate(world_.now(), ppm);
    events_.on_clock_changed(*this, false);
}

std::string SimServer::execute(std::initializer_list<std::string_view> words) {
    return execute(std::vector<std::string_view>(words));
}

std::string SimServer::execute(const std::vector<std::string_view>& words) {
    if (process_down_ || frozen_ > 0) return {};
    const ClientId stranger = redis_.accept(wall());
    std::string bytes;
    if (!redis_.state.password.empty()) {
        resp::append_command(bytes, {"AUTH", redis_.state.password});
    }
    resp::append_command(bytes, {"SELECT", std::to_string(traits_.database)});
    redis_.receive(stranger, bytes, wall());
    redis_.output(stranger).clear();
    bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string_view word : words) {
        bytes.append("$" + std::to_string(word.size()) + "\r\n").append(word).append("\r\n");
    }
    redis_.receive(stranger, bytes, wall());
    std::string reply;
    reply.swap(redis_.output(stranger));
    redis_.disconnect(stranger);
    send_pushes();
    return reply;
}

}  // namespace quorumlock::sim
