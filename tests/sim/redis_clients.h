// The connections of one server process.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/sim/redis_request.h"
#include "tests/sim/sim_redis.h"

namespace quorumlock::sim {

struct Client {
    ClientId id = 0;
    RequestParser parser{};
    std::string output{};
    std::string name{};
    int database = 0;
    bool authenticated = false;
    /// It executes nothing more: it goes once its output is sent.
    bool closing = false;
};

class ClientTable {
  public:
    Client& accept(bool authenticated);
    /// One that is not let in: it is there to be told why.
    Client& refuse();
    /// Null when it is gone.
    Client* find(ClientId id) noexcept;
    const Client* find(ClientId id) const noexcept;
    void erase(ClientId id) { clients_.erase(id); }
    /// Those the server still counts, the oldest first.
    std::vector<ClientId> open() const;
    /// A new process: numbers begin again.
    void clear();

    /// Ends it at once: what was not sent is lost. False when there is none to end.
    bool kill(ClientId id) noexcept;

  private:
    std::map<ClientId, Client> clients_;
    ClientId next_ = 1;
    ClientId next_refused_ = -1;
};

}  // namespace quorumlock::sim
