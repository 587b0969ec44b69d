#include "tests/sim/sim_network.h"

#include <limits>
#include <utility>

#include "tests/sim/sim_process.h"
#include "tests/sim/sim_server.h"

namespace quorumlock::sim {

namespace {

constexpr Time kNowhere = 200 * kMicro;  ///< How long a message to nobody takes.

std::size_t index_of(Way way) { return static_cast<std::size_t>(way); }

}  // namespace

Network::Network(World& world, std::uint64_t seed, int processes, int servers, NetworkTraits traits)
    : world_(world), traits_(traits), servers_(servers), luck_(seed, Luck::network, 0xffff) {
    paths_.resize(static_cast<std::size_t>(processes * servers));
    for (std::size_t i = 0; i < paths_.size(); ++i) {
        paths_[i].luck = Random(seed, Luck::network, i);
    }
}

Network::~Network() = default;

void Network::add_address(std::string address, std::uint16_t port, SimServer* server, bool silent) {
    addresses_.push_back({std::move(address), port, server, silent});
}

void Network::add_path(std::string path, SimServer* server) {
    addresses_.push_back({std::move(path), 0, server, false});
}

Link& Network::connect(SimProcess& process, const env::Endpoint& to, SimStream& stream) {
    const std::string& text = to.path.empty() ? to.address : to.path;
    const Address* found = nullptr;
    for (const Address& address : addresses_) {
        if (address.text == text && address.port == to.port) found = &address;
    }
    SimServer* const server = found == nullptr ? nullptr : found->server;
    const auto number = static_cast<std::uint32_t>(links_.size() + 1);
    links_.push_back(std::make_unique<Link>(*this, process, server, number, stream,
                                            found != nullptr && found->silent));
    Link& link = *links_.back();
    link.service = process.service;
    world_.trace().note(process.time(), Mark::connect, number,
                        static_cast<std::uint64_t>(link.node() + 1), [&] {
                            return process.name() + " connects to " + text + " (" +
                                   (server == nullptr ? std::string("nobody") : server->name()) +
                                   ") #" + std::to_string(number);
                        });
    return link;
}

Path& Network::path_of(Link& link) noexcept {
    return path(link.process().index(), link.server()->index());
}

void Network::round_sent(Link& link) {
    link.round_open = true;
    if (on_round && link.server() != nullptr) on_round(link.process().index(), link.node());
}

bool Network::blocked(const Link& link, Way way) {
    auto& known = const_cast<Link&>(link);
    if (known.process().is_suspended()) return true;
    if (known.server() == nullptr) return false;
    return path_of(known).blocked[index_of(way)] > 0;
}

Time Network::delay(Link& link, Way way) {
    if (link.server() == nullptr) return kNowhere;
    return this->way(link.process().index(), link.node(), way);
}

Time Network::way(int process, int server, Way way) {
    Path& path = this->path(process, server);
    Time time =
        path.base + static_cast<Time>(path.luck.below(static_cast<std::uint64_t>(path.jitter) + 1));
    if (const Time extra = path.extra[index_of(way)]; extra > 0) {
        time += static_cast<Time>(path.luck.below(static_cast<std::uint64_t>(extra)));
    }
    return time;
}

std::size_t Network::piece_size(Link& link, Way way) {
    if (link.server() == nullptr) return std::numeric_limits<std::size_t>::max();
    Path& path = path_of(link);
    if (path.trickling[index_of(way)] == 0) return std::numeric_limits<std::size_t>::max();
    return 1 + path.luck.below(64);
}

Time Network::trickle_gap(Link& link, Way) {
    return static_cast<Time>(path_of(link).luck.below(2 * kMilli));
}

std::size_t Network::read_size(Link& link) {
    if (!traits_.small_reads || link.server() == nullptr) return 64 * 1024;
    return 1 + path_of(link).luck.below(200);
}

}  // namespace quorumlock::sim
