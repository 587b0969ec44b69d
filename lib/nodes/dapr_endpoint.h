// Where a Dapr sidecar listens: what the node URI leaves open, the environment tells, as Dapr sets
// it for an application beside its sidecar.
#pragma once

#include <string>

#include <quorumlock/cause.h>

#include "lib/env/env.h"
#include "lib/nodes/node_uri.h"

namespace quorumlock::nodes {

/// Fills host, port and a label that is not given, from DAPR_HTTP_ENDPOINT, else DAPR_HTTP_PORT,
/// else 127.0.0.1:3500. Class none, or why the environment cannot be followed.
Cause complete_dapr_uri(NodeUri& uri, env::Env& env);

/// The sidecar's API token: as the URI says, else DAPR_API_TOKEN, else empty. False: the URI's
/// source cannot be read, and `why` says so.
bool read_dapr_token(const NodeUri& uri, env::Env& env, std::string& token, Cause& why);

}  // namespace quorumlock::nodes
