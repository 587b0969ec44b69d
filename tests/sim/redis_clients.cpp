#include "tests/sim/redis_clients.h"

namespace quorumlock::sim {

Client& ClientTable::accept(bool authenticated) {
    Client& client = clients_[next_];
    client.id = next_++;
    client.authenticated = authenticated;
    return client;
}

Client& ClientTable::refuse() {
    Client& client = clients_[next_refused_];
    client.id = next_refused_--;
    client.closing = true;
    return client;
}

Client* ClientTable::find(ClientId id) noexcept {
    const auto found = clients_.find(id);
    return found == clients_.end() ? nullptr : &found->second;
}

const Client* ClientTable::find(ClientId id) const noexcept {
    const auto found = clients_.find(id);
    return found == clients_.end() ? nullptr : &found->second;
}

Client* ClientTable::find_open(ClientId id) noexcept {
    Client* const client = find(id);
    return client == nullptr || client->closing ? nullptr : client;
}

std::vector<ClientId> ClientTable::open() const {
    std::vector<ClientId> ids;
    for (const auto& [id, client] : clients_) {
        if (!client.closing) ids.push_back(id);
    }
    return ids;
}

void ClientTable::clear() {
    clients_.clear();
    next_ = 1;
    next_refused_ = -1;
}

bool ClientTable::kill(ClientId id) noexcept {
    Client* client = find(id);
    if (client == nullptr || client->closing) return false;
    client->closing = true;
    client->output.clear();
    return true;
}

}  // namespace quorumlock::sim
