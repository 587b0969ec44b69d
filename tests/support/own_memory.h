// Whether a process has as much memory as it has asked for.
#pragma once

namespace quorumlock::testing {

// The address sanitizer keeps freed memory for a while: a process grows whatever we do.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kMemoryIsOurs = false;
#elif defined(__has_feature)
inline constexpr bool kMemoryIsOurs = !__has_feature(address_sanitizer);
#else
inline constexpr bool kMemoryIsOurs = true;
#endif

}  // namespace quorumlock::testing
