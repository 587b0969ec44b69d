// Where a node's password or token comes from.
#pragma once

#include <string>

#include <quorumlock/cause.h>

#include "lib/env/env.h"
#include "lib/nodes/node_uri.h"

namespace quorumlock::nodes {

/// Reads the secret: the URI's own, else its file's first line, else its variable. Empty: there
/// is none. False: it could not be read, and `why` says so without showing it.
bool read_secret(const NodeUri& uri, env::Env& env, std::string& secret, Cause& why);

}  // namespace quorumlock::nodes
