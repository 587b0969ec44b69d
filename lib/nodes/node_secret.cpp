#include "lib/nodes/redis_password.h"

#include <utility>

namespace quorumlock::nodes {

namespace {

bool take(env::FileContent content, const std::string& source, std::string& password, Cause& why) {
    if (!content.ok) {
        why = {CauseClass::rejected,
               source + " cannot be read: " + content.why + " (the node URI names it)"};
        return false;
    }
    password = std::move(content.bytes);
    password.erase(std::min(password.find_first_of("\r\n"), password.size()));
    if (!password.empty()) return true;
    why = {CauseClass::rejected, source + " is empty (the node URI names it)"};
    return false;
}

}  // namespace

bool read_password(const NodeUri& uri, env::Env& env, std::string& password, Cause& why) {
    password = uri.password;
    if (!password.empty()) return true;
    if (!uri.password_file.empty()) {
        return take(env.file(uri.password_file), "password_file " + uri.password_file, password,
                    why);
    }
    if (!uri.password_env.empty()) {
        return take(env.variable(uri.password_env), "password_env " + uri.password_env, password,
                    why);
    }
    return true;
}

}  // namespace quorumlock::nodes
