// What is said to a Dapr sidecar, and what its answers mean for a vote: pure functions, the only
// ones that read or write JSON. Section "A Dapr sidecar" of docs/protocol.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/cause.h>
#include <quorumlock/node.h>
#include <quorumlock/token.h>

#include "lib/env/http.h"

namespace quorumlock::nodes::dapr {

/// The lock API counts whole seconds: rounded up. Rule D2.
std::int64_t whole_seconds(Nanos ttl) noexcept;
/// "/v1.0-alpha1/lock/STORE" or ".../unlock/STORE".
std::string target(std::string_view verb, std::string_view store);
std::string lock_body(std::string_view resource, const Token& token, Nanos ttl);
std::string unlock_body(std::string_view resource, const Token& token);

/// What an answer means.
struct Reply {
    Outcome outcome = Outcome::unknown;
    Cause cause{};         ///< Of failed and unknown.
    bool answered = true;  ///< By the sidecar; false: no connection, or it broke, or silence.
    /// Its lock store answered, if only by an error of its own; false: nothing was heard of it.
    bool store_spoke = false;
    /// unlock: the key is no lock of ours, so there is nothing to undo and asking again is no use.
    bool pointless = false;
};

/// `where`: for messages. `secrets` are struck out of whatever the other end said.
struct Context {
    std::string where;
    std::vector<std::string> secrets{};
};
Reply read_lock_answer(const env::HttpAnswer& answer, const Context& context);
Reply read_unlock_answer(const env::HttpAnswer& answer, const Context& context);

/// GET /v1.0/healthz. Class none: it is well.
Cause read_health(const env::HttpAnswer& answer, const Context& context);

/// GET /v1.0/metadata: what a sidecar tells of itself, as far as it does.
struct Metadata {
    Cause refused;  ///< It wants another token; else class none.
    std::string app_id, version;
    std::string note;  ///< What looks wrong, e.g. that the store is not among its components.
};
Metadata read_metadata(const env::HttpAnswer& answer, std::string_view store,
                       const Context& context);

}  // namespace quorumlock::nodes::dapr
