#include "lib/nodes/node_uri.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "lib/nodes/node_uri_parts.h"

namespace quorumlock::nodes {

namespace {

constexpr std::size_t kMaxUriBytes = 4096;
constexpr int kMaxDatabase = 1'000'000;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxHostBytes = 253;
/// What fits into sockaddr_un with its end.
constexpr std::size_t kMaxSocketPathBytes = 107;

constexpr std::string_view kUnnamedMemory = "memory";

Error invalid(std::string message) {
    return {Errc::invalid_argument, "node URI: " + std::move(message)};
}
Error unsupported(std::string message) {
    return {Errc::unsupported, "node URI: " + std::move(message)};
}

constexpr std::string_view kKnownSchemes =
    "write redis://host[:port][/db], unix:///path or memory:";

/// Parses one URI. Each step answers nullopt, or what is wrong. Texts of ours show a part of the
/// URI only where it certainly is no part of a password: `shown_` grows as parts are understood.
class Parser {
  public:
    explicit Parser(std::string_view text) : rest_(text) {}

    Result<NodeUri> parse() {
        for (const auto step :
             {&Parser::whole, &Parser::scheme, &Parser::body, &Parser::query, &Parser::passwords}) {
            if (auto error = (this->*step)()) return *std::move(error);
        }
        if (uri_.label.empty()) uri_.label = address();
        return std::move(uri_);
    }

  private:
    using Failed = std::optional<Error>;

    Failed whole();
    Failed scheme();
    Failed query();
    Failed query_part(std::string_view part);
    Failed set(std::string_view key, std::string value);
    Failed body();
    Failed tcp_body();
    Failed unix_body();
    Failed user_info(std::string_view text);
    Failed host_and_port(std::string_view text, bool user_given);
    Failed ipv6_host(std::string_view text, std::string_view& after);
    Failed name_host(std::string_view text);
    Failed port(std::string_view digits);
    Failed database(std::string_view digits, std::string_view where);
    Failed passwords();

    void show_host(bool user_given);
    std::string host_text() const;
    std::string address() const;
    std::string_view known_keys() const;
    Error at(std::string_view message) const { return invalid(shown_ + std::string(message)); }

    std::string_view rest_;
    std::string_view query_;
    bool has_query_ = false;
    bool query_may_be_secret_ = false;
    std::string shown_;  ///< What messages may repeat, with ": " behind it.
    std::array<std::string_view, 8> seen_{};
    std::size_t seen_count_ = 0;
    NodeUri uri_;
};

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
    } else if (name == "redis" || name == "unix") {
        uri_.kind = name == "redis" ? NodeUri::Kind::redis_tcp : NodeUri::Kind::redis_unix;
        rest_.remove_prefix(colon + 3);
    } else if (name == "rediss") {
        return unsupported("TLS (rediss://) is not supported; use redis:// through a tunnel");
    } else if (name == "dapr" || name == "dapr+unix") {
        return unsupported("Dapr nodes (" + name + "://) are not supported; use redis://");
    } else {
        return invalid("the scheme " + name + "://" + " is unknown; " + std::string(kKnownSchemes));
    }
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
    if (key == "password_env" && value.find('=') != value.npos) {
        return at("password_env is no name of an environment variable");
    }
    auto& field = key == "name"            ? uri_.label
                  : key == "user"          ? uri_.user
                  : key == "password_file" ? uri_.password_file
                                           : uri_.password_env;
    field = std::move(value);
    return {};
}

Parser::Failed Parser::body() {
    switch (uri_.kind) {
        case NodeUri::Kind::redis_tcp:
            return tcp_body();
        case NodeUri::Kind::redis_unix:
            return unix_body();
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
        shown_ = "redis://***@: ";
        if (auto error = user_info(authority.substr(0, sign))) return error;
    }
    const auto place = sign == authority.npos ? authority : authority.substr(sign + 1);
    if (auto error = host_and_port(place, sign != authority.npos)) return error;
    if (path.size() <= 1) return {};
    const auto digits = uri::decode(path.substr(1));
    if (!digits) return at("the database has a '%' without two hex digits behind it");
    return database(*digits, "the database (behind the '/')");
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
        if (colon == 0) return at("the host is missing; write redis://host[:port][/db]");
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
    if (decoded->size() > kMaxHostBytes) {
        return at("the host has " + std::to_string(decoded->size()) + " bytes, more than " +
                  std::to_string(kMaxHostBytes));
    }
    uri_.host = uri::lower(*decoded);
    return {};
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
        return at(
            "the path must follow at once (unix:///path); the user goes in ?user=, the "
            "password in ?password_file= or ?password_env=");
    }
    auto path = uri::decode(rest_);
    if (!path) return at("the path has a '%' without two hex digits behind it");
    if (path->size() == 1) return at("the path is missing; write unix:///path/of/the.sock");
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
    if (sources <= 1) return {};
    return at(
        "more than one of a password in the URI, password_file and password_env; "
        "give one of them");
}

void Parser::show_host(bool user_given) {
    if (query_may_be_secret_) return;
    shown_ = "redis://" + std::string(user_given ? "***@" : "") + host_text() + ": ";
}

std::string Parser::host_text() const {
    const bool v6 = uri_.host.find(':') != uri_.host.npos;
    return v6 ? "[" + uri_.host + "]" : uri_.host;
}

std::string Parser::address() const {
    switch (uri_.kind) {
        case NodeUri::Kind::redis_unix:
            return uri_.path;
        case NodeUri::Kind::memory:
            return std::string(kUnnamedMemory);
        case NodeUri::Kind::redis_tcp:
            break;
    }
    return host_text() + ":" + std::to_string(uri_.port);
}

std::string_view Parser::known_keys() const {
    switch (uri_.kind) {
        case NodeUri::Kind::redis_unix:
            return "db, user, name, password_file, password_env";
        case NodeUri::Kind::memory:
            return "name";
        case NodeUri::Kind::redis_tcp:
            break;
    }
    return "name, password_file, password_env";
}

}  // namespace

Result<NodeUri> parse_node_uri(std::string_view text) { return Parser(text).parse(); }

std::string NodeUri::identity() const {
    switch (kind) {
        case Kind::redis_tcp:
            // The database is left out: two of them on one server die together.
            return "tcp:" + host + ":" + std::to_string(port);
        case Kind::redis_unix:
            return "unix:" + path;
        case Kind::memory:
            break;
    }
    return label == kUnnamedMemory ? std::string() : "memory:" + label;
}

}  // namespace quorumlock::nodes
