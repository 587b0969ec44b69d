#include "tests/sim/dapr_api.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace quorumlock::sim {

namespace {

using nlohmann::json;

constexpr std::string_view kLock = "/v1.0-alpha1/lock/";
constexpr std::string_view kUnlock = "/v1.0-alpha1/unlock/";
constexpr const char* kUnlockScript =
    "local v = redis.call(\"get\",KEYS[1]); if v==false then return -1 end; "
    "if v~=ARGV[1] then return -2 else return redis.call(\"del\",KEYS[1]) end";

HttpSaid error(int status, const std::string& code, const std::string& message) {
    const json body{{"errorCode", code}, {"message", message}};
    return {status, "application/json", body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

HttpSaid malformed(const std::string& what) {
    return error(400, "ERR_MALFORMED_REQUEST", "failed deserializing HTTP body: " + what);
}

/// Absent is empty, as protobuf's JSON has it; false: of another type.
bool read_text(const json& object, const char* name, std::string& text) {
    const auto found = object.find(name);
    if (found == object.end()) return true;
    if (!found->is_string()) return false;
    text = found->get<std::string>();
    return true;
}

/// Whole, and within 32 bits.
bool read_seconds(const json& object, std::int64_t& seconds) {
    const auto found = object.find("expiryInSeconds");
    if (found == object.end()) return true;
    if (!found->is_number_integer()) return false;
    seconds = found->get<std::int64_t>();
    return seconds >= INT32_MIN && seconds <= INT32_MAX;
}

}  // namespace

DaprAsk DaprApi::read(env::HttpRequest::Method method, std::string_view target,
                      const std::vector<std::string>& headers, std::string_view body) const {
    DaprAsk ask;
    if (target == "/v1.0/healthz") {
        ask.answer = {204, "", ""};
        return ask;
    }
    if (!token_.empty() &&
        std::find(headers.begin(), headers.end(), "dapr-api-token: " + token_) == headers.end()) {
        ask.answer = {401, "text/plain; charset=utf-8", "invalid api token\n"};
        return ask;
    }
    if (target == "/v1.0/metadata") {
        const json component{{"name", store_}, {"type", "lock.redis"}, {"version", "v1"}};
        const json all{{"id", "sim"}, {"runtimeVersion", "1.16.0"}, {"components", {component}}};
        ask.answer = {200, "application/json", all.dump()};
        return ask;
    }
    const bool posts = method == env::HttpRequest::Method::post;
    if (posts && target.starts_with(kLock)) {
        ask.what = DaprAsk::What::lock;
        return read_ask(std::move(ask), target.substr(kLock.size()), body);
    }
    if (posts && target.starts_with(kUnlock)) {
        ask.what = DaprAsk::What::unlock;
        return read_ask(std::move(ask), target.substr(kUnlock.size()), body);
    }
    ask.answer = error(404, "ERR_DIRECT_INVOKE", "failed to find target app-id");
    return ask;
}

DaprAsk DaprApi::read_ask(DaprAsk ask, std::string_view store, std::string_view body) const {
    const bool locks = ask.what == DaprAsk::What::lock;
    const auto refuse = [&ask](HttpSaid answer) {
        ask.what = DaprAsk::What::nothing;
        ask.answer = std::move(answer);
        return std::move(ask);
    };
    const json request = json::parse(body, nullptr, false);
    if (!request.is_object() || !read_text(request, "resourceId", ask.resource) ||
        !read_text(request, "lockOwner", ask.owner) ||
        (locks && !read_seconds(request, ask.seconds))) {
        return refuse(malformed("proto: syntax error"));
    }
    if (locks && ask.seconds <= 0) {
        return refuse(error(400, "ERR_MALFORMED_REQUEST", "ExpiryInSeconds is not positive"));
    }
    if (ask.resource.empty() || ask.owner.empty()) {
        return refuse(error(400, "ERR_MALFORMED_REQUEST", "ResourceId or LockOwner is empty"));
    }
    if (store != store_) {
        return refuse(error(400, "ERR_LOCK_STORE_NOT_FOUND",
                            "lock store " + std::string(store) + " not found"));
    }
    if (ask.resource.find("||") != std::string::npos) {
        return refuse(store_error(ask, "input key/keyPrefix can't contain '||'"));
    }
    return ask;
}

std::vector<std::string> DaprApi::command(const DaprAsk& ask) const {
    const std::string key = keys_ + ask.resource;
    if (ask.what == DaprAsk::What::unlock) return {"EVAL", kUnlockScript, "1", key, ask.owner};
    return {"SET", key, ask.owner, "EX", std::to_string(ask.seconds), "NX"};
}

HttpSaid DaprApi::answer(const DaprAsk& ask, std::string_view reply) const {
    if (reply.empty()) return store_error(ask, "EOF");
    if (reply[0] == '-') return store_error(ask, reply.substr(1, reply.find('\r') - 1));
    if (ask.what == DaprAsk::What::lock) {
        const bool done = reply.starts_with("+OK");
        return {200, "application/json", done ? "{\"success\":true}" : "{\"success\":false}"};
    }
    int result = 0;
    std::from_chars(reply.data() + 1, reply.data() + reply.size(), result);
    return {200, "application/json",
            "{\"status\":" + std::to_string(result >= 0 ? 0 : -result) + "}"};
}

HttpSaid DaprApi::store_error(const DaprAsk& ask, std::string_view why) const {
    const bool locks = ask.what == DaprAsk::What::lock;
    return error(
        500, locks ? "ERR_TRY_LOCK" : "ERR_UNLOCK",
        (locks ? "failed to try acquiring lock: " : "failed to release lock: ") + std::string(why));
}

}  // namespace quorumlock::sim
