// Node URIs: what `LockService::open` and `--nodes` accept. Every mistake is one line that names
// the part and its bound, and never repeats a password.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <quorumlock/node.h>
#include <quorumlock/options.h>
#include <quorumlock/result.h>

#include "lib/env/env.h"
#include "lib/env/tls.h"

namespace quorumlock::nodes {

/// redis://[user[:password]@]host[:port][/db]?name=&password_file=&password_env=
/// unix:///path?db=&user=&name=&password_file=&password_env=     memory:[?name=]
/// dapr://[host[:port]]/store?name=&token_file=&token_env=&independent=
/// dapr+unix:///path?store=&name=&token_file=&token_env=&independent=
/// rediss://, as redis:// and with ?ca=&cert=&key=&verify=full|ca|none&sni=
struct NodeUri {
    enum class Kind : std::uint8_t { redis_tcp, redis_unix, memory, dapr_tcp, dapr_unix };
    Kind kind = Kind::redis_tcp;
    /// Name or address, without the brackets of an IPv6 literal. dapr: empty, and port 0, where
    /// the environment has to tell it.
    std::string host;
    std::uint16_t port = 6379;
    std::string path;  ///< unix only
    int database = 0;
    std::string user;      ///< Empty: the default user.
    std::string password;  ///< Empty: none in the URI.
    /// Read again at every connect. dapr: token_file and token_env.
    std::string password_file, password_env;
    std::string store;         ///< dapr only: the lock component's name.
    bool independent = false;  ///< dapr only: says that no other node of the set shares its Redis.
    std::optional<env::TlsOptions> tls;  ///< rediss only.
    std::string label;                   ///< ?name=, else address().

    bool is_dapr() const noexcept { return kind == Kind::dapr_tcp || kind == Kind::dapr_unix; }
    /// "host:port", "[v6]:port" or the path; of a Dapr node with "/store" behind it.
    std::string address() const;
    /// Equal for URIs that certainly mean the same node; empty where none can be compared.
    std::string identity() const;
};

/// Parts are percent-decoded by RFC 3986; the text has at most 4096 bytes. Bounds: port 1..65535,
/// database 0..1,000,000, host 253 bytes, unix path 107, name 128. At most one of a password in
/// the URI, password_file and password_env; cert and key together. Errors: invalid_argument; in one
/// line, which shows a password as "***" or not at all. Any thread.
Result<NodeUri> parse_node_uri(std::string_view text);

/// What nodes need to know of the service's options.
struct NodeOptions {
    Nanos connect_timeout{0};
    std::size_t max_backlog = 0;
    std::string client_name;
    /// How long a fencing counter outlives its last use.
    Nanos fence_retention = std::chrono::hours(1);
};

/// What can be known of a node's files without its server: errors as parse_node_uri. Reads them,
/// so it blocks as files do. Passwords are read when they are used, and not looked at here.
std::optional<Error> check_files(const NodeUri& uri);
/// What a person should know of a node that works all the same; empty: nothing.
std::string warning_about(const NodeUri& uri);

std::unique_ptr<Node> make_node(NodeUri uri, const NodeOptions& options, env::Env& env);

}  // namespace quorumlock::nodes
