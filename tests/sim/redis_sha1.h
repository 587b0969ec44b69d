#pragma once

#include <string>
#include <string_view>

namespace quorumlock::sim {

/// The SHA-1 of the bytes, 40 lower-case hex digits: what scripts go by.
std::string sha1_hex(std::string_view bytes);

}  // namespace quorumlock::sim
