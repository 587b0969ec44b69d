// What other users of the machine see of this process's arguments.
#pragma once

namespace quorumlock::cli {

/// Overwrites, in the process's own memory, what stands between "://" and "@" in every URI of an
/// argument by "***", so that /proc/PID/cmdline and ps show no password. Until main() has come
/// here they do. Copies made before keep what was there.
void hide_user_info(int argc, char** argv) noexcept;

}  // namespace quorumlock::cli
