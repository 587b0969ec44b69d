#include "lib/nodes/node_uri.h"

#include <algorithm>
#include <utility>

#include "lib/nodes/node_uri_parser.h"
#include "lib/nodes/node_uri_parts.h"

namespace quorumlock::nodes {

namespace uri {

namespace {

constexpr std::size_t kMaxUriBytes = 4096;
constexpr std::size_t kMaxNameBytes = 128;

constexpr std::string_view kKnownSchemes =
    "write redis://host[:port][/db], rediss:// (TLS), unix:///path, dapr://host:port/store or "
    "memory:";

}  // namespace

Error invalid(std::string message) {
    return {Errc::invalid_argument, "node URI: " + std::move(message)};
}

Parser::Failed Parser::whole() {
    if (rest_.empty()) return invalid("it is empty; " + std::string(kKnownSchemes));
    if (rest_.size() > kMaxUriBytes) {
        return invalid("it has " + std::to_string(rest_.size()) + " bytes, more than " +
                       std::to_string(kMaxUriBytes));
    }
    if (uri::has_control(rest_) || rest_.find(' ') != rest_.npos) {
        return invalid("it contains a space or a control character; write it as %20, %0A, ...");
    }
    if (rest_.find('#') != rest_.npos) {
        return invalid("a fragment (#...) has no meaning; a '#' in a password is written %23");
    }
    return {};
}

Parser::Failed Parser::scheme() {
    const auto colon = rest_.find(':');
    const auto name = uri::lower(rest_.substr(0, colon));
    const bool slashes = colon != rest_.npos && rest_.substr(colon + 1).starts_with("//");
    if (name == "memory" && colon != rest_.npos) {
        uri_.kind = NodeUri::Kind::memory;
        rest_.remove_prefix(colon + 1);
    } else if (!slashes || !uri::is_scheme(name)) {
        return invalid("it has no scheme; " + std::string(kKnownSchemes));
    } else if (name == "redis" || name == "rediss" || name == "unix") {
        uri_.kind = name == "unix" ? NodeUri::Kind::redis_unix : NodeUri::Kind::redis_tcp;
        if (name == "rediss") uri_.tls.emplace();
        rest_.remove_prefix(colon + 3);
    } else if (name == "dapr" || name == "dapr+unix") {
        uri_.kind = name == "dapr" ? NodeUri::Kind::dapr_tcp : NodeUri::Kind::dapr_unix;
        uri_.port = 0;
        rest_.remove_prefix(colon + 3);
    } else {
        return invalid("the scheme " + name + "://" + " is unknown; " + std::string(kKnownSchemes));
    }
    scheme_ = name;
    shown_ = uri_.kind == NodeUri::Kind::memory ? "memory: " : name + "://: ";
    const auto mark = rest_.find('?');
    if (mark == rest_.npos) return {};
    has_query_ = true;
    query_ = rest_.substr(mark + 1);
    rest_ = rest_.substr(0, mark);
    // An '@' may mean that the '?' stood in a password that was not encoded.
    query_may_be_secret_ = query_.find('@') != query_.npos;
    return {};
}

Parser::Failed Parser::query() {
    if (!has_query_) return {};
    for (std::size_t at = 0; at <= query_.size();) {
        const auto end = std::min(query_.find('&', at), query_.size());
        if (auto error = query_part(query_.substr(at, end - at))) return error;
        at = end + 1;
    }
    return {};
}

Parser::Failed Parser::query_part(std::string_view part) {
    const auto equals = part.find('=');
    if (equals == part.npos || equals == 0) {
        return at("the query must be key=value parts joined by '&'; known keys: " +
                  std::string(known_keys()));
    }
    const auto key = part.substr(0, equals);
    for (std::size_t i = 0; i < seen_count_; ++i) {
        if (seen_[i] == key) return at("the query key " + std::string(key) + " is given twice");
    }
    const auto wrapped = " " + std::string(known_keys()) + ",";
    if (!uri::is_key(key) || wrapped.find(" " + std::string(key) + ",") == wrapped.npos) {
        const bool show = uri::is_key(key) && !query_may_be_secret_;
        return at("the query key " + (show ? std::string(key) + " " : std::string()) +
                  "is unknown; known keys: " + std::string(known_keys()));
    }
    seen_[seen_count_++] = key;
    auto value = uri::decode(part.substr(equals + 1));
    if (!value) return at(std::string(key) + " has a '%' without two hex digits behind it");
    if (value->empty()) return at(std::string(key) + " is empty");
    if (uri::has_control(*value)) return at(std::string(key) + " contains a control character");
    return set(key, *std::move(value));
}

Parser::Failed Parser::set(std::string_view key, std::string value) {
    if (key == "db") return database(value, "db");
    if (key == "name" && value.size() > kMaxNameBytes) {
        return at("name has " + std::to_string(value.size()) + " bytes, more than " +
                  std::to_string(kMaxNameBytes));
    }
    if (key.ends_with("_env") && value.find('=') != value.npos) {
        return at(std::string(key) + " is no name of an environment variable");
    }
    if (key == "store") return store(std::move(value));
    if (is_tls_key(key)) return set_tls(key, std::move(value));
    if (key == "independent") {
        if (value != "yes" && value != "no") return at("independent is neither yes nor no");
        uri_.independent = value == "yes";
        return {};
    }
    auto& field = key == "name"            ? uri_.label
                  : key == "user"          ? uri_.user
                  : key.ends_with("_file") ? uri_.password_file
                                           : uri_.password_env;
    field = std::move(value);
    return {};
}

}  // namespace uri

Result<NodeUri> parse_node_uri(std::string_view text) { return uri::Parser(text).parse(); }

std::string NodeUri::address() const {
    const bool v6 = host.find(':') != host.npos;
    const std::string place = (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    switch (kind) {
        case Kind::redis_tcp:
            return place;
        case Kind::redis_unix:
            return path;
        case Kind::dapr_tcp:
            return (port == 0 ? host : place) + "/" + store;
        case Kind::dapr_unix:
            return path + "/" + store;
        case Kind::memory:
            break;
    }
    return "memory";
}

std::string NodeUri::identity() const {
    switch (kind) {
        case Kind::redis_tcp:
            // The database is left out: two of them on one server die together.
            return "tcp:" + host + ":" + std::to_string(port);
        case Kind::redis_unix:
            return "unix:" + path;
        case Kind::dapr_tcp:
        case Kind::dapr_unix:
            return "dapr:" + address();
        case Kind::memory:
            break;
    }
    return label == address() ? std::string() : "memory:" + label;
}

}  // namespace quorumlock::nodes
