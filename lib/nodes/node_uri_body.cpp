// What stands between a node URI's scheme and its query.
#include <algorithm>
#include <utility>

#include "lib/nodes/node_uri_parser.h"
#include "lib/nodes/node_uri_parts.h"

namespace quorumlock::nodes::uri {

namespace {

constexpr int kMaxDatabase = 1'000'000;
constexpr std::size_t kMaxHostBytes = 253;
constexpr std::size_t kMaxStoreBytes = 253;
/// What fits into sockaddr_un with its end.
constexpr std::size_t kMaxSocketPathBytes = 107;

}  // namespace

Parser::Failed Parser::body() {
    switch (uri_.kind) {
        case NodeUri::Kind::redis_tcp:
            return tcp_body();
        case NodeUri::Kind::redis_unix:
        case NodeUri::Kind::dapr_unix:
            return unix_body();
        case NodeUri::Kind::dapr_tcp:
            return dapr_body();
        case NodeUri::Kind::memory:
            if (!rest_.empty()) return at("nothing but ?name= may follow");
            return {};
    }
    return {};
}

Parser::Failed Parser::tcp_body() {
    const auto slash = std::min(rest_.find('/'), rest_.size());
    const auto authority = rest_.substr(0, slash);
    const auto path = rest_.substr(slash);
    if (path.find('@') != path.npos) {
        return at("an '@' behind the host; a '/' or '?' in a password is written %2F or %3F");
    }
    // The last '@' ends the user part: then a bare '@' in a password does no harm.
    const auto sign = authority.rfind('@');
    if (sign != authority.npos) {
        shown_ = scheme_ + "://***@: ";
        if (auto error = user_info(authority.substr(0, sign))) return error;
    }
    const auto place = sign == authority.npos ? authority : authority.substr(sign + 1);
    if (auto error = host_and_port(place, sign != authority.npos)) return error;
    if (path.size() <= 1) return {};
    const auto digits = uri::decode(path.substr(1));
    if (!digits) return at("the database has a '%' without two hex digits behind it");
    return database(*digits, "the database (behind the '/')");
}

Parser::Failed Parser::dapr_body() {
    const auto slash = std::min(rest_.find('/'), rest_.size());
    const auto authority = rest_.substr(0, slash);
    if (rest_.find('@') != rest_.npos) {
        shown_ = "dapr://: ";  // what stands before it may be a secret
        return at("an '@' has no place here; a token goes in ?token_file= or ?token_env=");
    }
    // Without a host the environment tells it, as a sidecar sets it for its application.
    if (!authority.empty()) {
        if (auto error = host_and_port(authority, false)) return error;
    }
    auto name = uri::decode(rest_.substr(std::min(slash + 1, rest_.size())));
    if (!name) return at("the store has a '%' without two hex digits behind it");
    if (name->empty()) return at("the store is missing; write dapr://host:port/store");
    return store(*std::move(name));
}

Parser::Failed Parser::store(std::string name) {
    if (name.find('/') != name.npos || uri::has_control(name) || name.size() > kMaxStoreBytes) {
        return at("the store must be one name of up to " + std::to_string(kMaxStoreBytes) +
                  " bytes, without '/' and control characters");
    }
    uri_.store = std::move(name);
    return {};
}

Parser::Failed Parser::user_info(std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    auto user = uri::decode(text.substr(0, colon));
    auto password = uri::decode(text.substr(std::min(colon + 1, text.size())));
    if (!user) return at("the user has a '%' without two hex digits behind it (write % as %25)");
    if (!password) {
        return at("the password has a '%' without two hex digits behind it (write % as %25)");
    }
    uri_.user = *std::move(user);
    uri_.password = *std::move(password);
    return {};
}

Parser::Failed Parser::host_and_port(std::string_view text, bool user_given) {
    std::string_view after;
    if (text.starts_with('[')) {
        if (auto error = ipv6_host(text, after)) return error;
    } else {
        const auto colon = std::min(text.find(':'), text.size());
        after = text.substr(colon);
        if (colon == 0) return at("the host is missing; write " + example());
        if (after.find(':', 1) != after.npos) {
            return at("more than one ':' in host:port; an IPv6 address is written in brackets");
        }
        if (auto error = name_host(text.substr(0, colon))) return error;
    }
    show_host(user_given);
    if (after.empty()) return {};
    if (!after.starts_with(':')) return at("only :port may follow the ']'");
    return port(after.substr(1));
}

Parser::Failed Parser::ipv6_host(std::string_view text, std::string_view& after) {
    const auto close = text.find(']');
    if (close == text.npos) return at("the '[' of the host has no ']'");
    const auto inside = uri::decode(text.substr(1, close - 1));
    if (!inside || !uri::is_ipv6(*inside)) return at("the host in brackets is no IPv6 address");
    if (auto error = host_size(*inside)) return error;
    // The zone is the name of an interface: its case matters.
    const auto zone = std::min(inside->find('%'), inside->size());
    uri_.host = uri::lower(inside->substr(0, zone)) + inside->substr(zone);
    after = text.substr(close + 1);
    return {};
}

Parser::Failed Parser::name_host(std::string_view text) {
    const auto decoded = uri::decode(text);
    if (!decoded || !uri::is_host_name(*decoded)) {
        return at("the host has a character that is none of a-z, 0-9, '-', '_' and '.'");
    }
    if (auto error = host_size(*decoded)) return error;
    uri_.host = uri::lower(*decoded);
    return {};
}

Parser::Failed Parser::host_size(std::string_view host) const {
    if (host.size() <= kMaxHostBytes) return {};
    return at("the host has " + std::to_string(host.size()) + " bytes, more than " +
              std::to_string(kMaxHostBytes));
}

Parser::Failed Parser::port(std::string_view digits) {
    const auto value = uri::number(digits, 65535);
    if (!value || *value == 0) return at("the port is not within 1..65535");
    uri_.port = static_cast<std::uint16_t>(*value);
    return {};
}

Parser::Failed Parser::database(std::string_view digits, std::string_view where) {
    const auto value = uri::number(digits, kMaxDatabase);
    if (!value) {
        return at(std::string(where) + " is not within 0.." + std::to_string(kMaxDatabase));
    }
    uri_.database = *value;
    return {};
}

Parser::Failed Parser::unix_body() {
    if (!rest_.starts_with('/')) {
        if (scheme_ == "dapr+unix") {
            return at("the path must follow at once: dapr+unix:///path?store=NAME");
        }
        return at(
            "the path must follow at once (unix:///path); the user goes in ?user=, the "
            "password in ?password_file= or ?password_env=");
    }
    auto path = uri::decode(rest_);
    if (!path) return at("the path has a '%' without two hex digits behind it");
    if (path->size() == 1)
        return at("the path is missing; write " + scheme_ + ":///path/of/the.sock");
    if (uri::has_control(*path)) return at("the path contains a control character");
    if (path->size() > kMaxSocketPathBytes) {
        return at("the path has " + std::to_string(path->size()) + " bytes; a unix socket takes " +
                  std::to_string(kMaxSocketPathBytes));
    }
    uri_.path = *std::move(path);
    return {};
}

Parser::Failed Parser::passwords() {
    const int sources = (uri_.password.empty() ? 0 : 1) + (uri_.password_file.empty() ? 0 : 1) +
                        (uri_.password_env.empty() ? 0 : 1);
    if (uri_.kind == NodeUri::Kind::dapr_unix && uri_.store.empty()) {
        return at("the store is missing; write ?store=NAME");
    }
    if (sources <= 1) return {};
    if (uri_.is_dapr()) return at("both token_file and token_env; give one of them");
    return at(
        "more than one of a password in the URI, password_file and password_env; "
        "give one of them");
}

void Parser::show_host(bool user_given) {
    if (query_may_be_secret_) return;
    shown_ = scheme_ + "://" + std::string(user_given ? "***@" : "") + host_text() + ": ";
}

std::string Parser::host_text() const {
    const bool v6 = uri_.host.find(':') != uri_.host.npos;
    return v6 ? "[" + uri_.host + "]" : uri_.host;
}

std::string Parser::example() const {
    return scheme_ == "dapr" ? "dapr://host:port/store" : scheme_ + "://host[:port][/db]";
}

std::string_view Parser::known_keys() const {
    switch (uri_.kind) {
        case NodeUri::Kind::redis_unix:
            return "db, user, name, password_file, password_env";
        case NodeUri::Kind::memory:
            return "name";
        case NodeUri::Kind::dapr_tcp:
            return "name, token_file, token_env, independent";
        case NodeUri::Kind::dapr_unix:
            return "store, name, token_file, token_env, independent";
        case NodeUri::Kind::redis_tcp:
            break;
    }
    return uri_.tls ? "name, password_file, password_env, ca, cert, key, verify, sni"
                    : "name, password_file, password_env";
}

}  // namespace quorumlock::nodes::uri
