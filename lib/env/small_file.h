// What passwords and certificates are read from. Not on the hot path: called at each (re)connect.
#pragma once

#include <cstddef>
#include <string>

#include "lib/env/env.h"

namespace quorumlock::env {

inline constexpr std::size_t kSmallFileBytes = 64 * 1024;

/// A regular file of up to `limit` bytes; anything else is answered with `why`.
FileContent read_small_file(const std::string& path, std::size_t limit = kSmallFileBytes);
/// An environment variable; unset is answered with `why`, set and empty is ok.
FileContent read_variable(const std::string& name);

}  // namespace quorumlock::env
