// What rediss:// adds to a node URI: how the server is known, and what it knows us by.
#include <algorithm>
#include <utility>

#include "lib/nodes/node_uri_parser.h"
#include "lib/nodes/node_uri_parts.h"

namespace quorumlock::nodes {

namespace uri {

namespace {

constexpr std::size_t kMaxNameBytes = 253;
constexpr std::size_t kMaxPathBytes = 4095;

using Verify = env::TlsOptions::Verify;

bool is_ipv4(std::string_view text) { return text.find_first_not_of("0123456789.") == text.npos; }

}  // namespace

Parser::Failed Parser::set_tls(std::string_view key, std::string value) {
    env::TlsOptions& tls = *uri_.tls;
    if (key == "verify") {
        if (value != "full" && value != "ca" && value != "none") {
            return at("verify is none of full, ca and none");
        }
        tls.verify = value == "full" ? Verify::full : value == "ca" ? Verify::chain : Verify::none;
        return {};
    }
    if (key == "sni") {
        if (value.size() > kMaxNameBytes) {
            return at("sni has " + std::to_string(value.size()) + " bytes, more than " +
                      std::to_string(kMaxNameBytes));
        }
        if (!is_host_name(value) || is_ipv4(value)) return at("sni is no host name");
        tls.sni = lower(value);
        return {};
    }
    if (value.size() > kMaxPathBytes) {
        return at(std::string(key) + " has " + std::to_string(value.size()) +
                  " bytes; a path has " + std::to_string(kMaxPathBytes) + " at most");
    }
    (key == "ca" ? tls.ca : key == "cert" ? tls.cert : tls.key) = std::move(value);
    return {};
}

Parser::Failed Parser::tls() {
    if (!uri_.tls) return {};
    env::TlsOptions& tls = *uri_.tls;
    if (tls.cert.empty() != tls.key.empty()) {
        return at(tls.key.empty() ? "cert without key; give both" : "key without cert; give both");
    }
    const bool address = uri_.host.find(':') != uri_.host.npos || is_ipv4(uri_.host);
    std::string host = uri_.host;
    // Neither the root's dot nor an interface's name stands in a certificate.
    if (address) host.erase(std::min(host.find('%'), host.size()));
    if (!address && host.size() > 1 && host.back() == '.') host.pop_back();
    if (tls.sni.empty() && !address) tls.sni = host;
    tls.name = tls.sni.empty() ? host : tls.sni;
    return {};
}

}  // namespace uri

std::optional<Error> check_files(const NodeUri& uri) {
    if (!uri.tls) return std::nullopt;
    const std::string why = env::check_tls(*uri.tls);
    if (why.empty()) return std::nullopt;
    return uri::invalid("the node " + uri.label + ": " + why);
}

std::string warning_about(const NodeUri& uri) {
    if (!uri.tls || uri.tls->verify != env::TlsOptions::Verify::none) return {};
    return "the node " + uri.label +
           ": its certificate is not looked at (verify=none), so whoever is in the way can read "
           "and change what is said";
}

}  // namespace quorumlock::nodes
