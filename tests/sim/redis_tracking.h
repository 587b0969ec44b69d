// Which clients are to be told of which keys: what CLIENT TRACKING leads to.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sim/redis_clients.h"

namespace quorumlock::sim {

/// As the server keeps it: keys of all databases under their names, whoever has left is found out
/// when there is something to tell, and a client that has switched tracking off and on is still
/// told.
class Tracking {
  public:
    explicit Tracking(ClientTable& clients) noexcept : clients_(clients) {}

    /// The client has read these keys; it is told of their next change, where its mode says so.
    void remember(const Client& client, std::span<const std::string_view> keys);
    /// A key has changed or is gone: everybody who remembered it is told, and then forgets it.
    void changed(std::string_view key);
    /// All keys are gone: everybody who tracks is told, whatever it remembered.
    void flushed();
    /// Between these two a client's own messages wait for its reply.
    void command_begins(const Client& client) noexcept { current_ = client.id; }
    void command_ends(Client& client);
    /// Another process.
    void clear();

    std::vector<std::string> remembered() const;
    std::vector<ClientId> take_pushed() { return std::exchange(pushed_, {}); }

  private:
    /// Nothing: all of them.
    using Change = std::optional<std::string>;

    void tell(Client& client, const Change& change);
    void push(const Client& client, const Change& change);

    ClientTable& clients_;
    std::map<std::string, std::vector<ClientId>, std::less<>> remembered_;
    ClientId current_ = 0;
    std::vector<Change> own_;  // of the current client, until its reply is written
    std::vector<ClientId> pushed_;
};

}  // namespace quorumlock::sim
