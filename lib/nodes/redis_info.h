// The lines of an INFO reply, and the oldest server that we can work with.
#pragma once

#include <cstdint>
#include <string_view>

namespace quorumlock::nodes {

/// The value of `key:value`; empty when it is not there.
std::string_view info_field(std::string_view info, std::string_view key);
/// The same as a whole number of at least 0; `otherwise` when it is none.
std::int64_t info_number(std::string_view info, std::string_view key, std::int64_t otherwise);

/// At least 6.2: what the scripts and CLIENT KILL ID rely on. Unreadable ones are let pass.
bool new_enough(std::string_view version);

}  // namespace quorumlock::nodes
