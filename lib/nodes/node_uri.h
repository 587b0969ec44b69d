// Node URIs: what `LockService::open` and `--nodes` accept. Every mistake is one line that names
// the part and its bound, and never repeats a password.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <quorumlock/options.h>
#include <quorumlock/result.h>

#include "lib/env/env.h"
#include "lib/nodes/node.h"

namespace quorumlock::nodes {

/// redis://[user[:password]@]host[:port][/db]?name=&password_file=&password_env=
/// unix:///path?db=&user=&name=&password_file=&password_env=     memory:[?name=]
/// rediss:// and dapr:// are known and answered `unsupported`.
struct NodeUri {
    enum class Kind : std::uint8_t { redis_tcp, redis_unix, memory };
    Kind kind = Kind::redis_tcp;
    std::string host;  ///< Name or address, without the brackets of an IPv6 literal.
    std::uint16_t port = 6379;
    std::string path;  ///< unix only
    int database = 0;
    std::string user;                         ///< Empty: the default user.
    std::string password;                     ///< Empty: none in the URI.
    std::string password_file, password_env;  ///< Read again at every connect.
    std::string label;  ///< ?name=, else "host:port", "[v6]:port" or the path.
    /// Equal for URIs that certainly mean the same node; empty where none can be compared.
    std::string identity() const;
};

/// Parts are percent-decoded by RFC 3986; the text has at most 4096 bytes. Bounds: port 1..65535,
/// database 0..1,000,000, host 253 bytes, unix path 107, name 128. At most one of a password in
/// the URI, password_file and password_env. Errors: invalid_argument, unsupported; in one line,
/// which shows a password as "***" or not at all. Any thread.
Result<NodeUri> parse_node_uri(std::string_view text);

/// What nodes need to know of the service's options.
struct NodeOptions {
    Nanos connect_timeout{0};
    std::size_t max_backlog = 0;
    std::string client_name;
};

std::unique_ptr<Node> make_node(NodeUri uri, const NodeOptions& options, env::Env& env);

}  // namespace quorumlock::nodes
