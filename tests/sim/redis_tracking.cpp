#include "tests/sim/redis_tracking.h"

#include <algorithm>

#include "tests/sim/redis_reply.h"

namespace quorumlock::sim {

void Tracking::remember(const Client& client, std::span<const std::string_view> keys) {
    const ClientTracking& mode = client.tracking;
    if ((mode.opt_in && !mode.caching) || (mode.opt_out && mode.caching)) return;
    for (const std::string_view key : keys) {
        const auto found = remembered_.find(key);
        auto& ids = found != remembered_.end() ? found->second : remembered_[std::string(key)];
        if (std::find(ids.begin(), ids.end(), client.id) == ids.end()) ids.push_back(client.id);
    }
}

void Tracking::changed(std::string_view key) {
    const auto found = remembered_.find(key);
    if (found == remembered_.end()) return;
    const Change change(found->first);
    const std::vector<ClientId> ids = std::move(found->second);
    remembered_.erase(found);
    for (const ClientId id : ids) {
        Client* const client = clients_.find_open(id);
        if (client == nullptr || !client->tracking.on) continue;
        if (client->tracking.no_loop && id == current_) continue;
        tell(*client, change);
    }
}

void Tracking::flushed() {
    for (const ClientId id : clients_.open()) {
        Client& client = *clients_.find(id);
        if (client.tracking.on) tell(client, {});
    }
    remembered_.clear();
}

void Tracking::command_ends(Client& client) {
    current_ = 0;
    for (const Change& change : std::exchange(own_, {})) push(client, change);
}

void Tracking::clear() {
    remembered_.clear();
    own_.clear();
    pushed_.clear();
}

std::vector<std::string> Tracking::remembered() const {
    std::vector<std::string> names;
    for (const auto& [name, ids] : remembered_) names.push_back(name);
    return names;
}

void Tracking::tell(Client& client, const Change& change) {
    if (client.id == current_) {
        own_.push_back(change);
    } else {
        push(client, change);
    }
}

/// Over RESP2 only to another connection, and only to one that subscribes, to whatever it may be.
void Tracking::push(const Client& client, const Change& change) {
    Client* const to = clients_.find_open(client.tracking.redirect);
    if (to == nullptr || !to->is_subscriber()) return;
    ReplyWriter message(to->output);
    message.array(3);
    message.bulk("message");
    message.bulk("__redis__:invalidate");
    if (change) {
        message.array(1);
        message.bulk(*change);
    } else {
        message.null();
    }
    if (std::find(pushed_.begin(), pushed_.end(), to->id) == pushed_.end()) {
        pushed_.push_back(to->id);
    }
}

}  // namespace quorumlock::sim
