#include "lib/nodes/node_secret.h"

#include <utility>

namespace quorumlock::nodes {

namespace {

bool take(env::FileContent content, const std::string& source, std::string& secret, Cause& why) {
    if (!content.ok) {
        why = {CauseClass::rejected,
               source + " cannot be read: " + content.why + " (the node URI names it)"};
        return false;
    }
    secret = std::move(content.bytes);
    secret.erase(std::min(secret.find_first_of("\r\n"), secret.size()));
    if (!secret.empty()) return true;
    why = {CauseClass::rejected, source + " is empty (the node URI names it)"};
    return false;
}

}  // namespace

bool read_secret(const NodeUri& uri, env::Env& env, std::string& secret, Cause& why) {
    secret = uri.password;
    if (!secret.empty()) return true;
    const std::string word = uri.is_dapr() ? "token" : "password";
    if (!uri.password_file.empty()) {
        return take(env.file(uri.password_file), word + "_file " + uri.password_file, secret, why);
    }
    if (!uri.password_env.empty()) {
        return take(env.variable(uri.password_env), word + "_env " + uri.password_env, secret, why);
    }
    return true;
}

}  // namespace quorumlock::nodes
