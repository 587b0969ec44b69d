#include "lib/nodes/dapr_messages.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "lib/base/utf8.h"
#include "lib/nodes/redis_errors.h"

namespace quorumlock::nodes::dapr {

namespace {

using nlohmann::json;

constexpr std::size_t kMostSaid = 300;
constexpr std::string_view kComponentAdvice =
    "correct the sidecar's lock component: redisHost, redisUsername, redisPassword";
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;

/// The other end's bytes as part of one line, without our secrets.
std::string printable(std::string_view said, const Context& context) {
    std::string text(said);
    for (const std::string& secret : context.secrets) {
        if (secret.empty()) continue;
        for (std::size_t at = 0; (at = text.find(secret, at)) != text.npos; at += 3) {
            text.replace(at, secret.size(), "***");
        }
    }
    text.resize(std::min(text.size(), kMostSaid));
    // Cut within a character, or no text at all.
    if (!is_utf8(text)) {
        std::replace_if(
            text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
            '?');
    }
    return one_line(text);
}

std::string member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string text_of(const json& object) {
    // Names are text (rule D1): nothing is ever replaced, and nothing ever thrown.
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

json parse(std::string_view body) { return json::parse(body, nullptr, false); }

/// {"errorCode", "message"}, or the bare text that some errors are.
struct Said {
    std::string code, message;
    std::string text(int status, const Context& context) const {
        std::string all = std::to_string(status);
        if (!code.empty()) all += " " + printable(code, context);
        if (!message.empty()) all += (code.empty() ? " " : ": ") + printable(message, context);
        return all;
    }
};

Said said_by(const env::HttpAnswer& answer) {
    const json body = parse(answer.body);
    if (!body.is_object()) return {"", std::string(answer.body)};
    Said said{member(body, "errorCode"), member(body, "message")};
    if (said.code.empty() && said.message.empty()) said.message = answer.body;
    return said;
}

/// What Redis itself said, inside the sidecar's message: "failed to try acquiring lock: OOM ...".
std::optional<std::string_view> words_of_redis(std::string_view message) {
    for (;;) {
        if (message.starts_with("ERR ") || classify(message).what != ServerError::other) {
            return message;
        }
        const auto colon = message.find(": ");
        if (colon == message.npos) return std::nullopt;
        message.remove_prefix(colon + 2);
    }
}

Reply without_answer(const env::HttpAnswer& answer, const Context& context) {
    const std::string text = std::string(answer.why) + " (" + context.where + ")";
    Reply reply;
    reply.answered = false;
    if (!answer.may_be_sent) {
        reply.outcome = Outcome::failed;
        reply.cause = {CauseClass::unreachable, text};
    } else {
        reply.cause = {answer.timed_out ? CauseClass::silent : CauseClass::broken, text};
    }
    return reply;
}

Reply not_understood(const env::HttpAnswer& answer, const Context& context) {
    Reply reply;
    reply.cause = {CauseClass::broken, std::to_string(answer.status) + " that is not understood" +
                                           (answer.cut ? " and is too long" : "") + ": " +
                                           printable(answer.body.substr(0, 100), context) +
                                           " (is this a Dapr sidecar's HTTP port? " +
                                           context.where + ")"};
    return reply;
}

Reply rejected(std::string text, const char* advice) {
    Reply reply;
    reply.outcome = Outcome::failed;  // Rule D3: told before the store is asked
    reply.cause = {CauseClass::rejected, std::move(text) + " (" + advice + ")"};
    return reply;
}

const char* advice_for_rejected(int status, const std::string& code) {
    if (status == kUnauthorized || status == kForbidden) {
        return "give this node the sidecar's API token: ?token_env=, ?token_file= or "
               "DAPR_API_TOKEN";
    }
    if (code == "ERR_LOCK_STORE_NOT_FOUND") {
        return "name one of the sidecar's lock components in the node URI";
    }
    if (code == "ERR_LOCK_STORE_NOT_CONFIGURED") {
        return "give the sidecar a component of type lock.*";
    }
    if (status == kNotFound) return "is this a Dapr sidecar's HTTP port, with the lock API on?";
    return "the sidecar does not take what this version of quorumlock asks";
}

/// An answer that is neither what was asked for nor success.
Reply error_of(const env::HttpAnswer& answer, const Context& context) {
    const Said said = said_by(answer);
    std::string text = said.text(answer.status, context);
    const bool asked_in_vain = answer.status >= 400 && answer.status < 500;
    if (asked_in_vain || said.code == "ERR_LOCK_STORE_NOT_CONFIGURED") {
        return rejected(std::move(text), advice_for_rejected(answer.status, said.code));
    }
    if (answer.status < 500) return not_understood(answer, context);
    // Rule D3: the sidecar's Redis client repeats commands, so an error may follow a lock that
    // was set.
    Reply reply;
    if (const auto words = words_of_redis(said.message)) {
        const ErrorMeaning& meaning = classify(*words);
        reply.store_spoke = true;
        reply.pointless = meaning.what == ServerError::wrongtype;
        const std::string_view advice =
            meaning.kind == CauseClass::rejected ? kComponentAdvice : meaning.advice;
        if (!advice.empty()) text += " (" + std::string(advice) + ")";
        reply.cause = {meaning.kind, std::move(text)};
    } else {
        reply.cause = {CauseClass::unreachable,
                       std::move(text) +
                           " (its lock store does not answer: look at that Redis and "
                           "at the component's redisHost)"};
    }
    return reply;
}

}  // namespace

std::int64_t whole_seconds(Nanos ttl) noexcept {
    return std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(ttl).count(), 1);
}

std::string target(std::string_view verb, std::string_view store) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string text = "/v1.0-alpha1/" + std::string(verb) + "/";
    for (const char c : store) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= 'A' && byte <= 'Z') || c == '-' || c == '_' || c == '.';
        if (plain) {
            text += c;
        } else {
            text += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return text;
}

