// Names of hosts that a test gives and takes away.
#pragma once

#include <string>

namespace quorumlock::testing::faults {

/// From now on `hosts` is /etc/hosts for this thread and the processes that it starts, and names
/// are looked up there only. Throws Skip where the kernel allows no mount namespace. The thread
/// must not go back to other work.
void look_names_up_in(const std::string& hosts);

}  // namespace quorumlock::testing::faults
