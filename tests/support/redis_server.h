// A real redis-server for tests: on loopback, without persistence, in a directory of its own, and
// gone when the test is gone, whatever way that ends.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace quorumlock::testing {

/// Files of a server that speaks TLS, on a port beside the plain one.
struct RedisTls {
    std::string ca, cert, key;
    /// Clients have to show a certificate of `ca`.
    bool auth_clients = false;
    /// What uri() asks for behind the '?'; empty: "ca=" and the file.
    std::string query{};
};

struct RedisOptions {
    /// `requirepass`; command() and uri() use it.
    std::string password{};
    /// Lines of the configuration file, e.g. "maxmemory 1".
    std::vector<std::string> config{};
    /// Listen on a unix socket too: uri() then is a unix:// one.
    bool unix_socket = false;
    /// Start as a replica of the server on this port of 127.0.0.1.
    std::uint16_t replica_of = 0;
    /// uri() then is a rediss:// one; command() goes on over the plain port.
    std::optional<RedisTls> tls{};
    /// The program: "valkey-server" where that is installed (see RedisServer::available).
    std::string program = "redis-server";
};

/// Not thread-safe. The server gets SIGKILL when the thread that started it ends: start servers
/// on a thread that lives as long as they do. What cannot be done ends the test program.
class RedisServer {
  public:
    /// Starts it and waits until it answers.
    explicit RedisServer(RedisOptions options = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    static bool available(const std::string& program);

    std::uint16_t port() const noexcept { return port_; }
    std::uint16_t tls_port() const noexcept { return tls_port_; }
    pid_t pid() const noexcept { return pid_; }
    const TempDir& dir() const noexcept { return dir_; }
    std::string socket_path() const { return dir_.file("s"); }
    /// What LockService::open takes.
    std::string uri() const;
    /// "127.0.0.1:port", as a node's label names it; for unix sockets the path.
    std::string label() const;

    /// SIGKILL, then waits until it is gone.
    void kill9();
    /// SIGTERM, then waits until it is gone; SIGKILL after 5 s.
    void stop();
    /// SIGSTOP: connections stay, nothing is answered. resume() is SIGCONT.
    void freeze();
    void resume();
    /// On the same port, empty, with the same options; kills what runs.
    void restart();
    bool running() const noexcept { return pid_ > 0; }

    /// Over a connection of its own, authenticated as need be; text as RespClient::command says.
    std::string command(const std::vector<std::string>& args) const;
    /// Keys in database 0: the first question of most tests, "did we leave anything?".
    std::string dbsize() const { return command({"DBSIZE"}); }

  private:
    bool launch();
    bool wait_until_it_answers();
    void reap();

    RedisOptions options_;
    TempDir dir_;
    std::uint16_t port_ = 0;
    std::uint16_t tls_port_ = 0;
    pid_t pid_ = -1;
};

/// `count` fresh servers with the same options.
std::vector<std::unique_ptr<RedisServer>> start_servers(int count,
                                                        const RedisOptions& options = {});
/// Their URIs, in order.
std::vector<std::string> uris_of(const std::vector<std::unique_ptr<RedisServer>>& servers);

}  // namespace quorumlock::testing