std::string lock_body(std::string_view resource, const Token& token, Nanos ttl) {
    return text_of({{"resourceId", resource},
                    {"lockOwner", token.view()},
                    {"expiryInSeconds", whole_seconds(ttl)}});
}

std::string unlock_body(std::string_view resource, const Token& token) {
    return text_of({{"resourceId", resource}, {"lockOwner", token.view()}});
}

Reply read_lock_answer(const env::HttpAnswer& answer, const Context& context) {
    if (answer.status == 0) return without_answer(answer, context);
    if (answer.status != 200) return error_of(answer, context);
    const json body = parse(answer.body);
    const auto success = body.is_object() ? body.find("success") : body.end();
    if (answer.cut || success == body.end() || !success->is_boolean()) {
        return not_understood(answer, context);
    }
    Reply reply;
    reply.outcome = success->get<bool>() ? Outcome::granted : Outcome::refused;
    reply.store_spoke = true;
    return reply;
}

Reply read_unlock_answer(const env::HttpAnswer& answer, const Context& context) {
    if (answer.status == 0) return without_answer(answer, context);
    if (answer.status != 200) return error_of(answer, context);
    const json body = parse(answer.body);
    const auto status = body.is_object() ? body.find("status") : body.end();
    if (answer.cut || status == body.end() || !status->is_number_integer()) {
        return not_understood(answer, context);
    }
    Reply reply;
    reply.store_spoke = true;
    if (*status == 0) {
        reply.outcome = Outcome::released;
    } else if (*status == 1) {
        reply.outcome = Outcome::absent;
    } else if (*status == 2) {
        reply.outcome = Outcome::taken;
    } else {
        return not_understood(answer, context);
    }
    return reply;
}

Cause read_health(const env::HttpAnswer& answer, const Context& context) {
    if (answer.status == 0) {
        return {
            answer.may_be_sent && !answer.timed_out ? CauseClass::broken : CauseClass::unreachable,
            std::string(answer.why) + " (" + context.where + ")"};
    }
    if (answer.status == 200 || answer.status == 204) return {};
    const std::string text = said_by(answer).text(answer.status, context);
    if (answer.status < 500) {
        return {CauseClass::rejected, "/v1.0/healthz answers " + text +
                                          " (is this a Dapr sidecar's HTTP port? " + context.where +
                                          ")"};
    }
    return {CauseClass::busy, "the sidecar is not ready: " + text};
}

Metadata read_metadata(const env::HttpAnswer& answer, std::string_view store,
                       const Context& context) {
    Metadata metadata;
    if (answer.status == kUnauthorized || answer.status == kForbidden) {
        metadata.refused = error_of(answer, context).cause;
        return metadata;
    }
    const json body = parse(answer.body);
    if (answer.status != 200 || answer.cut || !body.is_object()) return metadata;
    metadata.app_id = printable(member(body, "id"), context);
    metadata.version = printable(member(body, "runtimeVersion"), context);
    const auto components = body.find("components");
    if (components == body.end() || !components->is_array()) return metadata;
    std::string locks;
    for (const json& component : *components) {
        if (!component.is_object() || !member(component, "type").starts_with("lock.")) continue;
        const std::string name = member(component, "name");
        if (name == store) return metadata;
        locks += (locks.empty() ? "" : ", ") + printable(name, context);
    }
    metadata.note = "the sidecar has no lock component " + std::string(store) +
                    (locks.empty() ? ", nor any other" : "; it has " + locks);
    return metadata;
}

}  // namespace quorumlock::nodes::dapr
