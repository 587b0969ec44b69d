// A loopback port nobody listens on, below the range from which the kernel takes the local ports
// of outgoing connections: a test's own connects cannot take it meanwhile.
#pragma once

#include <cstdint>

namespace quorumlock::testing {

/// Another process may still take it before the caller does: bind, and ask again if that failed.
std::uint16_t free_port();

}  // namespace quorumlock::testing
