#include "lib/nodes/dapr_endpoint.h"

#include <algorithm>
#include <utility>

#include "lib/nodes/node_secret.h"
#include "lib/nodes/node_uri_parts.h"

namespace quorumlock::nodes {

namespace {

constexpr std::uint16_t kUsualPort = 3500;
constexpr const char* kEndpoint = "DAPR_HTTP_ENDPOINT";
constexpr const char* kPort = "DAPR_HTTP_PORT";

std::string variable(env::Env& env, const char* name) {
    const env::FileContent content = env.variable(name);
    return content.ok ? content.bytes : "";
}

bool set_port(std::string_view digits, NodeUri& uri) {
    const auto port = uri::number(digits, 65535);
    if (!port || *port == 0) return false;
    uri.port = static_cast<std::uint16_t>(*port);
    return true;
}

/// "http://host[:port][/]", with an IPv6 address in brackets.
bool follow_endpoint(std::string_view text, NodeUri& uri) {
    constexpr std::string_view kScheme = "http://";
    if (!text.starts_with(kScheme)) return false;
    text.remove_prefix(kScheme.size());
    if (text.ends_with('/')) text.remove_suffix(1);
    const auto bracket = text.rfind(']');
    const auto colon = text.find(':', bracket == text.npos ? 0 : bracket);
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (!uri::is_ipv6(host)) return false;
    } else if (!uri::is_host_name(host)) {
        return false;
    }
    uri.host = uri::lower(host);
    uri.port = 80;
    return colon == text.npos || set_port(text.substr(colon + 1), uri);
}

Cause bad(const char* name, const char* wanted) {
    return {CauseClass::rejected, std::string(name) + " is no " + wanted +
                                      "; correct it, or name host and port in the node URI"};
}

}  // namespace

Cause complete_dapr_uri(NodeUri& uri, env::Env& env) {
    Cause trouble;
    if (uri.kind == NodeUri::Kind::dapr_tcp && uri.port == 0) {
        const bool named = !uri.label.empty() && uri.label != uri.address();
        const std::string endpoint = uri.host.empty() ? variable(env, kEndpoint) : "";
        const std::string port = variable(env, kPort);
        if (!endpoint.empty()) {
            if (!follow_endpoint(endpoint, uri)) trouble = bad(kEndpoint, "http://host:port");
        } else {
            if (uri.host.empty()) uri.host = "127.0.0.1";
            uri.port = kUsualPort;
            if (!port.empty() && !set_port(port, uri)) trouble = bad(kPort, "port, 1..65535");
        }
        if (!named) uri.label = uri.address();
    }
    return trouble;
}

bool read_dapr_token(const NodeUri& uri, env::Env& env, std::string& token, Cause& why) {
    if (!read_secret(uri, env, token, why)) return false;
    if (token.empty()) token = variable(env, "DAPR_API_TOKEN");
    if (!uri::has_control(token)) return true;
    // It would end its header and begin another.
    token.clear();
    why = {CauseClass::rejected, "the API token contains a control character"};
    return false;
}

}  // namespace quorumlock::nodes
