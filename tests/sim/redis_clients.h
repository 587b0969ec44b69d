// The connections of one server process.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/redis_request.h"
#include "tests/sim/sim_redis.h"

namespace quorumlock::sim {

/// What CLIENT TRACKING and CLIENT CACHING have set.
struct ClientTracking {
    bool on = false;
    bool opt_in = false, opt_out = false, no_loop = false;
    bool caching = false;   ///< CLIENT CACHING, for the next command.
    ClientId redirect = 0;  ///< Who is told; 0: nobody, over RESP2.
};

struct Client {
    ClientId id = 0;
    RequestParser parser{};
    std::string output{};
    std::string name{};
    int database = 0;
    bool authenticated = false;
    ClientTracking tracking{};
    /// With any of them it is a subscriber, and may say little else.
    std::set<std::string, std::less<>> channels{};
    /// It executes nothing more: it goes once its output is sent.
    bool closing = false;

    bool is_subscriber() const noexcept { return !channels.empty(); }
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
    /// Likewise when it is closing: to other clients it is gone already.
    Client* find_open(ClientId id) noexcept;
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
