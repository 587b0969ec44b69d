#include "lib/nodes/redis_handshake.h"

#include <charconv>

#include "lib/nodes/redis_errors.h"
#include "lib/resp/writer.h"

namespace quorumlock::nodes {

namespace {

/// The value of `key:value` in the lines of an INFO reply; empty when it is not there.
std::string_view info_field(std::string_view info, std::string_view key) {
    while (!info.empty()) {
        const auto end = info.find('\n');
        std::string_view line = info.substr(0, end);
        info.remove_prefix(end == std::string_view::npos ? info.size() : end + 1);
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') {
            continue;
        }
        line.remove_prefix(key.size() + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }
    return {};
}

std::int64_t info_number(std::string_view info, std::string_view key, std::int64_t otherwise) {
    const std::string_view text = info_field(info, key);
    std::int64_t value = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    return bad == std::errc() && end == text.data() + text.size() && value >= 0 ? value : otherwise;
}

/// At least 6.2: what the scripts and CLIENT KILL ID rely on. Unreadable ones are let pass.
bool new_enough(std::string_view version) {
    int major = 0, minor = 0;
    const char* const end = version.data() + version.size();
    const auto [dot, bad] = std::from_chars(version.data(), end, major);
    if (bad != std::errc()) return true;
    if (dot != end && *dot == '.') std::from_chars(dot + 1, end, minor);
    return major > 6 || (major == 6 && minor >= 2);
}

}  // namespace

std::string RedisHandshake::begin(const NodeUri& uri, std::string_view password,
                                  const std::string& client_name) {
    parts_.clear();
    next_ = 0;
    greeting_ = {};
    cause_ = {};
    std::string out;
    const auto say = [&](Part part, std::initializer_list<std::string_view> words) {
        resp::append_command(out, words);
        parts_.push_back(part);
    };
    if (!password.empty()) {
        if (uri.user.empty()) {
            say(Part::auth, {"AUTH", password});
        } else {
            say(Part::auth, {"AUTH", uri.user, password});
        }
    }
    if (uri.database != 0) say(Part::select, {"SELECT", resp::Decimal(uri.database).view()});
    if (!client_name.empty()) say(Part::set_name, {"CLIENT", "SETNAME", client_name});
    say(Part::client_id, {"CLIENT", "ID"});
    say(Part::info_server, {"INFO", "server"});
    say(Part::info_replication, {"INFO", "replication"});
    say(Part::load_release, {"SCRIPT", "LOAD", kReleaseScript});
    say(Part::load_extend, {"SCRIPT", "LOAD", kExtendScript});
    say(Part::load_acquire, {"SCRIPT", "LOAD", kAcquireScript});
    say(Part::load_raise, {"SCRIPT", "LOAD", kRaiseScript});
    return out;
}

RedisHandshake::Progress RedisHandshake::on_reply(const resp::Value& reply) {
    if (next_ == parts_.size()) {
        fail(CauseClass::broken, "the server answered more than it was asked");
        return Progress::failed;
    }
    const Part part = parts_[next_++];
    const bool good =
        reply.type == resp::Type::error ? take_error(part, reply.text) : take(part, reply);
    if (!good) return Progress::failed;
    return next_ == parts_.size() ? Progress::done : Progress::more;
}

bool RedisHandshake::take_error(Part part, std::string_view text) {
    const ServerError what = classify(text).what;
    const bool forbidden = what == ServerError::noperm || what == ServerError::unknown_command;
    const Cause cause = cause_of(text);
    switch (part) {
        case Part::set_name:  // For people's eyes only.
            if (forbidden || what == ServerError::other) return true;
            break;
        case Part::client_id:  // Rule N6: then undos are repeated instead.
            if (forbidden || what == ServerError::other) {
                note(
                    "CLIENT ID is refused, so after a broken connection a lock may be left for "
                    "up to its ttl: " +
                    cause.text);
                return true;
            }
            break;
        case Part::info_server:
        case Part::info_replication:
            if (forbidden) {
                if (part == Part::info_server || greeting_.note.find("INFO") == std::string::npos) {
                    note(
                        "INFO is refused, so version, role and run_id are not checked, and the "
                        "node votes "
                        "unguarded after a restart: " +
                        cause.text);
                }
                return true;
            }
            break;
        default:
            break;
    }
    return fail(cause.kind, cause.text);
}

bool RedisHandshake::take(Part part, const resp::Value& reply) {
    switch (part) {
        case Part::auth:
        case Part::select:
        case Part::set_name:
            if (reply.type == resp::Type::status) return true;
            break;
        case Part::client_id:
            if (reply.type == resp::Type::integer && reply.integer > 0) {
                greeting_.client_id = reply.integer;
                return true;
            }
            break;
        case Part::info_server:
            if (reply.type == resp::Type::string) return take_server(reply.text);
            break;
        case Part::info_replication:
            if (reply.type == resp::Type::string) return take_replication(reply.text);
            break;
        case Part::load_release:
            return take_sha(reply, greeting_.scripts.release);
        case Part::load_extend:
            return take_sha(reply, greeting_.scripts.extend);
        case Part::load_acquire:
            return take_sha(reply, greeting_.scripts.acquire);
        case Part::load_raise:
            return take_sha(reply, greeting_.scripts.raise);
    }
    return fail(CauseClass::broken, "the handshake was answered by a reply of the wrong type");
}

bool RedisHandshake::take_server(std::string_view info) {
    const std::string_view redis = info_field(info, "redis_version");
    const std::string_view valkey = info_field(info, "valkey_version");
    greeting_.run_id = one_line(info_field(info, "run_id"));
    greeting_.version = one_line(redis);
    greeting_.uptime_s = info_number(info, "uptime_in_seconds", -1);
    greeting_.wall_us = info_number(info, "server_time_usec", 0);
    if (!valkey.empty()) greeting_.version += " (valkey " + one_line(valkey) + ")";
    if (new_enough(redis)) return true;
    return fail(CauseClass::rejected, "version " + greeting_.version +
                                          " is too old (6.2 or newer is needed: upgrade the "
                                          "server)");
}

bool RedisHandshake::take_replication(std::string_view info) {
    greeting_.role = one_line(info_field(info, "role"));
    greeting_.replication_id = one_line(info_field(info, "master_replid"));
    if (greeting_.role != "slave" && greeting_.role != "replica") return true;
    greeting_.role = "replica";
    return fail(CauseClass::not_primary, "is a replica of " +
                                             one_line(info_field(info, "master_host")) + ":" +
                                             one_line(info_field(info, "master_port")) +
                                             "; replicas never vote (name the primary)");
}

bool RedisHandshake::take_sha(const resp::Value& reply, std::string& sha) {
    if (reply.type != resp::Type::string || reply.text.size() != 40) {
        return fail(CauseClass::broken, "SCRIPT LOAD was not answered by a SHA-1");
    }
    sha.assign(reply.text);
    return true;
}

bool RedisHandshake::fail(CauseClass kind, std::string text) {
    cause_ = {kind, std::move(text)};
    return false;
}

void RedisHandshake::note(std::string_view text) {
    if (!greeting_.note.empty()) greeting_.note += "; ";
    greeting_.note += text;
}

}  // namespace quorumlock::nodes
