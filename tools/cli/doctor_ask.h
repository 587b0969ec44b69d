// What `doctor` knows before it judges: every node asked at once, each within its time limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

#include "lib/nodes/redis_checkup.h"
#include "tools/cli/context.h"

namespace quorumlock::cli {

/// What is asked besides the usual.
struct DoctorQuestions {
    std::string resource;      ///< A lock whose keys the user must reach; empty: none is tried.
    std::string scan_pattern;  ///< Empty: no SCAN.
    std::size_t scan_limit = 10'000;
    int certificate_days = 30;  ///< A certificate that ends sooner is a warning.
};

/// A certificate that a connection needs.
struct DoctorCertificate {
    enum class Whose : std::uint8_t {
        server,     ///< The server's own.
        authority,  ///< Above it, and not in our own file.
        client,     ///< Of the URI's cert=, those above it included.
        ca,         ///< Of the URI's ca=.
    };
    Whose whose = Whose::server;
    env::TlsCertificate it;
};

struct DoctorNode {
    std::string label;
    std::string kind;           ///< "redis", "dapr", "memory".
    std::string identity;       ///< Equal where two URIs certainly mean one node; else empty.
    bool over_network = false;  ///< redis: neither a socket file nor loopback.
    /// redis: how its certificate is looked at; nullopt: plain text.
    std::optional<env::TlsOptions::Verify> tls;
    /// rediss: of the files even where the server was not reached.
    std::vector<DoctorCertificate> certificates;
    std::chrono::seconds wall{0};            ///< When they were looked at, since 1970.
    std::optional<nodes::RedisFacts> redis;  ///< Of Redis nodes.
    NodeInfo told;                           ///< Of all others: what the service tells.

    bool answered() const;
};

/// In the order of the URIs. Errors: invalid_argument and unsupported, of the URIs and options,
/// before anything is sent; no_quorum where this process cannot open an event loop.
Result<std::vector<DoctorNode>> ask_all(const Settings& settings, const DoctorQuestions& questions);

}  // namespace quorumlock::cli
