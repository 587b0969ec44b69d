#include "lib/nodes/redis_handshake.h"

#include "lib/nodes/redis_errors.h"
#include "lib/nodes/redis_info.h"
#include "lib/resp/writer.h"

namespace quorumlock::nodes {

bool append_auth(std::string& to, const NodeUri& uri, std::string_view password) {
    if (password.empty()) return false;
    if (uri.user.empty()) {
        resp::append_command(to, {"AUTH", password});
    } else {
        resp::append_command(to, {"AUTH", uri.user, password});
    }
    return true;
}

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
    if (append_auth(out, uri, password)) parts_.push_back(Part::auth);
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
    // Counted by its wall clock: of a server whose clock was set back it may be less than nothing.
    if (info_field(info, "uptime_in_seconds").starts_with('-')) greeting_.uptime_s = 0;
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
